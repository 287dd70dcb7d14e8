// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <xunmix/core/panels.hpp>
#include <xunmix/core/simd.hpp>

// The two products of a block of stored rows with a narrow factor. Both read the rows in place, in
// whatever type they have, and convert in registers.
namespace xunmix::kernels
{
/// Rows whose products are formed together.
inline constexpr std::size_t row_group = 4;

namespace detail
{
/// out[j][r] = sum_c rows[r][c] s[c][j] for R rows and the W columns of one tile.
template <class T, class F, std::size_t W, std::size_t R>
void dot_tile(const T* const* rows, const panel_plan<F>& plan, const F* packed, F* out,
              std::size_t out_stride)
{
    using simd::pack;
    constexpr std::size_t L = simd::lanes<F>;
    pack<F> sum[R][W];
    for (auto& row : sum)
        for (auto& s : row)
            s = pack<F>::zero();
    for (const auto& run : plan.runs())
        for (std::size_t p = run.first; p < run.last; ++p)
        {
            const F* s = packed + p * W * L;
            for (std::size_t r = 0; r < R; ++r)
            {
                const auto x = plan.load(rows[r], p, run.partial);
                for (std::size_t j = 0; j < W; ++j)
                    sum[r][j].add_product(x, pack<F>::load(s + j * L));
            }
        }
    for (std::size_t j = 0; j < W; ++j)
        for (std::size_t r = 0; r < R; ++r)
            out[j * out_stride + r] = sum[r][j].sum();
}

/// packed[c][j] += sum_r rows[r][c] coefficients[r][j] for `count` rows, the W columns of one tile.
template <class T, class F, std::size_t W>
void accumulate_tile(const T* const* rows, std::size_t count, const panel_plan<F>& plan,
                     const F* coefficients, std::size_t rank, F* packed)
{
    using simd::pack;
    constexpr std::size_t L = simd::lanes<F>;
    for (const auto& run : plan.runs())
        for (std::size_t p = run.first; p < run.last; ++p)
        {
            F* to = packed + p * W * L;
            pack<F> sum[W];
            for (std::size_t j = 0; j < W; ++j)
                sum[j] = pack<F>::load(to + j * L);
            for (std::size_t r = 0; r < count; ++r)
            {
                const auto x = plan.load(rows[r], p, run.partial);
                const F* c = coefficients + r * rank;
                for (std::size_t j = 0; j < W; ++j)
                    sum[j].add_product(x, pack<F>::broadcast(c[j]));
            }
            for (std::size_t j = 0; j < W; ++j)
                sum[j].store(to + j * L);
        }
}

/// out[r] = sum_c v[c] (rows[r][c] - sum_j coefficients[r][j] s[c][j])^2 for R rows. Lanes that do
/// not count are weighed with zero.
template <class T, class F, std::size_t R>
void residual_group(const T* const* rows, const panel_plan<F>& plan, const F* packed,
                    const F* coefficients, std::size_t rank, const F* column_weights, double* out)
{
    using simd::pack;
    constexpr std::size_t L = simd::lanes<F>;
    const tiling t{rank};
    pack<F> sum[R];
    for (auto& s : sum)
        s = pack<F>::zero();
    for (const auto& run : plan.runs())
        for (std::size_t p = run.first; p < run.last; ++p)
        {
            pack<F> rest[R];
            for (std::size_t r = 0; r < R; ++r)
                rest[r] = plan.load(rows[r], p, run.partial);
            for (std::size_t tile = 0; tile < t.tiles(); ++tile)
            {
                const std::size_t first = t.first(tile), width = t.width(tile);
                const F* s = packed + packed_offset<F>(t, tile, plan.panels()) + p * width * L;
                for (std::size_t j = 0; j < width; ++j)
                    for (std::size_t r = 0; r < R; ++r)
                        rest[r].add_product(
                            pack<F>::load(s + j * L),
                            pack<F>::broadcast(-coefficients[r * rank + first + j]));
            }
            const auto weight = plan.load(column_weights, p, run.partial);
            for (std::size_t r = 0; r < R; ++r)
                sum[r].add_product(rest[r] * rest[r], weight);
        }
    for (std::size_t r = 0; r < R; ++r)
        out[r] = static_cast<double>(sum[r].sum());
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

/// out[j * out_stride + r] = <rows[r], column j of the packed factor> for `count` rows.
template <class T, class F>
void dot_rows(const T* const* rows, std::size_t count, const panel_plan<F>& plan, const F* packed,
              std::size_t rank, F* out, std::size_t out_stride)
{
    const tiling t{rank};
    for (std::size_t tile = 0; tile < t.tiles(); ++tile)
        detail::with_width(
            t.width(tile),
            [&](auto width)
            {
                constexpr std::size_t W = width;
                const F* s = packed + packed_offset<F>(t, tile, plan.panels());
                F* to = out + t.first(tile) * out_stride;
                std::size_t r = 0;
                for (; r + row_group <= count; r += row_group)
                    detail::dot_tile<T, F, W, row_group>(rows + r, plan, s, to + r, out_stride);
                for (; r < count; ++r)
                    detail::dot_tile<T, F, W, 1>(rows + r, plan, s, to + r, out_stride);
            });
}

/// Adds rows^T coefficients to the packed accumulators; coefficients[r * rank + j] belongs to row
/// r.
template <class T, class F>
void accumulate_rows(const T* const* rows, std::size_t count, const panel_plan<F>& plan,
                     const F* coefficients, std::size_t rank, F* packed)
{
    const tiling t{rank};
    for (std::size_t tile = 0; tile < t.tiles(); ++tile)
        detail::with_width(t.width(tile),
                           [&](auto width)
                           {
                               detail::accumulate_tile<T, F, width>(
                                   rows, count, plan, coefficients + t.first(tile), rank,
                                   packed + packed_offset<F>(t, tile, plan.panels()));
                           });
}

/// out[r] = |rows[r] - what the packed factor makes of coefficients[r]|^2 for `count` rows, with a
/// weight for each column.
template <class T, class F>
void residual_rows(const T* const* rows, std::size_t count, const panel_plan<F>& plan,
                   const F* packed, const F* coefficients, std::size_t rank,
                   const F* column_weights, double* out)
{
    std::size_t r = 0;
    for (; r + row_group <= count; r += row_group)
        detail::residual_group<T, F, row_group>(rows + r, plan, packed, coefficients + r * rank,
                                                rank, column_weights, out + r);
    for (; r < count; ++r)
        detail::residual_group<T, F, 1>(rows + r, plan, packed, coefficients + r * rank, rank,
                                        column_weights, out + r);
}
}
