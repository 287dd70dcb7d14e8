// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/matrix/residual.hpp>
#include <xunmix/matrix/row_reader.hpp>
#include <xunmix/matrix/row_source.hpp>
#include <xunmix/matrix/summary.hpp>
#include <xunmix/matrix/sweep.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/entry_weights.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// X whose rows a row_supply hands out, in whatever type and order they were measured.
///
/// "Stored rows" are the contiguous direction's other side: positions for a row-major X, channels
/// for a column-major one (positions last in the tensor). A sweep runs over stored rows. All
/// products are sums over fixed blocks of stored rows, added in a fixed order: the same bits for
/// any number of threads. Const access is safe from several threads at once, each with a workspace
/// of its own.
template <row_supply Rows>
class row_matrix
{
  public:
    using value_type = typename Rows::value_type;
    using factor_type = factor_value_t<value_type>;
    using T = value_type;
    using F = factor_type;

    using workspace = sweep_workspace<F>;

    /// Reads X once, for summary(). `threads` limits that read.
    explicit row_matrix(Rows rows, std::size_t threads = 0)
        : blocks_(std::move(rows))
        , summary_(summarize(blocks_.rows(), threads))
    {
    }

    /// n and m, masked places included.
    std::size_t rows() const
    {
        return shape().positions.size();
    }
    std::size_t cols() const
    {
        return shape().channels.size();
    }
    /// |X|^2 over the unmasked elements.
    double squared_norm() const
    {
        return summary_.squared_norm;
    }
    const data_summary& summary() const
    {
        return summary_;
    }
    const unfolding& shape() const
    {
        return blocks_.rows().shape();
    }
    /// The factor whose rows a sweep visits: the maps, or the components of a column-major X.
    side sweep_side() const
    {
        return blocks_.rows().stored_side();
    }

    /// out = X S (n x k). One read of X.
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        product(S, out, side::maps, work);
    }
    /// out = X^T C (m x k). One read of X.
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        product(C, out, side::components, work);
    }

    /// A whole iteration in one read of X. With P the swept factor (the maps for a row-major X), O
    /// the other: for each block of rows of P, visit(first_row, block, worker) gets X_b O in
    /// `block` and leaves the new rows P_b there (to keep them in P is the visitor's business);
    /// afterwards product = X^T P (rows of O x k). Blocks are visited concurrently, each by one of
    /// the workers 0 ... threads - 1. A masked row gets zeros and is not summed. Of one interleaved
    /// group of blocks where that is asked for.
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work, interleaving which = {}) const
    {
        sweep_loop(blocks_, pass::both, O.rank(), work, which)(O, visit, product);
    }

    static constexpr std::size_t read_chunks = detail::read_chunks;

    /// visit(rows) for all stored rows that are not masked, a few at a time, as numbers of type F:
    /// for losses that need each element. Groups of one chunk come one after the other, in
    /// ascending order; chunks come concurrently, and are the same for any number of threads.
    void read(row_visitor<F> visit, workspace& work) const
    {
        const detail::row_reader reader(blocks_);
        reader(visit, work);
    }

    /// sum w_i v_c (X - C S^T)_ic^2 over the unmasked elements, summed in double from the elements
    /// themselves; all weights 1 where `weights` is null. Factors of rank 0 give the norm of X.
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                 const entry_weights* weights = nullptr) const
    {
        const bool by_row = sweep_side() == side::maps;
        const auto P = by_row ? C : S, O = by_row ? S : C;
        const block_plan plan = blocks_.plan(O.rank());
        const auto ranges = detail::kept_ranges(blocks_.across());
        const std::size_t room = plan.block * O.rank(), threads = thread_count(work.threads),
                          fetched = blocks_.fetched_bytes(plan);
        double* sums = work.totals.get(plan.chunks);
        double* coefficients = work.coefficients.get(room * threads);
        std::byte* rows = fetched ? work.fetched.get(fetched * threads) : nullptr;
        parallel_for(plan.chunks, work.threads,
                     [&](std::size_t chunk, std::size_t worker)
                     {
                         const auto [first, last] = plan.chunk_blocks(chunk);
                         sums[chunk] = 0;
                         for (std::size_t b = first; b < last; ++b)
                             sums[chunk] += block_residual(P, plan.first_row(b),
                                                           plan.block_rows(plan.first_row(b)), O,
                                                           ranges, coefficients + worker * room,
                                                           rows + worker * fetched, weights);
                     });
        return std::accumulate(sums, sums + plan.chunks, 0.0);
    }

  private:
    /// X or X^T times a factor: a pass that only forms the products, or only sums them.
    void product(factor_ref<const F> factor, factor_ref<F> out, side rows_of_out,
                 workspace& work) const
    {
        if (rows_of_out == sweep_side())
        {
            auto keep = [&](std::size_t first, factor_ref<F> block, std::size_t)
            { copy_factor(block, out.block(first, block.rows())); };
            sweep_loop(blocks_, pass::form, factor.rank(), work)(factor, keep, {});
        }
        else
        {
            auto give = [&](std::size_t first, factor_ref<F> block, std::size_t)
            { copy_factor(factor.block(first, block.rows()), block); };
            sweep_loop(blocks_, pass::sum, factor.rank(), work)({}, give, out);
        }
    }

    /// Weighted |X_b - P_b O^T|^2 of `block` stored rows from `first` on.
    double block_residual(factor_ref<const F> P, std::size_t first, std::size_t block,
                          factor_ref<const F> O, kernels::column_ranges ranges,
                          double* coefficients, std::byte* room, const entry_weights* weights) const
    {
        const T* rows[block_plan::max_rows] = {};
        double sums[block_plan::max_rows] = {}, row_weights[block_plan::max_rows] = {};
        std::size_t count = 0;
        for (std::size_t i = first; i < first + block; ++i)
            if (blocks_.stored().keeps(i))
            {
                rows[count] = blocks_.row(i, count, room);
                row_weights[count] = weights ? weights->of(sweep_side())[i] : 1;
                for (std::size_t j = 0; j < P.rank(); ++j)
                    coefficients[count * P.rank() + j] = static_cast<double>(P(i, j));
                ++count;
            }
        const double* column_weights = weights ? weights->of(other(sweep_side())).data() : nullptr;
        kernels::residual_rows<T, F>(rows, count, ranges, O, coefficients, column_weights, sums);
        return std::inner_product(sums, sums + count, row_weights, 0.0);
    }

    row_blocks<Rows> blocks_;
    data_summary summary_;
};
}
