// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Mixtures with known pure positions.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "../support.hpp"

namespace support
{
struct mixing
{
    std::size_t positions = 400;
    std::size_t channels = 100;
    std::size_t rank = 3;
    double most = 0.8;     ///< the largest share of one component in a mixed position
    bool pure = true;      ///< whether each component has a position of its own
    double brightness = 1; ///< positions are up to so many times brighter than others
    double decibel = 0;    ///< signal to noise; 0: no noise
    std::size_t alone = 0; ///< channels a component where it alone is not zero
    std::uint64_t seed = 1;
};

struct mixture
{
    matrix maps, components, X;
    std::vector<std::size_t> pure; ///< the pure position of each component
};

/// Shares of a position that sum to one, uniform on the simplex, none above `most`.
inline std::vector<double> shares(std::size_t rank, double most, std::mt19937_64& engine)
{
    std::exponential_distribution<double> draw(1);
    for (;;)
    {
        std::vector<double> out(rank);
        for (double& x : out)
            x = draw(engine);
        const double sum = std::accumulate(out.begin(), out.end(), 0.0);
        for (double& x : out)
            x /= sum;
        if (rank == 1 || *std::max_element(out.begin(), out.end()) <= most)
            return out;
    }
}

/// Smooth spectra, each a few broad bands of its own on a background, then noise.
inline mixture mixed(const mixing& r)
{
    std::mt19937_64 engine(r.seed);
    std::uniform_real_distribution<double> draw(0, 1);
    mixture out{matrix(r.positions, r.rank), matrix(r.channels, r.rank), {}, {}};
    const double m = static_cast<double>(r.channels);
    for (std::size_t j = 0; j < r.rank; ++j)
        for (int band = 0; band < 4; ++band)
        {
            const double centre = m * draw(engine), width = m * (0.01 + 0.04 * draw(engine)),
                         height = 0.3 + draw(engine);
            for (std::size_t c = 0; c < r.channels; ++c)
                out.components(c, j) +=
                    (band == 0 ? 0.05 : 0) +
                    height * std::exp(-std::pow((static_cast<double>(c) - centre) / width, 2) / 2);
        }
    for (std::size_t j = 0; j < r.rank && r.alone > 0; ++j)
        for (std::size_t c = 0; c < r.alone; ++c)
            for (std::size_t l = 0; l < r.rank; ++l)
                out.components(j * r.alone + c, l) = j == l ? 0.5 + draw(engine) : 0;
    for (std::size_t i = 0; i < r.positions; ++i)
    {
        const auto share = shares(r.rank, r.most, engine);
        for (std::size_t j = 0; j < r.rank; ++j)
            out.maps(i, j) = share[j];
    }
    for (std::size_t j = 0; r.pure && j < r.rank; ++j)
    {
        out.pure.push_back(7 + j * (r.positions - 10) / r.rank);
        for (std::size_t l = 0; l < r.rank; ++l)
            out.maps(out.pure[j], l) = j == l ? 1 : 0;
    }
    for (std::size_t i = 0; i < r.positions; ++i)
    {
        const double bright = std::pow(r.brightness, draw(engine));
        for (std::size_t j = 0; j < r.rank; ++j)
            out.maps(i, j) *= bright;
    }
    out.X = out.maps * transposed(out.components);
    if (r.decibel > 0)
    {
        const double power = squared_norm(out.X) / static_cast<double>(out.X.values.size());
        std::normal_distribution<double> noise(0, std::sqrt(power / std::pow(10, r.decibel / 10)));
        for (double& x : out.X.values)
            x += noise(engine);
    }
    return out;
}

inline std::vector<std::size_t> sorted(std::vector<std::size_t> v)
{
    std::sort(v.begin(), v.end());
    return v;
}
}
