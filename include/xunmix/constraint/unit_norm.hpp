// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Every column has |F_j|_p = 1 (p = 1: unit sum of magnitudes, 2: Uesugi 2021, step 4). The
/// scale moves to the other factor, so C S^T stays as it is; zero columns stay zero. Exact unless
/// the other factor is penalised or bounded, where its scale matters.
struct unit_norm
{
    static constexpr bool scale_free = false;

    double p = 2;

    /// Throws invalid_argument unless p >= 1 (infinity: the largest magnitude is 1).
    void validate(const grid&, std::size_t) const
    {
        detail::require<invalid_argument>(p >= 1, "unit_norm needs p >= 1, got ", p);
    }
    template <class T>
    void normalize(factor_ref<T> f, std::span<double> scale) const
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            const double norm = norm_of(f.column(j));
            scale[j] = norm > 0 ? norm : 1;
            if (norm > 0)
                for (T& x : f.column(j))
                    x = static_cast<T>(static_cast<double>(x) / norm);
        }
    }

  private:
    /// |x|_p, scaled by the largest magnitude so that no power overflows.
    template <class T>
    double norm_of(std::span<T> column) const
    {
        double largest = 0;
        for (T x : column)
            largest = std::max(largest, std::abs(static_cast<double>(x)));
        if (largest == 0 || is_infinite(p))
            return largest;
        double sum = 0;
        for (T x : column)
        {
            const double y = std::abs(static_cast<double>(x)) / largest;
            sum += p == 2 ? y * y : p == 1 ? y : std::pow(y, p);
        }
        return largest * (p == 2 ? std::sqrt(sum) : p == 1 ? sum : std::pow(sum, 1 / p));
    }
};
}
