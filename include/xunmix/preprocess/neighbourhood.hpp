// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/model/factor.hpp>

// Places near a place, and robust numbers of what lies there.
namespace xunmix::detail
{
/// The unmasked places of a grid at most `reach` steps from `place` along every axis, itself left
/// out, in C order. Fewer at the borders.
inline std::vector<std::size_t> neighbours(const grid& places, std::size_t place, std::size_t reach)
{
    std::vector<std::size_t> found{0};
    std::size_t stride = places.size();
    for (const std::size_t extent : places.shape)
    {
        stride /= extent;
        const std::size_t at = place / stride % extent;
        const std::size_t first = at - std::min(at, reach);
        const std::size_t last = std::min(extent - 1 - at, reach) + at;
        std::vector<std::size_t> longer;
        for (const std::size_t before : found)
            for (std::size_t i = first; i <= last; ++i)
                longer.push_back(before * extent + i);
        found = std::move(longer);
    }
    std::erase_if(found, [&](std::size_t i) { return i == place || !places.keeps(i); });
    return found;
}

/// Changes the order of the values, of which there must be one at least.
inline double median(std::vector<double>& values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return values.size() % 2 == 1 ? *middle
                                  : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Middle and spread of values of which less than half may be anything: the median and the median
/// absolute deviation from it, in standard deviations of a Gaussian.
struct robust_spread
{
    double middle = 0;
    double sigma = 0;

    explicit robust_spread(std::vector<double>& values)
        : middle(median(values))
    {
        for (double& x : values)
            x = std::abs(x - middle);
        sigma = 1.4826 * median(values);
    }
};
}
