// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// What an observer may answer.
enum class flow
{
    proceed,
    stop
};

/// One finished iteration, as observers see it. The factors are a view of the solver's own: valid
/// during the call, not yet scaled or ordered.
template <class T>
struct iteration
{
    std::size_t number = 0; ///< 1 after the first iteration
    std::size_t max_iterations = 0;
    bool last = false;    ///< no iteration follows, whatever the observers answer
    double objective = 0; ///< |X - C S^T|^2, or another loss, + the constraints' terms
    double mse = 0;       ///< |X - C S^T|^2 / number of unmasked elements (Uesugi, step 7);
                          ///< NaN with another loss, which does without it
    double divergence = std::numeric_limits<double>::quiet_NaN(); ///< with such a loss: it / number
                                                                  ///< of unmasked elements
    double relative_change = 0; ///< (previous - objective) / previous; infinity for the first
    double seconds = 0;         ///< since the solver was made, without what observers took
    factor_ref<const T> maps{};
    factor_ref<const T> components{};

    /// mse, or divergence: what this factorization makes small.
    double misfit() const
    {
        return is_nan(divergence) ? mse : divergence;
    }
};
}
