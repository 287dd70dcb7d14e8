// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include <xunmix/core/error.hpp>
#include <xunmix/matrix/row_matrix.hpp>
#include <xunmix/model/grid.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// Rows that a function writes each time they are needed: a row_supply.
template <class T>
class called_rows
{
  public:
    using value_type = T;
    using writer = std::function<void(std::size_t, std::span<T>)>;
    static constexpr bool in_place = false;

    /// Throws invalid_argument for a grid without places and for a mask of another size.
    called_rows(grid positions, grid channels, writer write)
        : write_(std::move(write))
    {
        validate(positions, "positions");
        validate(channels, "channels");
        unfolding shape{.positions = std::move(positions), .channels = std::move(channels)};
        shape.axes.resize(shape.positions.shape.size() + shape.channels.shape.size());
        std::iota(shape.axes.begin(), shape.axes.end(), std::size_t{0});
        width_ = shape.channels.size();
        shape_ = std::make_shared<unfolding>(std::move(shape));
    }
    const unfolding& shape() const
    {
        return *shape_;
    }
    side stored_side() const
    {
        return side::maps;
    }
    const T* row(std::size_t i, T* room) const
    {
        write_(i, std::span<T>(room, width_));
        return room;
    }

  private:
    static void validate(const grid& places, const char* what)
    {
        detail::require<invalid_argument>(
            !places.shape.empty() && places.kept() > 0, "rows_from needs at least one of the ",
            what, ", unmasked; got the shape ", detail::shape_text(places.shape));
        detail::require<invalid_argument>(
            places.keep.empty() || places.keep.size() == places.size(),
            "rows_from needs a mask with one entry a place, ", places.size(), " for the ", what,
            ", got ", places.keep.size());
    }

    std::shared_ptr<const unfolding> shape_;
    writer write_;
    std::size_t width_ = 0;
};

/// X from a function, where it does not lie in memory as it should be: in a camera's ring buffer,
/// in another library's file, computed. write(position, row) writes the m numbers of one position;
/// for a masked one it is not called.
///
///   const auto x = rows_from<std::uint16_t>({{64, 64}}, {{128, 128}},
///                                           [&](std::size_t position, std::span<std::uint16_t>
///                                           row) { camera.copy(position, row.data()); });
///   factorize(x, {.rank = 7}, hals{}, ...);
///
/// The function is called for every row once a read of X, from at most `threads` threads at once
/// (options.threads in a factorization): it must allow that, or the threads are 1. It gives the
/// same numbers each time. One block of rows a thread is all the memory needed. Reads X once;
/// throws invalid_argument for a grid without places, and whatever the function throws.
template <class T, class Write>
row_matrix<called_rows<T>> rows_from(grid positions, grid channels, Write write,
                                     std::size_t threads = 0)
{
    return row_matrix<called_rows<T>>(
        called_rows<T>(std::move(positions), std::move(channels), std::move(write)), threads);
}
}
