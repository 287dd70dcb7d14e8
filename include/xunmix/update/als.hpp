// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/linalg/pseudo_inverse.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Alternating least squares: F <- rhs gram^-1, then the constraint. With non_negative on both
/// factors and unit_norm on the components these are the nine steps of Uesugi et al. 2021 (their
/// Eqs. 2 and 3; components first, from random maps).
///
/// The normal equations survive a singular Gram matrix: directions whose eigenvalue, after scaling
/// to unit diagonal, is below k eps times the largest are left out (minimum-norm solution), eps
/// being the factor type's.
///
/// Solving and then clipping is no descent method: the objective may rise. The best iterate is
/// kept.
struct als
{
    static constexpr bool row_separable = true;
    static constexpr side first = side::components;
    static constexpr bool needs_non_negative_data = false;
    static constexpr bool clips = true;

    template <class T>
    struct state
    {
        linalg::pseudo_inverse inverse;
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        if constexpr (hook::project<M, T> || hook::add_to_rhs<M, T>)
            return pairing::heuristic;
        else if constexpr (std::is_same_v<M, unconstrained> || hook::normalize<M, T> ||
                           hook::add_to_gram<M, T>)
            return pairing::descent;
        else
            return pairing::unsupported;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "als cannot use this constraint: it solves normal equations and takes "
            "constraints with add_to_gram, add_to_rhs, project or normalize; use hals for "
            "one that only has prox_column, multiplicative for one that only has "
            "split_gradient");
    }

    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        add_to_gram<T>(c, gram, places);
        s.inverse(gram, static_cast<double>(gram.rows) *
                            static_cast<double>(std::numeric_limits<T>::epsilon()));
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c,
                    const state<T>& s) const
    {
        add_to_rhs<T>(c, eq.rhs, f);
        multiply_inverse(f, eq.rhs, s.inverse.last());
        project(c, f);
    }

    /// F <- rhs inverse
    template <class T>
    static void multiply_inverse(factor_ref<T> f, factor_ref<T> rhs,
                                 matrix_ref<const double> inverse)
    {
        constexpr std::size_t tile = 64;
        for (std::size_t start = 0; start < f.rows(); start += tile)
        {
            const std::size_t count = std::min(tile, f.rows() - start);
            for (std::size_t j = 0; j < f.rank(); ++j)
            {
                double sum[tile] = {};
                for (std::size_t l = 0; l < f.rank(); ++l)
                    for (std::size_t i = 0; i < count; ++i)
                        sum[i] += inverse(j, l) * static_cast<double>(rhs(start + i, l));
                for (std::size_t i = 0; i < count; ++i)
                    f(start + i, j) = static_cast<T>(sum[i]);
            }
        }
    }
};
}
