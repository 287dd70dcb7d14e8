// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <xunmix/core/factor.hpp>

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
    template <class T>
    static void project_row(factor_ref<T> f, std::size_t i)
    {
        std::size_t active = f.rank(), before = 0;
        double t = -1;
        for (bool first = true; active != before; first = false)
        {
            double sum = 0;
            std::size_t count = 0;
            for (std::size_t j = 0; j < f.rank(); ++j)
                if (first || static_cast<double>(f(i, j)) > t)
                {
                    sum += static_cast<double>(f(i, j));
                    ++count;
                }
            before = first ? 0 : active;
            active = count;
            t = (sum - 1) / static_cast<double>(count);
        }
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            const double x = static_cast<double>(f(i, j)) - t;
            f(i, j) = x > 0 ? static_cast<T>(x) : T{0};
        }
    }
};
}
