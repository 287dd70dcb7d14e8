// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <xunmix/core/factor.hpp>
#include <xunmix/core/small.hpp>

// The inner product in which a matrix measures its factors: sum over rows, or the weighted sum that
// a matrix with weights offers.
namespace xunmix::metric
{
/// out = F^T W F (k x k) for a factor of the given side.
template <class M, class T>
void gram(const M& x, side s, factor_ref<const T> f, matrix_ref<double> out, std::size_t threads)
{
    if constexpr (requires { x.gram(s, f, out, threads); })
        x.gram(s, f, out, threads);
    else
        small::gram(f, out, threads);
}

/// <A, W B> for two factors of the given side.
template <class M, class T>
double inner(const M& x, side s, factor_ref<const T> a, factor_ref<const T> b)
{
    if constexpr (requires { x.inner(s, a, b); })
        return x.inner(s, a, b);
    else
        return small::inner(a, b);
}
}
