// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Scans of counts planted with a number of components: peaks on a background, patches on a scan.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "../support.hpp"

namespace support
{
/// side^2 positions x m channels of means, `counts` of them a position on average.
inline matrix planted_means(std::size_t rank, std::size_t side, std::size_t m, double counts,
                            std::uint64_t seed)
{
    std::mt19937_64 engine(seed);
    std::uniform_real_distribution<double> draw(0, 1);
    const std::size_t n = side * side;
    matrix maps(n, rank), components(m, rank);
    for (std::size_t j = 0; j < rank; ++j)
    {
        const double centre = (static_cast<double>(j) + draw(engine)) / static_cast<double>(rank);
        for (std::size_t c = 0; c < m; ++c)
        {
            const double x = static_cast<double>(c) / static_cast<double>(m);
            components(c, j) = 0.1 + std::exp(-(x - centre) * (x - centre) / 2e-3);
        }
        const double y0 = draw(engine), x0 = draw(engine);
        for (std::size_t i = 0; i < n; ++i)
        {
            const double y = static_cast<double>(i / side) / static_cast<double>(side) - y0,
                         x = static_cast<double>(i % side) / static_cast<double>(side) - x0;
            maps(i, j) = 0.05 + std::exp(-(x * x + y * y) / 0.05);
        }
    }
    matrix X = maps * transposed(components);
    double sum = 0;
    for (const double x : X.values)
        sum += x;
    for (double& x : X.values)
        x *= counts * static_cast<double>(n) / sum;
    return X;
}

inline matrix poisson_counts(matrix means, std::uint64_t seed)
{
    std::mt19937_64 engine(seed);
    for (double& x : means.values)
        x = static_cast<double>(std::poisson_distribution<long>(std::max(x, 1e-12))(engine));
    return means;
}
}
