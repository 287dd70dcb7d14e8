// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/matrix/kernels.hpp>
#include <xunmix/matrix/panels.hpp>
#include <xunmix/matrix/sweep.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// The stored rows of an X whose numbers of one row lie side by side: where they are, or how to get
/// them.
///
///   shape()            how X was unfolded
///   stored_side()      the side whose places are the stored rows: the maps, or the components of a
///                      column-major X
///   in_place           whether row() needs no room: the rows lie in memory
///   row(i, room)       row i, where it lies or written to `room`, which holds one row
///
/// All are const; row() is called from several threads at once.
template <class R>
concept row_supply = requires(const R& r, typename R::value_type* room)
{
    {
        r.shape()
        } -> std::convertible_to<const unfolding&>;
    {
        r.stored_side()
        } -> std::convertible_to<side>;
    {
        R::in_place
        } -> std::convertible_to<bool>;
    {
        r.row(std::size_t{}, room)
        } -> std::convertible_to<const typename R::value_type*>;
};

/// Such rows as blocks, with the kernels that multiply them: a block_source.
template <row_supply Rows>
class row_blocks
{
  public:
    using value_type = typename Rows::value_type;
    using factor_type = factor_value_t<value_type>;
    using T = value_type;
    using F = factor_type;

    struct block
    {
        const T* rows[block_plan::max_rows] = {};
        const T* ahead[block_plan::max_rows] = {}; ///< of the block that follows
        std::size_t count = 0;
        bool more = false;

        kernels::row_block<T> view() const
        {
            return {rows, count, more ? ahead : nullptr};
        }
    };

    explicit row_blocks(Rows rows)
        : rows_(std::move(rows))
        , panels_(across().size(), across().keep)
    {
    }

    const Rows& rows() const
    {
        return rows_;
    }
    const grid& stored() const
    {
        return rows_.shape().of(rows_.stored_side());
    }
    /// The grid of the numbers of one row.
    const grid& across() const
    {
        return rows_.shape().of(other(rows_.stored_side()));
    }
    std::size_t width() const
    {
        return across().size();
    }

    block_plan plan(std::size_t rank) const
    {
        return block_plan::of(stored().size(), width() * sizeof(T), packed_size(rank) * sizeof(F),
                              rank);
    }
    std::size_t packed_size(std::size_t rank) const
    {
        return panels_.panels() * panel_plan::width * rank;
    }
    void pack(factor_ref<const F> O, F* packed, std::size_t threads) const
    {
        kernels::pack(O, panels_.panels(), packed, threads);
    }
    std::size_t fetched_bytes(const block_plan& plan) const
    {
        return Rows::in_place ? 0 : plan.block * width() * sizeof(T);
    }
    block ready(const live_rows& live, std::byte* room) const
    {
        block out;
        out.count = live.count;
        for (std::size_t r = 0; r < live.count; ++r)
            out.rows[r] = row(live.first + live.at[r], r, room);
        if constexpr (Rows::in_place)
        {
            out.more = live.next != live_rows::none;
            const std::size_t rows = stored().size();
            for (std::size_t r = 0; out.more && r < live.count; ++r)
                out.ahead[r] = rows_.row(std::min(live.next + r, rows - 1), nullptr);
        }
        return out;
    }
    /// Row i, fetched to place `at` of the room where it does not lie in memory.
    const T* row(std::size_t i, std::size_t at, std::byte* room) const
    {
        if constexpr (Rows::in_place)
            return rows_.row(i, nullptr);
        else
            return rows_.row(i, reinterpret_cast<T*>(room) + at * width());
    }
    void form(const block& b, const F* packed, std::size_t rank, F* out, std::size_t stride,
              simd::pack<F>* registers) const
    {
        kernels::dot_rows<T, F>(b.view(), panels_, packed, rank, out, stride, registers);
    }
    void add(const block& b, const F* coefficients, std::size_t rank, F* sums,
             bool from_memory) const
    {
        kernels::accumulate_rows<T, F>(b.view(), panels_, coefficients, rank, sums, from_memory);
    }
    void reduce(const F* sums, std::size_t chunks, factor_ref<F> product, std::size_t threads) const
    {
        constexpr std::size_t L = panel_plan::width, batch = 32;
        const std::size_t rank = product.rank(), size = packed_size(rank),
                          panels = panels_.panels();
        parallel_for(
            (panels + batch - 1) / batch, threads,
            [&](std::size_t group, std::size_t)
            {
                for (std::size_t p = group * batch; p < std::min(panels, (group + 1) * batch); ++p)
                    kernels::for_each_pack<F>(
                        rank, p, panels,
                        [&](std::size_t j, std::size_t at)
                        {
                            double total[L] = {};
                            for (std::size_t c = 0; c < chunks; ++c)
                                for (std::size_t l = 0; l < L; ++l)
                                    total[l] += static_cast<double>(sums[c * size + at + l]);
                            for (std::size_t l = 0; l < std::min(L, product.rows() - p * L); ++l)
                                product(p * L + l, j) = static_cast<F>(total[l]);
                        });
            });
    }

  private:
    using panel_plan = kernels::panel_plan<F>;

    Rows rows_;
    panel_plan panels_;
};
}
