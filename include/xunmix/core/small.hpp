// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <xunmix/core/factor.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>

// The k x k side of things.
namespace xunmix::small
{
/// <a, b> in double. Many sums side by side: none waits for itself, and the shorter each is, the
/// less rounding it gathers.
template <class T>
double dot(const T* a, const T* b, std::size_t count)
{
    constexpr std::size_t lanes = 32;
    double sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t l = 0; l < lanes; ++l)
            sum[l] += static_cast<double>(a[i + l]) * static_cast<double>(b[i + l]);
    for (; i < count; ++i)
        sum[i % lanes] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return simd::sum_by_halves(sum);
}

/// gram = F^T F (k x k), summed in double in an order that does not depend on the threads.
template <class T>
void gram(factor_ref<const T> f, matrix_ref<double> out, std::size_t threads)
{
    constexpr std::size_t worth_threads = 65536;
    const std::size_t k = f.rank();
    parallel_for(k, f.rows() * k < worth_threads ? 1 : threads,
                 [&](std::size_t j, std::size_t)
                 {
                     for (std::size_t l = 0; l <= j; ++l)
                         out(j, l) = out(l, j) =
                             dot(f.column(j).data(), f.column(l).data(), f.rows());
                 });
}

/// <A, B> of two factors of one shape.
template <class T>
double inner(factor_ref<const T> a, factor_ref<const T> b)
{
    double sum = 0;
    for (std::size_t j = 0; j < a.rank(); ++j)
        sum += dot(a.column(j).data(), b.column(j).data(), a.rows());
    return sum;
}

/// <A, B> of two k x k matrices.
inline double inner(matrix_ref<const double> a, matrix_ref<const double> b)
{
    double sum = 0;
    for (std::size_t j = 0; j < a.rows; ++j)
        for (std::size_t l = 0; l < a.cols; ++l)
            sum += a(j, l) * b(j, l);
    return sum;
}
}
