// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/matrix/panels.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// The memory that passes over X need; grows at first use, is reused afterwards.
template <class F>
struct sweep_workspace
{
    std::size_t threads = 0;           ///< at most so many; 0: what OpenMP takes
    buffer<F> packed{};                ///< the narrow factor as the kernels read it
    buffer<F> sums{};                  ///< a product a chunk
    buffer<double> totals{};           ///< a number a chunk
    buffer<double> coefficients{};     ///< one block's rows of the swept factor a thread
    buffer<F> blocks{};                ///< two blocks of the swept factor a thread
    buffer<simd::pack<F>> registers{}; ///< sums of one block of products a thread
    buffer<std::byte> fetched{};       ///< one block of rows a thread, where they are not in memory
};

/// How the stored rows of X are shared out, the same for any number of threads: a block is visited
/// at once, a chunk of blocks is summed for itself.
struct block_plan
{
    static constexpr std::size_t max_rows = 120;
    static_assert(max_rows % kernels::row_quantum == 0);

    std::size_t rows = 0;   ///< stored ones
    std::size_t block = 1;  ///< rows of one block
    std::size_t chunks = 0; ///< of blocks
    interleaving which{};   ///< of the blocks

    /// For rows of `row_bytes` and a factor whose product takes `sum_bytes`. A block passes the
    /// narrow factor once and its sums once, so it is large, and larger with the rank; a small X
    /// still makes some blocks to share out. Chunks are enough for many threads while their sums
    /// stay below a hundredth of X, and in any case some that few threads can share evenly.
    static block_plan of(std::size_t rows, std::size_t row_bytes, std::size_t sum_bytes,
                         std::size_t rank)
    {
        constexpr std::size_t block_bytes = 1024 * 1024, quantum = kernels::row_quantum;
        const std::size_t wanted =
            std::min(std::max(block_bytes / (row_bytes + 1), rank), rows / 16);
        block_plan plan{.rows = rows,
                        .block = std::min(wanted / quantum * quantum + quantum, max_rows)};
        const std::size_t affordable = rows * row_bytes / 100 / std::max<std::size_t>(1, sum_bytes);
        plan.chunks = std::min(std::clamp<std::size_t>(affordable / 8 * 8, 8, 64), plan.blocks());
        return plan;
    }
    /// The same for one of several groups of blocks. A group makes some blocks that two threads can
    /// share evenly, of rows that are worth a pass over the narrow factor; its sums are formed once
    /// a group, so there are few.
    block_plan of_group(interleaving group) const
    {
        constexpr std::size_t quantum = kernels::row_quantum, least = 2 * quantum, most_chunks = 4;
        block_plan plan = *this;
        if (group.groups > 1)
        {
            const std::size_t wanted = rows / (group.groups * 2 * most_chunks) / quantum * quantum;
            plan.block = std::min(block, std::max(wanted, least));
            plan.which = group;
            plan.chunks = std::min(most_chunks, plan.blocks());
        }
        return plan;
    }
    /// Of the group.
    std::size_t blocks() const
    {
        const std::size_t all = (rows + block - 1) / block;
        return (all + which.groups - 1 - which.group) / which.groups;
    }
    /// The first row of the group's block b; that of the first block beyond is not below `rows`.
    std::size_t first_row(std::size_t b) const
    {
        return (b * which.groups + which.group) * block;
    }
    std::size_t block_rows(std::size_t first) const
    {
        return std::min(block, rows - first);
    }
    /// The first block of a chunk and that of the next.
    std::pair<std::size_t, std::size_t> chunk_blocks(std::size_t chunk) const
    {
        return {chunk * blocks() / chunks, (chunk + 1) * blocks() / chunks};
    }
};

/// Rows of one block that are not masked, and their numbers within it.
struct live_rows
{
    std::size_t first; ///< row of the block
    std::size_t rows;  ///< of the block, masked ones included
    std::size_t count = 0;
    std::size_t next;                     ///< first row of the block that follows, or none
    std::size_t at[block_plan::max_rows]; ///< the live rows, counted from the first

    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    live_rows(std::size_t first_row, std::size_t block_rows, std::size_t next_first_row)
        : first(first_row)
        , rows(block_rows)
        , next(next_first_row)
    {
    }
};

/// What supplies X to the loop, block by block: rows in memory, in a file, from a callback. It says
/// how it is stored, makes a block ready, and brings the kernels for it:
///
///   stored()                      the grid of its rows, in the order of the passes
///   plan(rank)                    how they are shared out
///   packed_size(rank)             numbers that a narrow factor takes as the kernels read it, and
///                                 that a product takes as they add it up
///   pack(O, packed, threads)      makes such a factor of O
///   fetched_bytes(plan)           room that a block of rows needs, 0 where they lie in memory
///   ready(live, room)             the block: rows read, or where to find them
///   form(block, packed, rank, out, stride, registers)
///                                 out = X_b O, the live rows one after the other
///   add(block, coefficients, rank, sums, from_memory)
///                                 sums += X_b^T P_b; from_memory: form() has not just read the
///                                 rows
///   reduce(sums, chunks, product, threads)
///                                 product = the chunks' sums, added up in their order
///
/// All are const and are called from several threads at once, each with room of its own.
template <class S>
concept block_source = requires(const S& x, factor_ref<const typename S::factor_type> O,
                                factor_ref<typename S::factor_type> product,
                                typename S::factor_type* numbers, const live_rows& live,
                                std::byte* room, const typename S::block& block,
                                simd::pack<typename S::factor_type>* registers)
{
    {
        x.stored()
        } -> std::convertible_to<const grid&>;
    {
        x.plan(std::size_t{})
        } -> std::same_as<block_plan>;
    x.packed_size(std::size_t{});
    x.fetched_bytes(block_plan{});
    x.pack(O, numbers, std::size_t{});
    x.ready(live, room);
    x.form(block, numbers, std::size_t{}, numbers, std::size_t{}, registers);
    x.add(block, numbers, std::size_t{}, numbers, bool{});
    x.reduce(numbers, std::size_t{}, product, std::size_t{});
};

/// What a pass over X does: form block = X_b O before each visit; sum product = sum X_b^T P_b of
/// what the visits leave.
enum class pass
{
    form,
    sum,
    both
};

/// The one loop over X. For each block of its stored rows, or of one interleaved group of blocks,
/// visit(first_row, block, worker) gets X_b O in `block`, unless the pass only sums, and leaves
/// rows P_b there; afterwards product = X^T P, unless the pass only forms. Blocks are visited
/// concurrently, each by one of the workers 0 ... threads - 1. A masked row gets zeros and is not
/// summed. The same bits for any number of threads.
template <block_source S>
class sweep_loop
{
  public:
    using F = typename S::factor_type;

    sweep_loop(const S& x, pass what, std::size_t rank, sweep_workspace<F>& work,
               interleaving which = {})
        : x_(x)
        , forms_(what != pass::sum)
        , sums_(what != pass::form)
        , rank_(rank)
        , plan_(x.plan(rank).of_group(which))
        , work_(work)
    {
    }

    void operator()(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product) const
    {
        const std::size_t threads = thread_count(work_.threads), room = plan_.block * rank_;
        const std::size_t size = x_.packed_size(rank_), fetched = x_.fetched_bytes(plan_);
        F* packed = forms_ ? work_.packed.get(size) : nullptr;
        if (forms_)
            x_.pack(O, packed, work_.threads);
        // All the room that a residual needs, so that an iteration that comes to it later does not
        // allocate.
        work_.totals.get(plan_.chunks);
        work_.coefficients.get(room * threads);
        F* sums = sums_ ? work_.sums.get(plan_.chunks * size) : nullptr;
        F* blocks = work_.blocks.get(2 * room * threads);
        auto* registers = work_.registers.get(room * threads);
        std::byte* rows = fetched ? work_.fetched.get(fetched * threads) : nullptr;
        parallel_for(plan_.chunks, work_.threads,
                     [&](std::size_t chunk, std::size_t worker)
                     {
                         const desk mine{.packed = packed,
                                         .block = blocks + 2 * room * worker,
                                         .coefficients = blocks + (2 * worker + 1) * room,
                                         .registers = registers + room * worker,
                                         .rows = rows + fetched * worker,
                                         .sums = sums_ ? sums + chunk * size : nullptr,
                                         .worker = worker};
                         if (sums_)
                             std::fill_n(mine.sums, size, F{0});
                         const auto [first, last] = plan_.chunk_blocks(chunk);
                         for (std::size_t b = first; b < last; ++b)
                             visit_block(b, visit, mine);
                     });
        if (sums_)
            x_.reduce(sums, plan_.chunks, product, work_.threads);
    }

  private:
    /// What one worker has before it.
    struct desk
    {
        const F* packed;
        F *block, *coefficients;
        simd::pack<F>* registers;
        std::byte* rows;
        F* sums;
        std::size_t worker;
    };

    void visit_block(std::size_t number, block_visitor<F> visit, const desk& mine) const
    {
        const std::size_t first = plan_.first_row(number), rows = plan_.block_rows(first),
                          next = plan_.first_row(number + 1);
        const factor_ref<F> P(mine.block, rows, rank_, plan_.block, &x_.stored(), first);
        live_rows live(first, rows, next < plan_.rows ? next : live_rows::none);
        for (std::size_t i = 0; i < rows; ++i)
            if (P.keeps(i))
                live.at[live.count++] = i;
        const auto block = x_.ready(live, mine.rows);
        if (forms_)
        {
            x_.form(block, mine.packed, rank_, P.data(), P.stride(), mine.registers);
            if (live.count < rows)
                spread(P, live);
        }
        visit(first, P, mine.worker);
        if (!sums_)
            return;
        for (std::size_t r = 0; r < live.count; ++r)
            for (std::size_t j = 0; j < rank_; ++j)
                mine.coefficients[r * rank_ + j] = P(live.at[r], j);
        x_.add(block, mine.coefficients, rank_, mine.sums, !forms_);
    }

    /// Moves the products of the live rows from the front of the block to where they belong.
    static void spread(factor_ref<F> P, const live_rows& live)
    {
        for (auto column : P.columns())
        {
            std::size_t to = column.size();
            for (std::size_t r = live.count; r-- > 0;)
            {
                while (--to > live.at[r])
                    column[to] = F{0};
                column[to] = column[r];
            }
            std::fill_n(column.begin(), to, F{0});
        }
    }

    const S& x_;
    bool forms_, sums_;
    std::size_t rank_;
    block_plan plan_;
    sweep_workspace<F>& work_;
};
}
