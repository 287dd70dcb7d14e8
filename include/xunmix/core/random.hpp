// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace xunmix
{
/// The engine every call makes for itself from `options.seed`.
using random_engine = std::mt19937_64;

/// Uniform in [0, 1) with 53 random bits; unlike std::uniform_real_distribution the same numbers
/// on every platform.
inline double uniform01(random_engine& engine)
{
    return static_cast<double>(engine() >> 11) * 0x1p-53;
}

/// A number of the standard normal distribution, the same on every platform (Box & Muller 1958).
inline double normal01(random_engine& engine)
{
    const double radius = std::sqrt(-2 * std::log(1 - uniform01(engine)));
    return radius * std::cos(2 * std::numbers::pi * uniform01(engine));
}

/// Uniform in {0, ..., n - 1}, n > 0, the same on every platform.
inline std::uint64_t uniform_below(random_engine& engine, std::uint64_t n)
{
    const std::uint64_t limit = random_engine::max() - random_engine::max() % n;
    for (;;)
        if (const std::uint64_t draw = engine(); draw < limit)
            return draw % n;
}
}
