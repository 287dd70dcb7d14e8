// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <xunmix/core/concepts.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/factor.hpp>
#include <xunmix/core/simd.hpp>

namespace xunmix
{
/// Hierarchical alternating least squares, also called block coordinate descent (Cichocki & Phan
/// 2009; Muto & Shiga 2020): for each column j in turn, with all others held,
///
///     F_j <- prox( F_j + (rhs_j - F gram_j) / gram_jj ),
///
/// the exact minimiser along F_j for non-negativity, bounds, l1, ridge and fixed entries, so the
/// objective never rises. Constraints that only have project() are applied after the columns.
struct hals
{
    /// Rounds over the columns an iteration (Gillis & Glineur 2012). A round costs little beside
    /// the read of X that gave the right-hand side, and ten come close to the exact minimiser. One
    /// where a constraint is a mere projection after the columns.
    std::size_t rounds = 10;
    /// Goes further where the last iteration went (Ang & Gillis 2019), and takes back what made the
    /// objective rise; only where the constraints make a descent pair and none moves scale.
    bool extrapolate = true;

    static constexpr bool row_separable = true;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = false;

    template <class T>
    struct state
    {
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        if constexpr (hook::project<M, T> && !hook::prox_column<M, T>)
            return pairing::heuristic;
        else if constexpr (std::is_same_v<M, unconstrained> || hook::normalize<M, T> ||
                           hook::prox_column<M, T> || hook::normal_terms<M, T>)
            return pairing::descent;
        else
            return pairing::unsupported;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "hals cannot use this constraint: it moves one column at a time and takes "
            "constraints with prox_column, add_to_gram, add_to_rhs, project or normalize; "
            "use multiplicative for one that only has split_gradient");
    }

    /// Throws invalid_argument for 0 rounds.
    template <class T, class C>
    void prepare(matrix_ref<double> gram, std::size_t, const C& c, state<T>&) const
    {
        detail::require<invalid_argument>(rounds >= 1, "hals needs at least one round over the "
                                                       "columns an iteration, got 0");
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::add_to_gram<M, T> && !hook::prox_column<M, T>)
                                m.add_to_gram(gram);
                        });
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c,
                    const state<T>&) const
    {
        bool needs_projection = false;
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::add_to_rhs<M, T> && !hook::prox_column<M, T>)
                                m.add_to_rhs(eq.rhs, factor_ref<const T>(f));
                            needs_projection |= hook::project<M, T> && !hook::prox_column<M, T>;
                        });
        const std::size_t range = is_row_separable(c) ? tile : f.rows();
        for (std::size_t i = 0; i < f.rows(); i += range)
        {
            const std::size_t count = std::min(range, f.rows() - i);
            for (std::size_t round = 0; round < (needs_projection ? 1 : rounds); ++round)
                sweep_columns(f.block(i, count), eq.gram, eq.rhs.block(i, count), c);
        }
        if (needs_projection)
            project(c, f);
    }

  private:
    static constexpr std::size_t tile = 64;

    template <class T, class C>
    static void sweep_columns(factor_ref<T> f, matrix_ref<const double> gram, factor_ref<T> rhs,
                              const C& c)
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            // No curvature: the other factor's column is zero, and any F_j fits as well.
            const double least = std::numeric_limits<T>::min();
            const T step = static_cast<T>(1 / std::max(gram(j, j), least));
            if (gram(j, j) > least)
                move_column(f, gram, rhs.column(j).data(), j, step);
            prox_column(c, f, j, step);
        }
    }

    /// F_j += step (rhs_j - F gram_j)
    template <class T>
    static void move_column(factor_ref<T> f, matrix_ref<const double> gram, const T* rhs,
                            std::size_t j, T step)
    {
        move_groups<4 * simd::lanes<T>>(f, gram, rhs, j, step, 0);
    }
    /// The same from row `start` on, in groups of Count rows, then of half as many, and so on.
    template <std::size_t Count, class T>
    static void move_groups(factor_ref<T> f, matrix_ref<const double> gram, const T* rhs,
                            std::size_t j, T step, std::size_t start)
    {
        for (; start + Count <= f.rows(); start += Count)
            move_group<Count>(f, gram, rhs, j, step, start);
        if constexpr (Count > 1)
            if (start < f.rows())
                move_groups<Count / 2>(f, gram, rhs, j, step, start);
    }
    /// The same for Count rows: in registers, and in two sums, for one would wait for itself.
    template <std::size_t Count, class T>
    static void move_group(factor_ref<T> f, matrix_ref<const double> gram, const T* rhs,
                           std::size_t j, T step, std::size_t start)
    {
        constexpr std::size_t N = std::min(Count, simd::lanes<T>), packs = Count / N;
        using pack = simd::pack<T, N>;
        pack sum[2 * packs];
        simd::unrolled<packs>(
            [&](std::size_t p)
            {
                sum[p] = pack::load(rhs + start + p * N);
                sum[packs + p] = pack::zero();
            });
        const auto subtract = [&](pack* from, std::size_t l)
        {
            const auto g = pack::broadcast(static_cast<T>(-gram(j, l)));
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
        const auto scale = pack::broadcast(step);
        T* column = &f(start, j);
        simd::unrolled<packs>(
            [&](std::size_t p)
            {
                auto moved = pack::load(column + p * N);
                moved.add_product(scale, sum[p] + sum[packs + p]);
                moved.store(column + p * N);
            });
    }
};
}
