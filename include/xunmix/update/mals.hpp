// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/linalg/pseudo_inverse.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/als.hpp>

namespace xunmix
{
/// Modified alternating least squares (Wang et al. 2003; Muto & Shiga 2020, Eqs. 7 and 8):
///
///     F <- (rhs + F W) (gram + W)^-1,   W = diag(w_k) >= 0,   then the constraint,
///
/// the minimiser of |X - F O^T|^2 + sum_k w_k |F_k - its last value|^2: large weights hold a column
/// where it was, so that als's clipping cannot throw it far. The weights start at `start` times the
/// mean diagonal of gram, and follow the negative parts N_k = |min(0, F_k)|^2 of the solution
/// before the constraint,
///
///     w_k <- min(w_k N_k / (its last value), start x mean diagonal),
///
/// 0 below 1e-8 of that diagonal: with nothing left to clip it is als. The literature says only
/// that weights start high and follow the negative parts; these constants are our choice.
struct mals
{
    double start = 1; ///< of the weights, in units of the mean diagonal of the Gram matrix

    static constexpr bool row_separable = false; // one weight a column, from all its rows
    static constexpr side first = side::components;
    static constexpr bool needs_non_negative_data = false;
    static constexpr bool clips = true;

    template <class T>
    struct state
    {
        linalg::pseudo_inverse inverse{};
        std::vector<double> memory{}; ///< w_k, then N_k; empty before the first iteration
        double diagonal = 0;          ///< mean of the Gram matrix's

        static std::size_t memory_size(std::size_t, std::size_t rank)
        {
            return 2 * rank;
        }
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        return als::pairing_with<M, T>();
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "mals cannot use this constraint: as als does, it solves normal equations and takes "
            "constraints with add_to_gram, add_to_rhs, project or normalize; use hals for one that "
            "only has prox_column, multiplicative for one that only has split_gradient");
    }
    /// Throws invalid_argument unless 0 <= start < infinity.
    template <class M>
    void validate(const M&) const
    {
        detail::require<invalid_argument>(start >= 0 && is_finite(start),
                                          "mals needs a start of its weights that is not negative "
                                          "and finite, got ",
                                          start);
    }

    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        const std::size_t k = gram.rows;
        add_to_gram<T>(c, gram, places);
        s.diagonal = 0;
        for (std::size_t j = 0; j < k; ++j)
            s.diagonal += gram(j, j) / static_cast<double>(k);
        if (s.memory.empty())
        {
            s.memory.assign(state<T>::memory_size(places.size(), k), unknown);
            std::fill_n(s.memory.begin(), k, start * s.diagonal);
        }
        for (std::size_t j = 0; j < k; ++j)
            gram(j, j) += s.memory[j];
        s.inverse(gram,
                  static_cast<double>(k) * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c, state<T>& s) const
    {
        add_to_rhs<T>(c, eq.rhs, f);
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                eq.rhs(i, j) += static_cast<T>(s.memory[j]) * f(i, j);
        als::multiply_inverse(f, eq.rhs, s.inverse.last());
        for (std::size_t j = 0; j < f.rank(); ++j)
            adjust(s, j, f.rank(), negative_part(f, j));
        project(c, f);
    }

  private:
    static constexpr double unknown = -1;

    template <class T>
    static double negative_part(factor_ref<T> f, std::size_t j)
    {
        double sum = 0;
        for (T x : f.column(j))
            sum += x < 0 ? static_cast<double>(x) * static_cast<double>(x) : 0;
        return sum;
    }
    template <class T>
    void adjust(state<T>& s, std::size_t j, std::size_t k, double negative) const
    {
        double &weight = s.memory[j], &before = s.memory[k + j];
        if (negative == 0)
            weight = 0;
        else if (before > 0)
            weight = std::min(weight * negative / before, start * s.diagonal);
        if (weight < 1e-8 * s.diagonal)
            weight = 0;
        before = negative;
    }
};
}
