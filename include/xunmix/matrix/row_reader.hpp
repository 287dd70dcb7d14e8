// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/function_ref.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// Hands out the rows of a matrix of T as numbers of type F, see dense::read.
template <class T, class F>
class row_reader
{
  public:
    /// `row(i)` is where row i of `places` begins; each has `width` numbers.
    row_reader(function_ref<const T*(std::size_t)> row, const grid& places, std::size_t width)
        : row_(row)
        , places_(places)
        , width_(width)
    {
    }

    void operator()(row_visitor<F> visit, buffer<F>& room, std::size_t threads) const
    {
        F* converted =
            std::is_same_v<T, F> ? nullptr : room.get(most * width_ * thread_count(threads));
        parallel_for(read_chunks, threads,
                     [&](std::size_t chunk, std::size_t worker)
                     { read_chunk(chunk, worker, visit, converted); });
    }

  private:
    static constexpr std::size_t most = row_group<F>::most;

    void read_chunk(std::size_t chunk, std::size_t worker, row_visitor<F> visit, F* converted) const
    {
        const std::size_t groups = (places_.size() + most - 1) / most,
                          last = (chunk + 1) * groups / read_chunks * most;
        row_group<F> group{.chunk = chunk, .worker = worker};
        for (std::size_t i = chunk * groups / read_chunks * most;
             i < std::min(last, places_.size()); ++i)
        {
            if (!places_.keeps(i))
                continue;
            group.rows[group.count] = i;
            group.values[group.count] =
                as_factor_type(row_(i), converted, worker * most + group.count);
            if (++group.count == most)
            {
                visit(group);
                group.count = 0;
            }
        }
        if (group.count > 0)
            visit(group);
    }

    /// A row as it is, or converted to row `place` of `converted`.
    const F* as_factor_type(const T* row, F* converted, std::size_t place) const
    {
        if constexpr (std::is_same_v<T, F>)
            return row;
        else
        {
            F* const room = converted + place * width_;
            for (std::size_t c = 0; c < width_; ++c)
                room[c] = static_cast<F>(row[c]);
            return room;
        }
    }

    function_ref<const T*(std::size_t)> row_;
    const grid& places_;
    std::size_t width_;
};
}
