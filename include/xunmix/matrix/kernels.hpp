// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/core/stream.hpp>
#include <xunmix/matrix/panels.hpp>

// The two products of a block of stored rows with a narrow factor. Both read the rows in place, in
// whatever type they have, and convert in registers.
namespace xunmix::kernels
{
/// Panels walked for one group of rows before the next group takes its turn: so many of the narrow
/// factor stay in the first-level cache until all rows of the block have passed.
inline constexpr std::size_t segment_panels = 32;

/// Some stored rows to work on at once.
template <class T>
struct row_block
{
    const T* const* rows;
    std::size_t count;
    const T* const* next = nullptr; ///< as many rows of the block that follows, if one does
};

namespace detail
{
/// At most segment_panels panels of one run.
struct segment
{
    std::size_t first, last; ///< panels [first, last)
    bool partial;
};

template <class F, class Visit>
void for_each_segment(const panel_plan<F>& plan, Visit&& visit)
{
    for (const auto& run : plan.runs())
        for (std::size_t p = run.first; p < run.last; p += segment_panels)
            visit(segment{p, std::min(p + segment_panels, run.last), run.partial});
}

/// Whether a panel of numbers of type T is the first of its cache line, in a row that starts one.
template <class T, class F>
constexpr bool starts_line(std::size_t panel)
{
    return panel * simd::lanes<F> * sizeof(T) % xunmix::detail::line_bytes == 0;
}

/// Calls visit<Partial, R>(r) for groups of R rows from row r on: whole groups of Group rows, then
/// one row at a time; partial panels, which are few, one row at a time throughout.
template <std::size_t Group, class Visit>
void for_each_group(std::size_t count, bool partial, Visit&& visit)
{
    std::size_t r = 0;
    if (partial)
        for (; r < count; ++r)
            visit.template operator()<true, 1>(r);
    for (; r + Group <= count; r += Group)
        visit.template operator()<false, Group>(r);
    for (; r < count; ++r)
        visit.template operator()<false, 1>(r);
}

/// What to ask memory for meanwhile: rows, and how many panels further on than the one worked on.
template <class T>
struct fetching
{
    const T* const* ahead; ///< null: nothing
    std::ptrdiff_t further;

    fetching rows_from(std::size_t r) const
    {
        return {ahead ? ahead + r : nullptr, further};
    }
    /// Panel p, moved on, of row r.
    template <class F>
    void operator()(std::size_t r, std::size_t p) const
    {
        if (ahead && starts_line<T, F>(p))
            xunmix::detail::prefetch(ahead[r], (static_cast<std::ptrdiff_t>(p) + further) *
                                                   static_cast<std::ptrdiff_t>(simd::lanes<F>));
    }
};

/// For a pass over one segment of a block: what the same rows hold one segment further on, or as
/// many of the next block's first panels; nothing new where not `wanted`. The processor's own
/// guesses do not reach so far when several rows take turns.
template <class T, class F>
fetching<T> to_fetch(const row_block<T>& block, const panel_plan<F>& plan, const segment& part,
                     bool wanted)
{
    if (!wanted)
        return {nullptr, 0};
    if (part.last == plan.runs().back().last && block.next)
        return {block.next, -static_cast<std::ptrdiff_t>(part.first)};
    return {block.rows, static_cast<std::ptrdiff_t>(segment_panels)};
}

/// sum[r][j] += rows[r] * (column j of one tile), for R rows, over the panels [first, last).
/// Meanwhile asks for the rows `ahead`, so many panels further on.
template <bool Partial, class T, class F, std::size_t W, std::size_t R>
void dot_segment(const T* const* rows, const panel_plan<F>& plan, std::size_t first,
                 std::size_t last, const F* packed, simd::pack<F>* sums, const fetching<T>& fetch)
{
    using simd::pack;
    constexpr std::size_t L = simd::lanes<F>;
    pack<F> sum[R * W];
    simd::unrolled<R * W>([&](std::size_t i) { sum[i] = sums[i]; });
    for (std::size_t p = first; p < last; ++p)
    {
        const F* s = packed + p * W * L;
        pack<F> x[R];
        simd::unrolled<R>(
            [&](std::size_t r)
            {
                fetch.template operator()<F>(r, p);
                x[r] = plan.template load<Partial>(rows[r], p).kept();
            });
        simd::unrolled<W>(
            [&](std::size_t j)
            {
                const auto factor = pack<F>::load(s + j * L).kept();
                simd::unrolled<R>([&](std::size_t r) { sum[r * W + j].add_product(x[r], factor); });
            });
    }
    simd::unrolled<R * W>([&](std::size_t i) { sums[i] = sum[i]; });
}

/// The products of a block's rows with one segment of one tile, added to sums[row][column].
template <class T, class F, std::size_t W>
void dot_block(const row_block<T>& block, const panel_plan<F>& plan, const segment& part,
               const F* packed, simd::pack<F>* sums, bool fetch)
{
    const auto ahead = to_fetch(block, plan, part, fetch);
    for_each_group<row_group(W)>(block.count, part.partial,
                                 [&]<bool Partial, std::size_t R>(std::size_t r)
                                 {
                                     dot_segment<Partial, T, F, W, R>(
                                         block.rows + r, plan, part.first, part.last, packed,
                                         sums + r * W, ahead.rows_from(r));
                                 });
}

/// packed[c][j] += sum_r rows[r][c] coefficients[r][j] for the W columns of one tile and R rows,
/// over the panels [first, last). Meanwhile asks as dot_segment does.
template <bool Partial, class T, class F, std::size_t W, std::size_t R>
void accumulate_segment(const T* const* rows, const panel_plan<F>& plan, std::size_t first,
                        std::size_t last, const F* coefficients, std::size_t rank, F* packed,
                        const fetching<T>& fetch)
{
    using simd::pack;
    constexpr std::size_t L = simd::lanes<F>;
    pack<F> factor[R * W];
    simd::unrolled<R * W>(
        [&](std::size_t i)
        { factor[i] = pack<F>::broadcast(coefficients[i / W * rank + i % W]).kept(); });
    for (std::size_t p = first; p < last; ++p)
    {
        F* to = packed + p * W * L;
        pack<F> x[R];
        simd::unrolled<R>(
            [&](std::size_t r)
            {
                fetch.template operator()<F>(r, p);
                x[r] = plan.template load<Partial>(rows[r], p).kept();
            });
        simd::unrolled<W>(
            [&](std::size_t j)
            {
                auto sum = pack<F>::load(to + j * L);
                simd::unrolled<R>([&](std::size_t r) { sum.add_product(x[r], factor[r * W + j]); });
                sum.store(to + j * L);
            });
    }
}

/// accumulate_segment for all rows of a block.
template <class T, class F, std::size_t W>
void accumulate_block(const row_block<T>& block, const panel_plan<F>& plan, const segment& part,
                      const F* coefficients, std::size_t rank, F* packed, bool fetch)
{
    const auto ahead = to_fetch(block, plan, part, fetch);
    for_each_group<row_group(W)>(block.count, part.partial,
                                 [&]<bool Partial, std::size_t R>(std::size_t r)
                                 {
                                     accumulate_segment<Partial, T, F, W, R>(
                                         block.rows + r, plan, part.first, part.last,
                                         coefficients + r * rank, rank, packed, ahead.rows_from(r));
                                 });
}

/// Calls visit(constant W) for the run-time width of a tile.
template <class Visit>
void with_width(std::size_t width, Visit&& visit)
{
    [&]<std::size_t... I>(std::index_sequence<I...>)
    {
        const auto is_it = [&](auto candidate)
        {
            if (width == candidate)
                visit(candidate);
            return width == candidate;
        };
        static_cast<void>((is_it(std::integral_constant<std::size_t, I + 1>{}) || ...));
    }
    (std::make_index_sequence<widest_tile>{});
}
}

/// out[j * out_stride + r] = <row r of the block, column j of the packed factor>. `scratch` is room
/// for count x rank registers.
///
/// Segment by segment, and in each tile by tile, so that rows are read from memory once and the
/// factor once a block, whatever the rank.
template <class T, class F>
void dot_rows(const row_block<T>& block, const panel_plan<F>& plan, const F* packed,
              std::size_t rank, F* out, std::size_t out_stride, simd::pack<F>* scratch)
{
    const tiling t{rank};
    std::fill_n(scratch, block.count * rank, simd::pack<F>::zero());
    detail::for_each_segment(plan,
                             [&](const detail::segment& part)
                             {
                                 for (std::size_t tile = 0; tile < t.tiles(); ++tile)
                                     detail::with_width(
                                         t.width(tile),
                                         [&](auto width)
                                         {
                                             detail::dot_block<T, F, width>(
                                                 block, plan, part,
                                                 packed + packed_offset<F>(t, tile, plan.panels()),
                                                 scratch + t.first(tile) * block.count, tile == 0);
                                         });
                             });
    for (std::size_t tile = 0; tile < t.tiles(); ++tile)
    {
        const std::size_t width = t.width(tile);
        const auto* sums = scratch + t.first(tile) * block.count;
        for (std::size_t j = 0; j < width; ++j)
            for (std::size_t r = 0; r < block.count; ++r)
                out[(t.first(tile) + j) * out_stride + r] = sums[r * width + j].sum();
    }
}

/// Adds rows^T coefficients to the packed accumulators; coefficients[r * rank + j] belongs to row
/// r. `from_memory`: nothing has just read the rows.
template <class T, class F>
void accumulate_rows(const row_block<T>& block, const panel_plan<F>& plan, const F* coefficients,
                     std::size_t rank, F* packed, bool from_memory)
{
    const tiling t{rank};
    detail::for_each_segment(
        plan,
        [&](const detail::segment& part)
        {
            for (std::size_t tile = 0; tile < t.tiles(); ++tile)
                detail::with_width(t.width(tile),
                                   [&](auto width)
                                   {
                                       detail::accumulate_block<T, F, width>(
                                           block, plan, part, coefficients + t.first(tile), rank,
                                           packed + packed_offset<F>(t, tile, plan.panels()),
                                           from_memory && tile == 0);
                                   });
        });
}
}

#define XUNMIX_KERNELS(prefix, T, F)                                                               \
    prefix template void xunmix::kernels::dot_rows<T, F>(                                          \
        const xunmix::kernels::row_block<T>&, const xunmix::kernels::panel_plan<F>&, const F*,     \
        std::size_t, F*, std::size_t, xunmix::simd::pack<F>*);                                     \
    prefix template void xunmix::kernels::accumulate_rows<T, F>(                                   \
        const xunmix::kernels::row_block<T>&, const xunmix::kernels::panel_plan<F>&, const F*,     \
        std::size_t, F*, bool);
#ifdef XUNMIX_COMPILED
XUNMIX_FOR_EACH_ELEMENT(XUNMIX_KERNELS, extern)
#endif
