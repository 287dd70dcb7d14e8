// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <xunmix/core/random.hpp>

namespace xunmix::simulate
{
namespace detail
{
/// log(k!): Stirling's series, with an error below 1e-10 for every k.
inline double log_factorial(double k)
{
    double shift = 0; // log((k + 1) ... (x - 1)) carries small k to where the series is good
    double x = k + 1;
    for (; x < 10; x += 1)
        shift += std::log(x);
    const double series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / (x * x)) / (x * x)) / x;
    return (x - 0.5) * std::log(x) - x + 0.5 * std::log(2 * std::numbers::pi) + series - shift;
}

/// Inversion: walks up the cumulated probabilities until they pass a uniform number. For means up
/// to about 10.
inline std::uint64_t poisson_by_inversion(random_engine& engine, double mean)
{
    constexpr std::uint64_t limit = 100; // not one draw in 1e60; the sum may stop short of 1
    double left = uniform01(engine);
    double probability = std::exp(-mean);
    std::uint64_t count = 0;
    while (left >= probability && count < limit)
    {
        left -= probability;
        ++count;
        probability *= mean / static_cast<double>(count);
    }
    return count;
}

/// Hoermann's transformed rejection PTRS (Insurance: Mathematics and Economics 12 (1993) 39), for
/// means from 10 on.
inline std::uint64_t poisson_by_rejection(random_engine& engine, double mean)
{
    const double b = 0.931 + 2.53 * std::sqrt(mean);
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;)
    {
        const double u = uniform01(engine) - 0.5;
        const double v = uniform01(engine);
        const double us = 0.5 - std::abs(u);
        const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r)
            return static_cast<std::uint64_t>(k);
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        const double accept = std::log(v * inverse_alpha / (a / (us * us) + b));
        if (accept <= k * std::log(mean) - mean - log_factorial(k))
            return static_cast<std::uint64_t>(k);
    }
}
}

/// A Poisson count with the given mean >= 0 (finite, below 1e15). Own code, where
/// std::poisson_distribution would give other numbers with every standard library: what comes out
/// for a seed depends on the last bits of exp and log only.
inline std::uint64_t poisson(random_engine& engine, double mean)
{
    return mean < 10 ? detail::poisson_by_inversion(engine, mean)
                     : detail::poisson_by_rejection(engine, mean);
}
}
