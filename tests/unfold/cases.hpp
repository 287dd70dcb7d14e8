// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Tensors to unfold, every choice of position axes, and what X must then be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/unfold/unfold.hpp>

#include "../support.hpp"
#include "xtensor_views.hpp"

namespace cases
{
namespace xu = xunmix;
using sizes = std::vector<std::size_t>;

/// Fills a tensor with numbers that differ between neighbours, in its own order.
template <class E>
void number(E& e)
{
    using T = typename E::value_type;
    std::uint64_t i = 0;
    for (auto it = e.begin(); it != e.end(); ++it, ++i)
        if constexpr (std::is_same_v<T, bool>)
            *it = (i * 2654435761U >> 7) % 2 == 1;
        else
            *it = static_cast<T>((i * 13 + i / 7) % 120);
}

template <class T, xt::layout_type L = xt::layout_type::row_major>
xt::xarray<T, L> numbered(const sizes& shape)
{
    auto e = xt::xarray<T, L>::from_shape(shape);
    number(e);
    return e;
}

inline std::size_t product(const sizes& extents)
{
    return std::accumulate(extents.begin(), extents.end(), std::size_t{1}, std::multiplies<>{});
}

/// Every ordered choice of at least one and not all of `rank` axes.
inline std::vector<sizes> choices(std::size_t rank)
{
    std::vector<sizes> out;
    sizes order(rank);
    std::iota(order.begin(), order.end(), std::size_t{0});
    do
        for (std::size_t count = 1; count < rank; ++count)
            if (std::is_sorted(order.begin() + static_cast<std::ptrdiff_t>(count), order.end()))
                out.emplace_back(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
    while (std::next_permutation(order.begin(), order.end()));
    return out;
}

/// Where X's element (i, c) is in a tensor: one index an axis. i counts the positions in C order,
/// c the remaining axes.
struct places
{
    places(const sizes& tensor_shape, const sizes& position_axes)
        : shape(tensor_shape)
        , rows(position_axes)
    {
        for (std::size_t a = 0; a < shape.size(); ++a)
            if (std::find(rows.begin(), rows.end(), a) == rows.end())
                cols.push_back(a);
    }
    sizes extents(const sizes& axes) const
    {
        sizes out;
        for (std::size_t a : axes)
            out.push_back(shape[a]);
        return out;
    }
    sizes operator()(std::size_t i, std::size_t c) const
    {
        sizes at(shape.size());
        take_apart(i, rows, at);
        take_apart(c, cols, at);
        return at;
    }

    sizes shape, rows, cols;

  private:
    void take_apart(std::size_t number, const sizes& axes, sizes& at) const
    {
        for (std::size_t a = axes.size(); a-- > 0; number /= shape[axes[a]])
            at[axes[a]] = number % shape[axes[a]];
    }
};

template <class E>
sizes shape_of(const E& e)
{
    return sizes(e.shape().begin(), e.shape().end());
}

/// Whether u is X by plain indexing of `e`.
template <class T, class E>
bool agrees(const xu::unfolded<T>& u, const E& e, const sizes& axes)
{
    const places where(shape_of(e), axes);
    bool same = u.rows() == product(where.extents(where.rows)) &&
                u.cols() == product(where.extents(where.cols)) &&
                u.shape().positions.shape == where.extents(where.rows) &&
                u.shape().channels.shape == where.extents(where.cols) &&
                u.shape().positions.keep.empty() && u.shape().channels.keep.empty();
    for (std::size_t i = 0; same && i < u.rows(); ++i)
        for (std::size_t c = 0; c < u.cols(); ++c)
        {
            const auto at = where(i, c);
            same &= u(i, c) == static_cast<T>(e.element(at.begin(), at.end()));
        }
    return same;
}

/// Whether X can be read where `e` lies: found by looking at the address of every element. One
/// direction must be contiguous and the other's stride no shorter than a row, or column, is long.
template <class E>
bool lies_as_matrix(const E& e, const sizes& axes)
{
    const places where(shape_of(e), axes);
    const auto n = static_cast<std::ptrdiff_t>(product(where.extents(where.rows)));
    const auto m = static_cast<std::ptrdiff_t>(product(where.extents(where.cols)));
    const auto address = [&](std::ptrdiff_t i, std::ptrdiff_t c)
    {
        const auto at = where(static_cast<std::size_t>(i), static_cast<std::size_t>(c));
        return &e.element(at.begin(), at.end());
    };
    const auto* first = address(0, 0);
    const std::ptrdiff_t row = n > 1 ? address(1, 0) - first : m;
    const std::ptrdiff_t col = m > 1 ? address(0, 1) - first : n;
    for (std::ptrdiff_t i = 0; i < n; ++i)
        for (std::ptrdiff_t c = 0; c < m; ++c)
            if (address(i, c) - first != i * row + c * col)
                return false;
    return ((m == 1 || col == 1) && row >= m) || ((n == 1 || row == 1) && col >= n);
}

/// Checks what unfold makes of a named tensor, for every choice of axes: the right X, in place
/// exactly where that can be. Returns how many were in place.
template <class E>
std::size_t check_every_choice(const E& e)
{
    std::size_t in_place = 0;
    sizes origin(e.dimension(), 0);
    for (const auto& axes : choices(e.dimension()))
    {
        const auto u = xu::unfold(e, xu::positions(axes));
        INFO("axes ", xu::detail::shape_text(axes), " of ", xu::detail::shape_text(e.shape()));
        CHECK(agrees(u, e, axes));
        CHECK((u.row_stride() == 1 || u.column_stride() == 1));
        const bool viewed = u.data() == &e.element(origin.begin(), origin.end());
        CHECK(viewed == lies_as_matrix(e, axes));
        in_place += viewed;
    }
    return in_place;
}
}
