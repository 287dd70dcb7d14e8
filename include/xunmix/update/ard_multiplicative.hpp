// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/pressure.hpp>

namespace xunmix
{
/// Automatic relevance determination that descends (Tan & Fevotte 2013, l1-ARD): each relevance
/// belongs to map and component alike,
///
///     l_k = (|C_k|_1 + |S_k|_1 + b) / c,    c = n + m + shape + 1,
///     b = sqrt((shape - 1) (shape - 2) rms(X) / rank),
///
/// and the multiplicative update of both factors gets phi / l_k added to its denominator, which
/// majorises
///
///     D(X | C S^T) / phi + c sum_k log l_k.
///
/// With beta_divergence phi is 1. With least squares phi is the noise variance as it would fit
/// best, the mse, so that the objective is |X - C S^T|^2 prod_k (l_k c / b)^(2 c / (n m)): neither
/// falls behind the other, and no iteration raises it. Slower than ard by far, as multiplicative
/// updates are; start it from random factors. X must be non-negative.
struct ard_multiplicative
{
    double shape = 5;          ///< of the relevances' inverse-gamma prior, above 2
    double prune_below = 1e-3; ///< of the largest component, to be in the result

    static constexpr bool row_separable = false;
    static constexpr bool has_replaceable_step = false;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = true;
    static constexpr bool takes_loss = true;

    template <class T>
    struct state
    {
        multiplicative::state<T> plain{};
        column_pressure columns{}; ///< phi / l_k on the denominator of column k
    };

    double least_relevance() const
    {
        return prune_below;
    }

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        return multiplicative::pairing_with<M, T>();
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        multiplicative::check_pairing<M, T>();
    }
    /// Throws invalid_argument unless 2 < shape < infinity.
    template <class M>
    void validate(const M&) const
    {
        detail::require<invalid_argument>(shape > 2 && is_finite(shape),
                                          "ard_multiplicative needs a shape above 2 and finite, "
                                          "got ",
                                          shape);
        detail::require<invalid_argument>(prune_below >= 0 && prune_below < 1,
                                          "ard_multiplicative prunes below a share from 0 to less "
                                          "than 1, got ",
                                          prune_below);
    }

    template <class T>
    void adapt(const standing<T>& now, state<T>& maps, state<T>& components) const
    {
        adapt_to(now, now.mse(), maps, components);
    }
    /// The same for a known phi.
    template <class T>
    void adapt_to(const standing<T>& now, double phi, state<T>& maps, state<T>& components) const
    {
        maps.columns.by_column.resize(now.maps.rank());
        for (std::size_t j = 0; j < now.maps.rank(); ++j)
            maps.columns.by_column[j] = phi * count(now) / (floor(now) + size(now, j));
        components.columns.by_column = maps.columns.by_column;
    }
    /// c sum_k log(l_k c / b), which is 0 for a model of nothing.
    template <class T>
    double penalty(const standing<T>& now) const
    {
        double sum = 0;
        for (std::size_t j = 0; j < now.maps.rank(); ++j)
            sum += std::log1p(size(now, j) / floor(now));
        return count(now) * sum;
    }
    template <class T>
    double objective(const standing<T>& now) const
    {
        return now.loss * std::exp(2 * penalty(now) / now.entries());
    }

    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        multiplicative{}.prepare(gram, places, pressed<C>{c, s.columns}, s.plain);
    }
    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c,
                    const state<T>& s) const
    {
        multiplicative{}(f, eq, pressed<C>{c, s.columns}, s.plain);
    }
    /// The step of a whole factor with another loss, whose two parts are given.
    template <class T, class C>
    void step(factor_ref<T> f, factor_ref<T> numerator, factor_ref<T> denominator, const C& c,
              double exponent, const state<T>& s) const
    {
        multiplicative{}.step(f, numerator, denominator, pressed<C>{c, s.columns}, exponent,
                              s.plain);
    }

  private:
    template <class T>
    double count(const standing<T>& now) const
    {
        return static_cast<double>(now.positions + now.channels) + shape + 1;
    }
    template <class T>
    double floor(const standing<T>& now) const
    {
        return std::sqrt((shape - 1) * (shape - 2) * now.root_mean_square /
                         static_cast<double>(now.maps.rank()));
    }
    /// |C_j|_1 + |S_j|_1
    template <class T>
    static double size(const standing<T>& now, std::size_t j)
    {
        double sum = 0;
        for (const auto f : {now.maps, now.components})
            for (T x : f.column(j))
                sum += static_cast<double>(x);
        return sum;
    }
};
}
