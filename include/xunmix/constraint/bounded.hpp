// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <xunmix/core/error.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// lower <= F_ij <= upper (Kannan 2018's bounded factorization, on the factors).
struct bounded
{
    static constexpr bool row_separable = true;
    static constexpr bool entrywise = true;
    static constexpr bool scale_free = false;

    double lower = 0;
    double upper = std::numeric_limits<double>::infinity();

    /// Throws invalid_argument unless lower <= upper with a finite number between them.
    void validate(const grid&, std::size_t) const
    {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        detail::require<invalid_argument>(
            lower <= upper && lower < infinity && upper > -infinity,
            "bounded needs lower <= upper and a finite number between them, got ", lower, " and ",
            upper, "; leave a side open with lower = -infinity or upper = infinity");
    }
    template <class T>
    void project(factor_ref<T> f) const
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
            prox_column(f, j, T{});
    }
    template <class T>
    void prox_column(factor_ref<T> f, std::size_t j, T) const
    {
        for (T& x : f.column(j))
            x = std::clamp(x, static_cast<T>(lower), static_cast<T>(upper));
    }
};
}
