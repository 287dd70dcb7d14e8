// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// F_i >= 0 and sum_j F_ij = 1 in every row: at each position the maps are fractions of a whole
/// (abundances). Projects exactly on the simplex: F_ij <- max(0, F_ij - t) with the one t that
/// makes the row sum 1, found by dropping the entries below the current t (Michelot 1986) in at
/// most k rounds. Masked rows stay zero.
struct sum_to_one
{
    static constexpr bool row_separable = true;
    static constexpr bool scale_free = false;
    static constexpr bool in_orthant = true;

    template <class T>
    void project(factor_ref<T> f) const
    {
        for (std::size_t i = 0; i < f.rows(); ++i)
            if (f.keeps(i))
                project_row(f, i);
    }

  private:
    /// Everything relative to the row's largest entry, which keeps huge entries exact and itself
    /// always above t.
    template <class T>
    static void project_row(factor_ref<T> f, std::size_t i)
    {
        const std::size_t k = f.rank();
        double largest = static_cast<double>(f(i, 0));
        for (std::size_t j = 1; j < k; ++j)
            largest = std::max(largest, static_cast<double>(f(i, j)));
        const auto entry = [&](std::size_t j) { return static_cast<double>(f(i, j)) - largest; };
        double t = -std::numeric_limits<double>::infinity();
        for (std::size_t active = k + 1;;)
        {
            double sum = 0;
            std::size_t count = 0;
            for (std::size_t j = 0; j < k; ++j)
                if (entry(j) > t)
                {
                    sum += entry(j);
                    ++count;
                }
            if (count >= active)
                break;
            active = count;
            t = (sum - 1) / static_cast<double>(count);
        }
        for (std::size_t j = 0; j < k; ++j)
            f(i, j) = static_cast<T>(std::max(entry(j) - t, 0.0));
    }
};
}
