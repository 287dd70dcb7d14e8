// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/soft_orthogonality.hpp>

namespace xunmix
{
/// Soft orthogonality (Muto & Shiga 2020, Eq. 13; Shiga et al. 2016): hals whose columns, on one of
/// the two sides, are turned away from the sum of the others before their constraint,
///
///     C_j <- prox( C_j - weight (o . C_j) / (o . o) o ),   o = sum of the others at unit length,
///
/// and then at the length that fits X best: a column that only lost what overlaps would leave its
/// light to the others, which would follow it into its places. (Shiga's program holds the columns'
/// length instead, which ends at the same point.) Weight 0 is hals to the last bit; 1 leaves
/// overlap only where clipping brings it back. Spatially separate phases whose spectra resemble
/// each other come out with spectra that are not cut into by the others'. Apply it to the
/// components where those are the ones that do not overlap.
///
/// The weight is a share, not a multiplier in an objective: an iteration may raise the objective,
/// and the last iterate is the result. From random starts weights of 0.2 and more end in poor
/// minima now and then: choose_orthogonality comes to them from smaller ones. Two reads of X an
/// iteration where the side on which it acts is the sweep's.
struct soft_orthogonal
{
    double weight = 0.05; ///< 0 to 1
    side on = side::maps;
    std::size_t rounds = 10; ///< as in hals
    bool extrapolate = true; ///< as in hals, where the weight is 0

    static constexpr bool row_separable = false;
    static constexpr bool has_replaceable_step = false;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = false;

    template <class T>
    struct state
    {
        side which = side::maps;
        hals::state<T> plain{};
        column_descent::soft_orthogonality<T> deflect{};
        double overlap = 0, last_overlap = 0; ///< of the columns, in the last two iterations
    };

    bool is_row_separable(side s) const
    {
        return weight == 0 || s != on;
    }
    bool descends() const
    {
        return weight == 0;
    }
    bool moves() const
    {
        return weight != 0;
    }

    /// While the maps still move apart, the objective may hardly change.
    template <class T>
    bool is_settled(const state<T>& maps, const state<T>& components) const
    {
        const auto& s = on == side::maps ? maps : components;
        return std::abs(s.overlap - s.last_overlap) <= 1e-4 * std::abs(s.overlap);
    }

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        return hals::pairing_with<M, T>();
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "soft_orthogonal cannot use this constraint: as hals does, it moves one column at a "
            "time and takes constraints with prox_column, add_pull, add_to_gram, add_to_rhs, "
            "project or normalize; use multiplicative for one that only has split_gradient");
    }
    /// Throws invalid_argument unless 0 <= weight <= 1.
    template <class M>
    void validate(const M&) const
    {
        detail::require<invalid_argument>(weight >= 0 && weight <= 1,
                                          "soft_orthogonal needs a weight from 0 (none) to 1 "
                                          "(orthogonal), got ",
                                          weight);
    }

    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        if (is_row_separable(s.which))
            return hals{rounds}.prepare(gram, places, c, s.plain);
        hals::check_rounds(rounds);
        column_descent::add_terms_to_gram<T>(c, gram, places);
        s.deflect.reserve(places.size(), gram.rows);
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c, state<T>& s) const
    {
        if (is_row_separable(s.which))
            return hals{rounds}(f, eq, c, s.plain);
        column_descent::add_terms_to_rhs(c, eq.rhs, f);
        s.last_overlap = s.overlap;
        s.overlap = s.deflect.sweep(f, eq, c, hals::rounds_with<T>(c, rounds), weight,
                                    column_descent::soft_orthogonality<T>::sum::of_unit_lengths);
        hals::project_others(f, c);
    }
};
}
