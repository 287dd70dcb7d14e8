// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <type_traits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/column_descent.hpp>
#include <xunmix/update/relaxation.hpp>

namespace xunmix
{
/// Hierarchical alternating least squares, also called block coordinate descent (Cichocki & Phan
/// 2009; Muto & Shiga 2020): for each column j in turn, with all others held,
///
///     F_j <- prox( F_j + (rhs_j - F gram_j) / gram_jj ),
///
/// the exact minimiser along F_j for non-negativity, bounds, l1, ridge and fixed entries, so the
/// objective never rises. Where a constraint couples places, as smooth does, the places of each
/// colour of a checkerboard, or of its own colouring, move in turn. Constraints that only have
/// project() are applied after the columns.
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
        column_descent::relaxation<T> relax; ///< where a constraint couples places
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        if constexpr (hook::project<M, T> && !hook::prox_column<M, T>)
            return pairing::heuristic;
        else if constexpr (std::is_same_v<M, unconstrained> || hook::normalize<M, T> ||
                           hook::prox_column<M, T> || hook::couples_places<M, T> ||
                           hook::normal_terms<M, T>)
            return pairing::descent;
        else
            return pairing::unsupported;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(pairing_with<M, T>() != pairing::unsupported,
                      "hals cannot use this constraint: it moves one column at a time and takes "
                      "constraints with prox_column, add_pull, add_to_gram, add_to_rhs, project or "
                      "normalize; use multiplicative for one that only has split_gradient");
    }

    /// Throws invalid_argument for 0 rounds.
    static void check_rounds(std::size_t count)
    {
        detail::require<invalid_argument>(count >= 1, "hals needs at least one round over the "
                                                      "columns an iteration, got 0");
    }
    /// One where a constraint is a mere projection after the columns, else as many as wanted.
    template <class T, class C>
    static std::size_t rounds_with(const C& c, std::size_t wanted)
    {
        return needs_projection<T>(c) ? 1 : wanted;
    }
    /// The projections that no column's prox takes care of.
    template <class T, class C>
    static void project_others(factor_ref<T> f, const C& c)
    {
        if (needs_projection<T>(c))
            project(c, f);
    }

    /// Throws invalid_argument for 0 rounds.
    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        check_rounds(rounds);
        if (column_descent::couples_places<T>(c))
            s.relax.prepare(c, places, gram.rows);
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (!hook::couples_places<M, T>)
                                column_descent::add_terms_to_gram<T>(m, gram, places);
                        });
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c, state<T>& s) const
    {
        const std::size_t times = rounds_with<T>(c, rounds);
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (!hook::couples_places<M, T>)
                                column_descent::add_terms_to_rhs(m, eq.rhs, f);
                        });
        if (column_descent::couples_places<T>(c))
            s.relax(f, eq, c, times);
        else
            column_descent::sweep(f, eq, c, times);
        project_others(f, c);
    }

  private:
    template <class T, class C>
    static bool needs_projection(const C& c)
    {
        bool any = false;
        for_each_member(c, [&]<class M>(const M&)
                        { any |= hook::project<M, T> && !hook::prox_column<M, T>; });
        return any;
    }
};
}
