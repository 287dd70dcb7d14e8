// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <xunmix/core/factor.hpp>

namespace xunmix
{
/// Tikhonov penalty: weight sum F_ij^2 in the objective. Adds weight to the Gram's diagonal, so the
/// small system stays well conditioned where components resemble each other.
struct ridge
{
    static constexpr bool row_separable = true;

    double weight = 0;

    template <class T>
    double value(factor_ref<const T> f) const
    {
        double sum = 0;
        for (auto column : f.columns())
            for (T x : column)
                sum += static_cast<double>(x) * static_cast<double>(x);
        return weight * sum;
    }
    void add_to_gram(matrix_ref<double> gram) const
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
