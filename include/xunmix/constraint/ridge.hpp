// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Tikhonov penalty: weight sum F_ij^2 in the objective. Adds weight to the Gram's diagonal, so the
/// small system stays well conditioned where components resemble each other.
struct ridge
{
    static constexpr bool row_separable = true;
    static constexpr bool scale_free = true, keeps_order = false;

    double weight = 0;

    /// Throws invalid_argument unless 0 <= weight < infinity.
    void validate(const grid&, std::size_t) const
    {
        detail::require<invalid_argument>(
            weight >= 0 && is_finite(weight),
            "ridge needs a weight that is not negative and finite, got ", weight);
    }
    template <class T>
    double value(factor_ref<const T> f) const
    {
        double sum = 0;
        for (auto column : f.columns())
            for (T x : column)
                sum += static_cast<double>(x) * static_cast<double>(x);
        return weight * sum;
    }
    void add_to_gram(matrix_ref<double> gram, const grid&) const
    {
        for (std::size_t j = 0; j < gram.rows; ++j)
            gram(j, j) += weight;
    }
    template <class T>
    void split_gradient(factor_ref<const T> f, factor_ref<T> plus, factor_ref<T>) const
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                plus(i, j) += static_cast<T>(weight) * f(i, j);
    }
};
}
