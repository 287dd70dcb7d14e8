// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/matrix/sweep.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// Hands out the rows of X as numbers of the factors' type, see row_matrix::read. `Blocks` is a
/// row_blocks.
template <class Blocks>
class row_reader
{
  public:
    using T = typename Blocks::value_type;
    using F = typename Blocks::factor_type;

    explicit row_reader(const Blocks& x)
        : x_(x)
        , width_(x.width())
    {
    }

    void operator()(row_visitor<F> visit, sweep_workspace<F>& work) const
    {
        const std::size_t threads = thread_count(work.threads), room = most * width_;
        const std::size_t bytes =
            x_.fetched_bytes({.rows = most, .block = most, .chunks = 1}) * threads;
        F* converted = std::is_same_v<T, F> ? nullptr : work.blocks.get(room * threads);
        std::byte* fetched = bytes ? work.fetched.get(bytes) : nullptr;
        parallel_for(read_chunks, work.threads,
                     [&](std::size_t chunk, std::size_t worker)
                     { read_chunk(chunk, worker, visit, converted, fetched); });
    }

  private:
    static constexpr std::size_t most = row_group<F>::most;

    void read_chunk(std::size_t chunk, std::size_t worker, row_visitor<F> visit, F* converted,
                    std::byte* fetched) const
    {
        const grid& places = x_.stored();
        const std::size_t groups = (places.size() + most - 1) / most,
                          last = (chunk + 1) * groups / read_chunks * most;
        row_group<F> group{.chunk = chunk, .worker = worker};
        for (std::size_t i = chunk * groups / read_chunks * most; i < std::min(last, places.size());
             ++i)
        {
            if (!places.keeps(i))
                continue;
            const std::size_t at = worker * most + group.count;
            group.rows[group.count] = i;
            group.values[group.count] = as_factor_type(x_.row(i, at, fetched), converted, at);
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

    const Blocks& x_;
    std::size_t width_;
};
}
