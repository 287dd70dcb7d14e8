// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// l1 penalty: 2 weight sum |F_ij| in the objective |X - C S^T|^2 + ..., the lasso's
/// weight |F|_1 beside 1/2 |X - C S^T|^2. The plain sum, not the squared column sums that other
/// packages call L1.
///
/// Its weight has the unit of X times the other factor: hold the other factor's scale with
/// unit_norm, or the model escapes the penalty by shrinking this factor and growing the other. With
/// als and multiplicative it is meant for factors that are also non_negative.
struct sparse
{
    static constexpr bool row_separable = true;
    static constexpr bool scale_free = true, keeps_order = false;

    double weight = 0;

    /// Throws invalid_argument unless 0 <= weight < infinity.
    void validate(const grid&, std::size_t) const
    {
        detail::require<invalid_argument>(
            weight >= 0 && is_finite(weight),
            "sparse needs a weight that is not negative and finite, got ", weight);
    }
    template <class T>
    double value(factor_ref<const T> f) const
    {
        double sum = 0;
        for (auto column : f.columns())
            for (T x : column)
                sum += std::abs(static_cast<double>(x));
        return 2 * weight * sum;
    }
    /// Soft threshold at step weight.
    template <class T>
    void prox_column(factor_ref<T> f, std::size_t j, T step) const
    {
        const T threshold = step * static_cast<T>(weight);
        for (T& x : f.column(j))
            x = x > threshold ? x - threshold : x < -threshold ? x + threshold : T{0};
    }
    template <class T>
    void add_to_rhs(factor_ref<T> rhs, factor_ref<const T>) const
    {
        for (auto column : rhs.columns())
            for (T& x : column)
                x -= static_cast<T>(weight);
    }
    template <class T>
    void split_gradient(factor_ref<const T>, factor_ref<T> plus, factor_ref<T>) const
    {
        for (auto column : plus.columns())
            for (T& x : column)
                x += static_cast<T>(weight);
    }
};
}
