// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <xunmix/core/concepts.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/factor.hpp>

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
                for (std::size_t i = 0; i < f.rows(); i += tile)
                    move_column(f.block(i, std::min(tile, f.rows() - i)), gram,
                                rhs.column(j).data() + i, j, step);
            prox_column(c, f, j, step);
        }
    }

    /// F_j += step (rhs_j - F gram_j) for at most `tile` rows.
    template <class T>
    static void move_column(factor_ref<T> f, matrix_ref<const double> gram, const T* rhs,
                            std::size_t j, T step)
    {
        using whole = std::integral_constant<std::size_t, tile>;
        using part = std::integral_constant<std::size_t, 8>;
        std::size_t i = 0;
        if (f.rows() == tile)
            return move_rows(f, gram, rhs, j, step, i, whole{});
        for (; i + part::value <= f.rows(); i += part::value)
            move_rows(f, gram, rhs, j, step, i, part{});
        if (i < f.rows())
            move_rows(f, gram, rhs, j, step, i, f.rows() - i);
    }
    /// The same for `count` rows from `start` on. A count known to the compiler stays in registers;
    /// two sums, for one would wait for itself.
    template <class T, class Count>
    static void move_rows(factor_ref<T> f, matrix_ref<const double> gram, const T* rhs,
                          std::size_t j, T step, std::size_t start, Count count)
    {
        const std::size_t k = f.rank();
        T rest[tile], more[tile];
        for (std::size_t i = 0; i < count; ++i)
        {
            rest[i] = rhs[start + i];
            more[i] = T{0};
        }
        const auto subtract = [&](T* sum, std::size_t l)
        {
            const T g = static_cast<T>(gram(j, l));
            const T* column = &f(start, l);
            for (std::size_t i = 0; i < count; ++i)
                sum[i] -= g * column[i];
        };
        std::size_t l = 0;
        for (; l + 2 <= k; l += 2)
        {
            subtract(rest, l);
            subtract(more, l + 1);
        }
        if (l < k)
            subtract(rest, l);
        T* column = &f(start, j);
        for (std::size_t i = 0; i < count; ++i)
            column[i] += step * (rest[i] + more[i]);
    }
};
}
