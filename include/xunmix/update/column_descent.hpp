// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

// Coordinate descent over the columns of a factor F, with r_j = rhs_j - F gram_j the negative
// gradient of the small system along column j.
namespace xunmix::column_descent
{
/// Below this a column of the other factor is zero, and any F_j fits as well.
template <class T>
constexpr double least_curvature = std::numeric_limits<T>::min();

namespace detail
{
/// visit(first row, pack of r_j) for Count rows from `start` on: in registers, and in two sums, for
/// one would wait for itself.
template <std::size_t Count, class T, class Visit>
void visit_group(factor_ref<T> f, const normal_equations<T>& eq, std::size_t j, std::size_t start,
                 Visit& visit)
{
    constexpr std::size_t N = std::min(Count, simd::lanes<T>), packs = Count / N;
    using pack = simd::pack<T, N>;
    pack sum[2 * packs];
    simd::unrolled<packs>(
        [&](std::size_t p)
        {
            sum[p] = pack::load(&eq.rhs(start + p * N, j));
            sum[packs + p] = pack::zero();
        });
    const auto subtract = [&](pack* from, std::size_t l)
    {
        const auto g = pack::broadcast(static_cast<T>(-eq.gram(j, l)));
        const T* column = &f(start, l);
        simd::unrolled<packs>([&](std::size_t p)
                              { from[p].add_product(g, pack::load(column + p * N)); });
    };
    std::size_t l = 0;
    for (; l + 2 <= f.rank(); l += 2)
    {
        subtract(sum, l);
        subtract(sum + packs, l + 1);
    }
    if (l < f.rank())
        subtract(sum, l);
    simd::unrolled<packs>([&](std::size_t p) { visit(start + p * N, sum[p] + sum[packs + p]); });
}

/// The same for all rows from `start` on, in groups of Count, then of half as many, and so on.
template <std::size_t Count, class T, class Visit>
void visit_groups(factor_ref<T> f, const normal_equations<T>& eq, std::size_t j, std::size_t start,
                  Visit& visit)
{
    for (; start + Count <= f.rows(); start += Count)
        visit_group<Count>(f, eq, j, start, visit);
    if constexpr (Count > 1)
        if (start < f.rows())
            visit_groups<Count / 2>(f, eq, j, start, visit);
}
}

/// visit(first row, pack of r_j) for all rows; the visitor may change them in column j.
template <class T, class Visit>
void for_each_residual(factor_ref<T> f, const normal_equations<T>& eq, std::size_t j, Visit visit)
{
    detail::visit_groups<4 * simd::lanes<T>>(f, eq, j, 0, visit);
}

/// The terms of constraints that bring no prox_column, added to the small system; those that couple
/// neighbours by their bound from above.
template <class T, class C>
void add_terms_to_gram(const C& c, matrix_ref<double> gram, const grid& places)
{
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::add_to_gram<M, T> && !hook::prox_column<M, T>)
                            m.add_to_gram(gram, places);
                    });
}
template <class T, class C>
void add_terms_to_rhs(const C& c, factor_ref<T> rhs, factor_ref<T> f)
{
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::add_to_rhs<M, T> && !hook::prox_column<M, T>)
                            m.add_to_rhs(rhs, factor_ref<const T>(f));
                    });
}

/// F_j += r_j / gram_jj, all rows at once; nothing where the other factor's column is zero. The
/// step 1 / gram_jj.
template <class T>
T move_column(factor_ref<T> f, const normal_equations<T>& eq, std::size_t j)
{
    const T step = static_cast<T>(1 / std::max(eq.gram(j, j), least_curvature<T>));
    if (eq.gram(j, j) > least_curvature<T>)
        for_each_residual(f, eq, j,
                          [&](std::size_t row, auto residual)
                          {
                              using pack = decltype(residual);
                              auto moved = pack::load(&f(row, j));
                              moved.add_product(pack::broadcast(step), residual);
                              moved.store(&f(row, j));
                          });
    return step;
}

/// `rounds` rounds of F_j <- prox(F_j + r_j / gram_jj), each over all columns; blocks of rows one
/// after the other where rows are independent.
template <class T, class C>
void sweep(factor_ref<T> f, const normal_equations<T>& eq, const C& c, std::size_t rounds)
{
    constexpr std::size_t tile = 64;
    const std::size_t range = is_row_separable(c) ? tile : f.rows();
    for (std::size_t i = 0; i < f.rows(); i += range)
    {
        const std::size_t count = std::min(range, f.rows() - i);
        const auto part = f.block(i, count);
        const normal_equations<T> system{eq.gram, eq.rhs.block(i, count)};
        for (std::size_t round = 0; round < rounds; ++round)
            for (std::size_t j = 0; j < f.rank(); ++j)
                prox_column(c, part, j, move_column(part, system, j));
    }
}
}
