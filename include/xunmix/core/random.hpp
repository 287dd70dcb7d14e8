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

/// Mixes a key and an index to a number that looks drawn at random: what SplitMix64 (Steele, Lea &
/// Flood 2014) gives after `index` other numbers where it begins at `key`. For one key all indices
/// give different numbers.
constexpr std::uint64_t mixed(std::uint64_t key, std::uint64_t index)
{
    std::uint64_t z = key + 0x9e3779b97f4a7c15 * (index + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

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
