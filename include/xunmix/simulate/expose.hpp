// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>

namespace xunmix::simulate
{
struct exposure
{
    bool poisson = true; ///< false: the expectation itself, rounded for integer scans
    std::uint64_t seed = 1;
    std::size_t threads = 0; ///< at most; 0 is what OpenMP takes. The scan does not depend on it
};

namespace detail
{
/// Throws invalid_argument if a scan of T cannot hold a count of this expectation.
template <class T>
void require_range(double expectation)
{
    const double count =
        expectation + 10 * std::sqrt(expectation) + 20; // no draw in 1e20 is larger
    const double limit = std::min(static_cast<double>(std::numeric_limits<T>::max()), 0x1p53);
    xunmix::detail::require<invalid_argument>(count <= limit, "the brightest pixel may count ",
                                              count, ", but the scan's type holds ", limit,
                                              " at most; lower electrons or ask for a wider type");
}

/// Counts with these expectations, into out[0 .. expectation.size()).
template <class T>
void draw(const std::vector<double>& expectation, bool with_noise, random_engine& engine, T* out)
{
    for (std::size_t i = 0; i < expectation.size(); ++i)
        if (with_noise)
            out[i] = static_cast<T>(poisson(engine, expectation[i]));
        else if constexpr (std::is_integral_v<T>)
            out[i] = static_cast<T>(std::round(expectation[i]));
        else
            out[i] = static_cast<T>(expectation[i]);
}
}

/// The scan (y, x, v, u) that maps (k, y, x), in counts, and components (k, v, u) of unit sum are
/// expected to give. Every row of positions has a random engine of its own, so that rows can be
/// drawn in any order. Throws invalid_argument where T cannot hold the counts.
template <class T>
tensor<T> expose(const tensor<double>& maps, const tensor<double>& components,
                 const exposure& how = {})
{
    const std::size_t k = maps.shape()[0], rows = maps.shape()[1], columns = maps.shape()[2];
    const std::size_t positions = rows * columns, pixels = components.size() / k;
    auto scan =
        tensor<T>::from_shape({rows, columns, components.shape()[1], components.shape()[2]});
    const auto expose_row = [&](std::size_t row, std::size_t)
    {
        std::seed_seq seeds{static_cast<std::uint32_t>(how.seed),
                            static_cast<std::uint32_t>(how.seed >> 32),
                            static_cast<std::uint32_t>(row)};
        random_engine engine(seeds);
        std::vector<double> expectation(pixels);
        for (std::size_t i = row * columns; i < (row + 1) * columns; ++i)
        {
            std::fill(expectation.begin(), expectation.end(), 0.0);
            for (std::size_t j = 0; j < k; ++j)
                if (const double amount = maps.data()[j * positions + i]; amount != 0)
                    for (std::size_t p = 0; p < pixels; ++p)
                        expectation[p] += amount * components.data()[j * pixels + p];
            detail::require_range<T>(*std::max_element(expectation.begin(), expectation.end()));
            detail::draw(expectation, how.poisson, engine, scan.data() + i * pixels);
        }
    };
    parallel_for(rows, how.threads, expose_row);
    return scan;
}
}
