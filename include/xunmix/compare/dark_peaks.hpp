// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <xunmix/core/error.hpp>

namespace xunmix
{
namespace detail
{
/// Throws invalid_argument unless a pattern has as many values as pixels.
inline void check_pattern(std::size_t values, std::size_t rows, std::size_t columns)
{
    require<invalid_argument>(values == rows * columns, "a pattern of ", rows, " x ", columns,
                              " pixels has ", rows * columns, " values, got ", values);
}
}

/// The morphological closing of a pattern by a disk: the least over a disk of the largest over a
/// disk, where it lies on the pattern. Never below the pattern. Throws invalid_argument for a size
/// that does not fit or a negative radius.
template <class T>
std::vector<T> closing(std::span<const T> pattern, std::size_t rows, std::size_t columns,
                       double radius)
{
    detail::check_pattern(pattern.size(), rows, columns);
    detail::require<invalid_argument>(radius >= 0, "a disk's radius must not be negative, got ",
                                      radius);
    const auto reach = static_cast<std::ptrdiff_t>(radius);
    // The extreme over the disk around each pixel, where it lies on the pattern.
    const auto over_disk = [&](std::span<const T> from, auto better)
    {
        std::vector<T> out(from.begin(), from.end());
        const auto height = static_cast<std::ptrdiff_t>(rows),
                   width = static_cast<std::ptrdiff_t>(columns);
        for (std::ptrdiff_t dy = -reach; dy <= reach; ++dy)
            for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx)
            {
                if (static_cast<double>(dx * dx + dy * dy) > radius * radius)
                    continue;
                for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, -dy);
                     i < std::min(height, height - dy); ++i)
                    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, -dx);
                         j < std::min(width, width - dx); ++j)
                    {
                        T& best = out[static_cast<std::size_t>(i * width + j)];
                        const T other = from[static_cast<std::size_t>((i + dy) * width + j + dx)];
                        best = better(best, other);
                    }
            }
        return out;
    };
    const auto dilated = over_disk(pattern, [](T a, T b) { return std::max(a, b); });
    return over_disk(std::span<const T>(dilated), [](T a, T b) { return std::min(a, b); });
}

/// Dark-peak weight of a pattern without knowing the truth: its black top-hat, the closing by a
/// disk less the pattern, summed over the pixels and divided by the pattern's sum. About .02 on
/// noiseless patterns of spots on a smooth background; the disk has the size of a spot. Throws
/// invalid_argument for a pattern without a positive sum, or a negative radius.
template <class T>
double dark_peak_weight(std::span<const T> pattern, std::size_t rows, std::size_t columns,
                        double radius)
{
    detail::check_pattern(pattern.size(), rows, columns);
    const double sum = std::accumulate(pattern.begin(), pattern.end(), 0.0);
    detail::require<invalid_argument>(
        sum > 0, "the dark-peak weight of a pattern needs a positive sum, got ", sum);
    const auto closed = closing(pattern, rows, columns, radius);
    double dark = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        dark += static_cast<double>(closed[i]) - static_cast<double>(pattern[i]);
    return dark / sum;
}

/// Where the truth is known: the share of a true pattern that is missing from the one found, at the
/// spots of the others, which is where factorizations dig holes:
///
///   sum max(0, truth - found) / sum truth, over the pixels where another true pattern is more than
///   `contrast` times as bright as this one.
///
/// All patterns are compared at unit sum. 0 where the others have no such spots. Throws
/// invalid_argument for patterns of different sizes or without a positive sum.
template <class T>
double missing_weight(std::span<const T> found, std::span<const T> truth,
                      const std::vector<std::span<const T>>& others, double contrast = 2)
{
    const auto sum_of = [](std::span<const T> pattern)
    {
        const double sum = std::accumulate(pattern.begin(), pattern.end(), 0.0);
        detail::require<invalid_argument>(sum > 0, "a pattern needs a positive sum, got ", sum);
        return sum;
    };
    const double found_sum = sum_of(found), truth_sum = sum_of(truth);
    std::vector<double> brightest(truth.size());
    for (const auto& other : others)
    {
        const double sum = sum_of(other);
        detail::require<invalid_argument>(other.size() == truth.size() &&
                                              found.size() == truth.size(),
                                          "patterns of one size are needed, got ", found.size(),
                                          ", ", truth.size(), " and ", other.size(), " pixels");
        for (std::size_t i = 0; i < truth.size(); ++i)
            brightest[i] = std::max(brightest[i], static_cast<double>(other[i]) / sum);
    }
    double missing = 0, all = 0;
    for (std::size_t i = 0; i < truth.size(); ++i)
    {
        const double expected = static_cast<double>(truth[i]) / truth_sum;
        if (brightest[i] <= contrast * expected)
            continue;
        missing += std::max(0.0, expected - static_cast<double>(found[i]) / found_sum);
        all += expected;
    }
    return all > 0 ? missing / all : 0;
}
}
