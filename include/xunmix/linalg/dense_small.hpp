// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>

#include <xunmix/core/simd.hpp>
#include <xunmix/linalg/matrix_ref.hpp>

// The k x k side of things.
namespace xunmix::linalg
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

/// <A, B> of two k x k matrices.
inline double inner(matrix_ref<const double> a, matrix_ref<const double> b)
{
    double sum = 0;
    for (std::size_t j = 0; j < a.rows; ++j)
        for (std::size_t l = 0; l < a.cols; ++l)
            sum += a(j, l) * b(j, l);
    return sum;
}

/// Takes from v what lies along the unit vectors that stand one after the other in `basis`, twice
/// because the first time leaves rounding. The length of what is left.
inline double project_out(std::span<double> v, std::span<const double> basis)
{
    for (int round = 0; round < 2; ++round)
        for (const double* q = basis.data(); q != basis.data() + basis.size(); q += v.size())
        {
            const double along = dot(v.data(), q, v.size());
            for (std::size_t i = 0; i < v.size(); ++i)
                v[i] -= along * q[i];
        }
    return std::sqrt(dot(v.data(), v.data(), v.size()));
}

/// Turns the signs of both vectors of a pair where the entry of largest modulus in `deciding` is
/// negative, for pairs that mean only their product.
template <class T>
void make_largest_positive(std::span<T> deciding, std::span<T> other)
{
    const auto largest = std::max_element(deciding.begin(), deciding.end(),
                                          [](T a, T b) { return std::abs(a) < std::abs(b); });
    if (largest == deciding.end() || *largest >= T{0})
        return;
    for (const auto x : {deciding, other})
        std::transform(x.begin(), x.end(), x.begin(), std::negate<>{});
}
}
