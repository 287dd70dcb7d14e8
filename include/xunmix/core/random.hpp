// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
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

/// Uniform in {0, ..., n - 1}, n > 0, the same on every platform.
inline std::uint64_t uniform_below(random_engine& engine, std::uint64_t n)
{
    const std::uint64_t limit = random_engine::max() - random_engine::max() % n;
    for (;;)
        if (const std::uint64_t draw = engine(); draw < limit)
            return draw % n;
}
}
