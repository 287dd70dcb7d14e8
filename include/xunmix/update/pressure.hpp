// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// An l1 penalty with a weight for each column: what determines relevance presses on the columns
/// that are hardly needed.
struct column_pressure
{
    static constexpr bool row_separable = true;

    std::vector<double> by_column{};

    /// Soft threshold at step by_column[j].
    template <class T>
    void prox_column(factor_ref<T> f, std::size_t j, T step) const
    {
        const auto threshold = static_cast<T>(static_cast<double>(step) * by_column[j]);
        for (T& x : f.column(j))
            x = x > threshold ? x - threshold : x < -threshold ? x + threshold : T{0};
    }
    template <class T>
    void split_gradient(factor_ref<const T>, factor_ref<T> plus, factor_ref<T>) const
    {
        for (std::size_t j = 0; j < plus.rank(); ++j)
            for (T& x : plus.column(j))
                x += static_cast<T>(by_column[j]);
    }
};

/// A constraint and the pressure beside it.
template <class C>
struct pressed
{
    const C& constraint;
    const column_pressure& pressure;

    void for_each_member(auto&& visit) const
    {
        xunmix::for_each_member(constraint, visit);
        visit(pressure);
    }
};
}
