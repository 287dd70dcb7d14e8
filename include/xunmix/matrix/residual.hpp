// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <xunmix/core/compiled.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/model/factor.hpp>

// What a model leaves of rows of X, in double whatever the types of X and factors: where one
// element is a million times as large as another, or the mean so much larger than what varies,
// float has no digits for the difference.
namespace xunmix::kernels
{
/// Ranges [first, last) of columns that count.
using column_ranges = std::span<const std::pair<std::size_t, std::size_t>>;

namespace detail
{
/// x_rc - sum_j coefficients_rj O_cj for R rows and `Packs` registers of columns from `first` on.
template <std::size_t R, std::size_t Packs, class T, class F, std::size_t N>
void subtract_model(const T* const* rows, std::size_t first, factor_ref<const F> O,
                    const double* coefficients, simd::pack<double, N>* rest)
{
    using pack = simd::pack<double, N>;
    simd::unrolled<R * Packs>([&](std::size_t i)
                              { rest[i] = pack::load(rows[i / Packs] + first + i % Packs * N); });
    for (std::size_t j = 0; j < O.rank(); ++j)
    {
        const F* column = O.column(j).data() + first;
        pack factor[Packs];
        simd::unrolled<Packs>([&](std::size_t p) { factor[p] = pack::load(column + p * N); });
        simd::unrolled<R>(
            [&](std::size_t r)
            {
                const auto minus = pack::broadcast(-coefficients[r * O.rank() + j]);
                simd::unrolled<Packs>([&](std::size_t p)
                                      { rest[r * Packs + p].add_product(minus, factor[p]); });
            });
    }
}

template <std::size_t R, class T, class F>
void add_residuals(const T* const* rows, column_ranges ranges, factor_ref<const F> O,
                   const double* coefficients, const double* column_weights, double* out)
{
    constexpr std::size_t N = simd::lanes<double>, packs = 2;
    using pack = simd::pack<double, N>;
    std::array<pack, R> sums;
    sums.fill(pack::zero());
    std::array<double, R> tails{};
    for (const auto& [begin, end] : ranges)
    {
        std::size_t c = begin;
        for (; c + packs * N <= end; c += packs * N)
        {
            pack rest[R * packs];
            subtract_model<R, packs>(rows, c, O, coefficients, rest);
            simd::unrolled<packs>(
                [&](std::size_t p)
                {
                    const auto weight = column_weights ? pack::load(column_weights + c + p * N)
                                                       : pack::broadcast(1);
                    simd::unrolled<R>(
                        [&](std::size_t r)
                        {
                            const auto& left = rest[r * packs + p];
                            sums[r].add_product(left * left, weight);
                        });
                });
        }
        for (; c < end; ++c)
            for (std::size_t r = 0; r < R; ++r)
            {
                auto left = static_cast<double>(rows[r][c]);
                for (std::size_t j = 0; j < O.rank(); ++j)
                    left -= coefficients[r * O.rank() + j] * static_cast<double>(O(c, j));
                tails[r] += (column_weights ? column_weights[c] : 1) * left * left;
            }
    }
    for (std::size_t r = 0; r < R; ++r)
        out[r] = sums[r].sum() + tails[r];
}
}

/// out[r] = sum_c v_c (x_rc - sum_j coefficients[r k + j] O_cj)^2 over the columns of `ranges`, for
/// `count` rows; v_c = 1 where `column_weights` is null.
template <class T, class F>
void residual_rows(const T* const* rows, std::size_t count, column_ranges ranges,
                   factor_ref<const F> O, const double* coefficients, const double* column_weights,
                   double* out)
{
    constexpr std::size_t group = 4;
    std::size_t r = 0;
    for (; r + group <= count; r += group)
        detail::add_residuals<group>(rows + r, ranges, O, coefficients + r * O.rank(),
                                     column_weights, out + r);
    for (; r < count; ++r)
        detail::add_residuals<1>(rows + r, ranges, O, coefficients + r * O.rank(), column_weights,
                                 out + r);
}
}

#define XUNMIX_RESIDUAL(prefix, T, F)                                                              \
    prefix template void xunmix::kernels::residual_rows<T, F>(                                     \
        const T* const*, std::size_t, xunmix::kernels::column_ranges, xunmix::factor_ref<const F>, \
        const double*, const double*, double*);
#ifdef XUNMIX_COMPILED
XUNMIX_FOR_EACH_ELEMENT(XUNMIX_RESIDUAL, extern)
#endif
