// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/pressure.hpp>
#include <xunmix/update/soft_orthogonality.hpp>

namespace xunmix
{
/// Automatic relevance determination (Shiga et al. 2016; Muto & Shiga 2020): start with more
/// components than there can be, and those that the data do not need die out. The model:
///
///     X_ic ~ N((C S^T)_ic, s^2),   C_ik ~ Exp(mean l_k),   l_k ~ InvGamma(1 + prior, beta),
///
/// with |S_k|_2 = 1. An iteration makes hals's rounds over the components, then over the maps,
/// where each step along C_k is followed by a soft threshold at s^2 / l_k, merges twins, and sets
///
///     l_k = (sum_i C_ik + beta) / (n + 2 + prior),    s^2 = mse of the last iteration.
///
/// beta = prior rms(X) sqrt(m) / rank, so that everything scales with X. A component that shrinks
/// is shrunk the more, until nothing is left; the result holds the others. With `orthogonality` the
/// maps are also turned away from each other as in soft_orthogonal.
///
/// The objective reported is that of least squares, and rises where a component dies: the last
/// iterate is the result. ard_multiplicative descends instead. Two reads of X an iteration.
struct ard
{
    double orthogonality = 0;  ///< weight of the maps' soft orthogonality, 0 to 1
    double merge_above = 0.99; ///< twins are components whose cosine is at least this
    double prior = 1e-15;      ///< how strongly the l_k are held to their mean; nearly not at all
    double prune_below = 1e-3; ///< of the largest component, to be in the result
    std::size_t rounds = 10;   ///< as in hals

    static constexpr bool row_separable = false;
    static constexpr bool has_replaceable_step = false;
    static constexpr side first = side::components;
    static constexpr bool needs_non_negative_data = false;

    template <class T>
    struct state
    {
        side which = side::maps;
        hals::state<T> plain{};
        column_descent::soft_orthogonality<T> deflect{};
        std::vector<double> relevances{}, before{}; ///< l_k as this iteration found them, the last
        column_pressure pressure{};                 ///< s^2 / l_k
        double beta = 0;
        bool merges = false, settled = false;
    };

    bool is_row_separable(side s) const
    {
        return s == side::components;
    }
    bool descends() const
    {
        return false;
    }
    bool moves() const
    {
        return true;
    }
    double least_relevance() const
    {
        return prune_below;
    }

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        return std::min(hals::pairing_with<M, T>(), pairing::heuristic);
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "ard cannot use this constraint: as hals does, it moves one column at a time and takes "
            "constraints with prox_column, add_pull, add_to_gram, add_to_rhs, project or "
            "normalize; use ard_multiplicative for one that only has split_gradient");
    }
    /// Throws invalid_argument where an option is out of its range.
    template <class M>
    void validate(const M&) const
    {
        const auto within = [](double x, double low, double high) { return x >= low && x <= high; };
        detail::require<invalid_argument>(within(orthogonality, 0, 1),
                                          "ard needs an orthogonality from 0 to 1, got ",
                                          orthogonality);
        detail::require<invalid_argument>(within(merge_above, 0, 1),
                                          "ard merges components above a cosine from 0 to 1, got ",
                                          merge_above);
        detail::require<invalid_argument>(prior > 0 && is_finite(prior),
                                          "ard needs a prior above 0 and finite, got ", prior);
        detail::require<invalid_argument>(prune_below >= 0 && prune_below < 1,
                                          "ard prunes below a share from 0 to less than 1, got ",
                                          prune_below);
    }

    /// Relevances and noise variance from the factors as they are.
    template <class T>
    void adapt(const standing<T>& now, state<T>& maps, state<T>&) const
    {
        const std::size_t k = now.maps.rank();
        maps.beta = prior * now.root_mean_square * std::sqrt(static_cast<double>(now.channels)) /
                    static_cast<double>(k);
        maps.merges = now.iterations >= 3;
        maps.settled = maps.relevances.size() == k;
        maps.before.swap(maps.relevances);
        maps.before.resize(k);
        maps.relevances.resize(k);
        maps.pressure.by_column.resize(k);
        for (std::size_t j = 0; j < k; ++j)
        {
            maps.relevances[j] = relevance(now, j, maps.beta);
            maps.pressure.by_column[j] = std::min(now.mse() / maps.relevances[j], most_pressure);
        }
        const double largest = *std::max_element(maps.relevances.begin(), maps.relevances.end());
        for (std::size_t j = 0; j < k && maps.settled; ++j)
            maps.settled = maps.relevances[j] <= negligible * largest ||
                           std::abs(maps.relevances[j] - maps.before[j]) <= still * maps.before[j];
    }
    /// Whether no component is dying: the relevances that count hardly change.
    template <class T>
    bool is_settled(const state<T>& maps, const state<T>&) const
    {
        return maps.settled;
    }

    /// Components at unit length; their scale goes to the maps.
    template <class T>
    bool normalize(side which, factor_ref<T> f, std::span<double> scale) const
    {
        if (which == side::maps)
            return false;
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            const double norm =
                std::sqrt(linalg::dot(f.column(j).data(), f.column(j).data(), f.rows()));
            scale[j] = norm > 0 ? norm : 1;
            for (T& x : f.column(j))
                x = static_cast<T>(static_cast<double>(x) / scale[j]);
        }
        return true;
    }

    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        if (s.which == side::components)
            return hals{rounds}.prepare(gram, places, c, s.plain);
        hals::check_rounds(rounds);
        column_descent::add_terms_to_gram<T>(c, gram, places);
        s.deflect.reserve(places.size(), gram.rows);
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c, state<T>& s) const
    {
        if (s.which == side::components)
            return hals{rounds}(f, eq, c, s.plain);
        column_descent::add_terms_to_rhs(c, eq.rhs, f);
        s.deflect.sweep(f, eq, pressed<C>{c, s.pressure}, hals::rounds_with<T>(c, rounds),
                        orthogonality, column_descent::soft_orthogonality<T>::sum::as_they_are);
        hals::project_others(f, c);
        if (s.merges)
            merge_twins(f, eq.gram);
    }

  private:
    static constexpr double negligible = 1e-6;    ///< share of the largest relevance
    static constexpr double most_pressure = 1e18; ///< its square is a float
    static constexpr double still = 2e-4; ///< relative change of a relevance in an iteration

    /// Gives the map of the later of two components that are nearly the same to the earlier one.
    template <class T>
    void merge_twins(factor_ref<T> f, matrix_ref<const double> gram) const
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t l = j + 1; l < f.rank(); ++l)
                if (gram(j, l) >= merge_above * std::sqrt(gram(j, j) * gram(l, l)) &&
                    gram(j, l) > 0)
                    for (std::size_t i = 0; i < f.rows(); ++i)
                    {
                        f(i, j) += f(i, l);
                        f(i, l) = T{0};
                    }
    }
    template <class T>
    double relevance(const standing<T>& now, std::size_t j, double beta) const
    {
        double sum = beta;
        for (T x : now.maps.column(j))
            sum += static_cast<double>(x);
        return sum / (static_cast<double>(now.positions) + 2 + prior);
    }
};

}
