// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/xtensor.hpp>

// Transforms for the eye only. A sum of components is no sum any more after them,
//
//     log(c_1 s_1 + c_2 s_2) != c_1 log s_1 + c_2 log s_2,    and so for the square root:
//
// a phase would look like another one in every thickness and every mixture, and the linear model X
// ~ C S^T would need a component for each. Factorize the counts, and transform what is drawn; noise
// that grows with the signal is a matter of weights (scaled), which keep the model.
namespace xunmix
{
/// log10 of every element of a tensor, for display only: see the top of this file. Elements below
/// `least` count as `least`; 0 stands for the smallest element above zero. Where there is none the
/// result is zero everywhere; what is not a number stays so. Throws invalid_argument for a least
/// value below 0.
template <class E>
tensor<double> display_log(const E& e, double least = 0)
{
    detail::require<invalid_argument>(least >= 0 && is_finite(least),
                                      "the least value to take a logarithm of must be above 0, or "
                                      "0 for the smallest there is, got ",
                                      least);
    tensor<double> out = e;
    if (least == 0)
    {
        least = std::numeric_limits<double>::infinity();
        for (const double x : out)
            least = x > 0 ? std::min(least, x) : least;
        if (is_infinite(least))
            least = 1;
    }
    for (double& x : out)
        x = is_nan(x) ? x : std::log10(std::max(x, least));
    return out;
}

/// 2 sqrt(x + 3/8) of every element of a tensor (Anscombe 1948), which gives Poisson counts above
/// about 4 the variance 1, for display only: see the top of this file. Elements below -3/8 give 0;
/// what is not a number stays so.
template <class E>
tensor<double> display_sqrt(const E& e)
{
    tensor<double> out = e;
    for (double& x : out)
        x = is_nan(x) ? x : 2 * std::sqrt(std::max(x + 0.375, 0.0));
    return out;
}
}
