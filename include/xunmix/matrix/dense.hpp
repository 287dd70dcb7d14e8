// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/matrix/kernels.hpp>
#include <xunmix/matrix/residual.hpp>
#include <xunmix/matrix/row_reader.hpp>
#include <xunmix/matrix/summary.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/entry_weights.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// The memory the verbs of dense need; grows at first use, is reused afterwards.
template <class F>
struct dense_workspace
{
    std::size_t threads = 0;           ///< at most so many; 0: what OpenMP takes
    buffer<F> packed{};                ///< the narrow factor in panels
    buffer<F> sums{};                  ///< a packed product a chunk
    buffer<double> totals{};           ///< a number a chunk
    buffer<double> coefficients{};     ///< one block's rows of the swept factor a thread
    buffer<F> blocks{};                ///< two blocks of the swept factor a thread
    buffer<simd::pack<F>> registers{}; ///< sums of one block of products a thread
};

/// X in memory, in whatever type and order it was measured, read in place.
///
/// "Stored rows" are the contiguous direction's other side: positions for a row-major X, channels
/// for a column-major one (positions last in the tensor). A sweep runs over stored rows. All
/// products are sums over fixed blocks of stored rows, added in a fixed order: the same bits for
/// any number of threads. Const access is safe from several threads at once, each with a workspace
/// of its own.
template <class T>
class dense
{
  public:
    using value_type = T;
    using factor_type = factor_value_t<T>;
    using F = factor_type;

    using workspace = dense_workspace<F>;

    /// Reads X once, for summary(). `threads` limits that read.
    explicit dense(unfolded<T> x, std::size_t threads = 0)
        : x_(std::move(x))
        , summary_(summarize(x_, threads))
        , plan_(stored(other(sweep_side())).size(), stored(other(sweep_side())).keep)
    {
    }

    /// n and m, masked places included.
    std::size_t rows() const
    {
        return x_.rows();
    }
    std::size_t cols() const
    {
        return x_.cols();
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
        return x_.shape();
    }
    /// The factor whose rows a sweep visits: the maps, or the components of a column-major X.
    side sweep_side() const
    {
        return x_.is_row_major() ? side::maps : side::components;
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
    /// the workers 0 ... threads - 1. A masked row gets zeros and is not summed.
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work) const
    {
        pass(does::both, O, O.rank(), visit, product, work);
    }

    static constexpr std::size_t read_chunks = detail::read_chunks;

    /// visit(rows) for all stored rows that are not masked, a few at a time, as numbers of type F:
    /// for losses that need each element. Groups of one chunk come one after the other, in
    /// ascending order; chunks come concurrently, and are the same for any number of threads.
    void read(row_visitor<F> visit, workspace& work) const
    {
        auto row = [&](std::size_t i) { return stored_row(i); };
        detail::row_reader<T, F>(row, stored(sweep_side()), plan_columns())(visit, work.blocks,
                                                                            work.threads);
    }

    /// sum w_i v_c (X - C S^T)_ic^2 over the unmasked elements, summed in double from the elements
    /// themselves; all weights 1 where `weights` is null. Factors of rank 0 give the norm of X.
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                 const entry_weights* weights = nullptr) const
    {
        const bool by_row = x_.is_row_major();
        const auto P = by_row ? C : S, O = by_row ? S : C;
        const std::size_t rank = O.rank(), chunks = chunk_count(rank), rows = block_rows(rank);
        const auto ranges = detail::kept_ranges(stored(other(sweep_side())));
        double* sums = work.totals.get(chunks);
        double* coefficients = work.coefficients.get(rows * rank * thread_count(work.threads));
        parallel_for(chunks, work.threads,
                     [&](std::size_t chunk, std::size_t worker)
                     {
                         const auto [first, last] = chunk_rows(chunk, rank);
                         double* mine = coefficients + worker * rows * rank;
                         sums[chunk] = 0;
                         for (std::size_t b = first; b < last; b += rows)
                             sums[chunk] += block_residual(P, b, std::min(rows, last - b), O,
                                                           ranges, mine, weights);
                     });
        return std::accumulate(sums, sums + chunks, 0.0);
    }

  private:
    static constexpr std::size_t block_bytes = 1024 * 1024, max_block_rows = 120;
    static_assert(max_block_rows % kernels::row_quantum == 0);

    /// Stored rows visited at once, whole groups of the kernels. A block passes the narrow factor
    /// once and its sums once, so it is large, and larger with the rank; a small X still makes some
    /// blocks to share out.
    std::size_t block_rows(std::size_t rank) const
    {
        constexpr std::size_t quantum = kernels::row_quantum;
        const std::size_t wanted = std::min(
            std::max(block_bytes / (plan_columns() * sizeof(T) + 1), rank), stored_rows() / 16);
        return std::min(wanted / quantum * quantum + quantum, max_block_rows);
    }

    const grid& stored(side s) const
    {
        return x_.shape().of(s);
    }
    std::size_t plan_columns() const
    {
        return stored(other(sweep_side())).size();
    }
    std::size_t stored_rows() const
    {
        return stored(sweep_side()).size();
    }
    const T* stored_row(std::size_t i) const
    {
        return x_.data() + i * (x_.is_row_major() ? x_.row_stride() : x_.column_stride());
    }

    /// Size of one packed factor.
    std::size_t packed_size(std::size_t rank) const
    {
        return plan_.panels() * panel_plan::width * rank;
    }
    /// Chunks of stored rows, each summed for itself: enough for many threads while their sums stay
    /// below a hundredth of X, and in any case some that few threads can share evenly.
    std::size_t chunk_count(std::size_t rank) const
    {
        const std::size_t affordable = stored_rows() * plan_columns() * sizeof(T) / 100 /
                                       std::max<std::size_t>(1, packed_size(rank) * sizeof(F));
        const std::size_t block = block_rows(rank), blocks = (stored_rows() + block - 1) / block;
        return std::min(std::clamp<std::size_t>(affordable / 8 * 8, 8, 64), blocks);
    }
    std::pair<std::size_t, std::size_t> chunk_rows(std::size_t chunk, std::size_t rank) const
    {
        const std::size_t block = block_rows(rank), blocks = (stored_rows() + block - 1) / block;
        const std::size_t chunks = chunk_count(rank);
        return {chunk * blocks / chunks * block,
                std::min(stored_rows(), (chunk + 1) * blocks / chunks * block)};
    }

    F* pack(factor_ref<const F> O, workspace& work) const
    {
        F* packed = work.packed.get(packed_size(O.rank()));
        kernels::pack(O, plan_.panels(), packed, work.threads);
        return packed;
    }

    /// X or X^T times a factor: a pass that only forms the products, or only sums them.
    void product(factor_ref<const F> factor, factor_ref<F> out, side rows_of_out,
                 workspace& work) const
    {
        if (rows_of_out == sweep_side())
        {
            auto keep = [&](std::size_t first, factor_ref<F> block, std::size_t)
            { copy_factor(block, out.block(first, block.rows())); };
            pass(does::form, factor, factor.rank(), keep, {}, work);
        }
        else
        {
            auto give = [&](std::size_t first, factor_ref<F> block, std::size_t)
            { copy_factor(factor.block(first, block.rows()), block); };
            pass(does::sum, {}, factor.rank(), give, out, work);
        }
    }

    /// What a pass over X does: form block = X_b O before each visit; sum product = sum X_b^T P_b
    /// of what the visits leave.
    enum class does
    {
        form,
        sum,
        both
    };

    /// The one loop over X.
    void pass(does what, factor_ref<const F> O, std::size_t rank, block_visitor<F> visit,
              factor_ref<F> product, workspace& work) const
    {
        const bool forms = what != does::sum, adds_up = what != does::form;
        const F* packed = forms ? pack(O, work) : nullptr;
        const std::size_t chunks = chunk_count(rank), rows = block_rows(rank), room = rows * rank;
        work.totals.get(chunks); // all the room residual_squared_norm needs, so that an iteration
                                 // that comes to it later does not allocate
        work.coefficients.get(room * thread_count(work.threads));
        F* sums = adds_up ? work.sums.get(chunks * packed_size(rank)) : nullptr;
        F* blocks = work.blocks.get(2 * room * thread_count(work.threads));
        auto* registers = work.registers.get(room * thread_count(work.threads));
        parallel_for(chunks, work.threads,
                     [&](std::size_t chunk, std::size_t worker)
                     {
                         F* my_sums = adds_up ? sums + chunk * packed_size(rank) : nullptr;
                         if (adds_up)
                             std::fill_n(my_sums, packed_size(rank), F{0});
                         F* block = blocks + 2 * room * worker;
                         const auto [first, last] = chunk_rows(chunk, rank);
                         for (std::size_t b = first; b < last; b += rows)
                         {
                             const std::size_t count = std::min(rows, last - b);
                             const factor_ref<F> P(block, count, rank, rows, &stored(sweep_side()),
                                                   b);
                             visit_block(P, packed, visit, worker, block + room,
                                         registers + room * worker, my_sums);
                         }
                     });
        if (adds_up)
            reduce(sums, chunks, product, work.threads);
    }

    /// Forms the products of a block with `packed` unless that is null, and adds to `sums` unless
    /// that is.
    void visit_block(factor_ref<F> P, const F* packed, block_visitor<F> visit, std::size_t worker,
                     F* coefficients, simd::pack<F>* registers, F* sums) const
    {
        const std::size_t rank = P.rank(), next = P.first_row() + P.rows();
        const T *rows[max_block_rows] = {}, *ahead[max_block_rows] = {};
        std::size_t live[max_block_rows], count = 0;
        for (std::size_t i = 0; i < P.rows(); ++i)
            if (P.keeps(i))
            {
                rows[count] = stored_row(P.first_row() + i);
                live[count++] = i;
            }
        const bool more = next < stored_rows();
        for (std::size_t i = 0; more && i < count; ++i)
            ahead[i] = stored_row(std::min(next + i, stored_rows() - 1));
        const kernels::row_block<T> block{rows, count, more ? ahead : nullptr};
        if (packed)
        {
            kernels::dot_rows<T, F>(block, plan_, packed, rank, P.data(), P.stride(), registers);
            if (count < P.rows())
                spread(P, live, count);
        }
        visit(P.first_row(), P, worker);
        if (sums)
        {
            for (std::size_t r = 0; r < count; ++r)
                for (std::size_t j = 0; j < rank; ++j)
                    coefficients[r * rank + j] = P(live[r], j);
            kernels::accumulate_rows<T, F>(block, plan_, coefficients, rank, sums, !packed);
        }
    }

    /// Moves the products of the live rows from the front of the block to where they belong.
    static void spread(factor_ref<F> P, const std::size_t* live, std::size_t count)
    {
        for (auto column : P.columns())
        {
            std::size_t to = column.size();
            for (std::size_t r = count; r-- > 0;)
            {
                while (--to > live[r])
                    column[to] = F{0};
                column[to] = column[r];
            }
            std::fill_n(column.begin(), to, F{0});
        }
    }

    /// Adds up the chunks' sums in their order.
    void reduce(const F* sums, std::size_t chunks, factor_ref<F> product, std::size_t threads) const
    {
        constexpr std::size_t L = panel_plan::width, batch = 32;
        const std::size_t rank = product.rank(), size = packed_size(rank), panels = plan_.panels();
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

    /// Weighted |X_b - P_b O^T|^2 of `block` stored rows from `first` on.
    double block_residual(factor_ref<const F> P, std::size_t first, std::size_t block,
                          factor_ref<const F> O, kernels::column_ranges ranges,
                          double* coefficients, const entry_weights* weights) const
    {
        const T* rows[max_block_rows] = {};
        double sums[max_block_rows] = {}, row_weights[max_block_rows] = {};
        std::size_t count = 0;
        for (std::size_t i = first; i < first + block; ++i)
            if (stored(sweep_side()).keeps(i))
            {
                rows[count] = stored_row(i);
                row_weights[count] = weights ? weights->of(sweep_side())[i] : 1;
                for (std::size_t j = 0; j < P.rank(); ++j)
                    coefficients[count * P.rank() + j] = static_cast<double>(P(i, j));
                ++count;
            }
        const double* column_weights = weights ? weights->of(other(sweep_side())).data() : nullptr;
        kernels::residual_rows<T, F>(rows, count, ranges, O, coefficients, column_weights, sums);
        return std::inner_product(sums, sums + count, row_weights, 0.0);
    }

    using panel_plan = kernels::panel_plan<F>;

    unfolded<T> x_;
    data_summary summary_;
    panel_plan plan_;
};

template <class T>
dense(unfolded<T>) -> dense<T>;
template <class T>
dense(unfolded<T>, std::size_t) -> dense<T>;
}
