// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/block_pivoting.hpp>
#include <xunmix/update/passive_set.hpp>

namespace xunmix
{
/// Alternating non-negative least squares by block principal pivoting (Kim & Park 2011): each row f
/// of F, with b its row of rhs, becomes the exact
///
///     argmin_{f >= 0}  1/2 f gram f^T - f b^T.
///
/// A set of columns is taken for the positive ones, at first those positive in F as it comes; its
/// normal equations are solved; all columns that break f >= 0 or gradient >= 0 change sides, and
/// only the last of them where that has not helped for a while. Rows with one set share its
/// factorization (Van Benthem & Keenan 2004). The factors are non-negative, whatever constraint is
/// given; ridge and sparse are exact, too. Projections other than on the orthant come afterwards.
/// The objective never rises.
///
/// All in double, in units in which the Gram matrix has unit diagonal. There it gets a ridge of
/// max(eps, 4 k eps_double), eps being the factor type's, which makes singular ones solvable and
/// changes gradients by no more than their rounding; columns of zeros give zeros. Rows that have
/// found no solution after 5 k + 20 exchanges, which only rounding can bring about, go down by
/// coordinate descent instead.
struct bpp
{
    static constexpr bool row_separable = true;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = false;

    template <class T>
    struct state
    {
        passive::unit_gram gram;
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        if constexpr (hook::project<M, T> && !traits<M>::orthant)
            return pairing::heuristic;
        else if constexpr (std::is_same_v<M, unconstrained> || hook::project<M, T> ||
                           hook::normalize<M, T> || hook::normal_terms<M, T>)
            return pairing::descent;
        else
            return pairing::unsupported;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "bpp cannot use this constraint: it solves normal equations for non-negative rows and "
            "takes constraints with add_to_gram, add_to_rhs, project or normalize; use hals for "
            "one that only has prox_column, multiplicative for one that only has "
            "split_gradient");
    }

    /// Throws invalid_argument for ranks above 64.
    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        detail::require<invalid_argument>(gram.rows <= passive::most_columns,
                                          "bpp takes ranks up to ", passive::most_columns, ", got ",
                                          gram.rows, "; use hals for more");
        add_to_gram<T>(c, gram, places);
        s.gram.assign(gram, static_cast<double>(std::numeric_limits<T>::min()),
                      std::max(static_cast<double>(std::numeric_limits<T>::epsilon()),
                               passive::rounding(gram.rows)));
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c,
                    const state<T>& s) const
    {
        add_to_rhs<T>(c, eq.rhs, f);
        bool needs_projection = false;
        for_each_member(c, [&]<class M>(const M&)
                        { needs_projection |= hook::project<M, T> && !traits<M>::orthant; });
        constexpr std::size_t tile = passive::block_pivoting<T>::tile;
        for (std::size_t i = 0; i < f.rows(); i += tile)
        {
            const std::size_t count = std::min(tile, f.rows() - i);
            passive::block_pivoting<T>(s.gram, f.block(i, count), eq.rhs.block(i, count))
                .solve(5 * f.rank() + 20);
        }
        if (needs_projection)
            project(c, f);
    }
};
}
