// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>

#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// F >= 0: the N of NMF (Lee & Seung 1999; Uesugi 2021, steps 4 and 6).
struct non_negative
{
    static constexpr bool row_separable = true;
    static constexpr bool entrywise = true;
    static constexpr bool orthant = true;

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
            x = std::max(x, T{0});
    }
    /// Nothing to add: a multiplicative step keeps the sign of what it multiplies.
    template <class T>
    void split_gradient(factor_ref<const T>, factor_ref<T>, factor_ref<T>) const
    {
    }
};
}
