// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/diffraction/polar.hpp>

namespace xunmix
{
/// What counts as a spot on a ring, and what is left of the ring without it.
struct outlier_rule
{
    double factor = 2;           ///< a sample of at least factor x the ring's mean is an outlier
    std::size_t passes = 1;      ///< so often at most: the mean falls when outliers have gone
    bool replace = false;        ///< by the mean they were measured against; else left out
    bool at_most_median = false; ///< and no more than the ring's median
};

/// Kimoto 2025, Listing S4: one pass, threshold 2, outliers replaced by the mean that includes
/// them.
inline constexpr outlier_rule listing_s4_outliers{.replace = true};
/// Ours: repeated, outliers left out, at most the median. Spots count for nothing while they cover
/// less than half of a ring.
inline constexpr outlier_rule robust_outliers{.passes = 5, .at_most_median = true};

namespace detail
{
/// The background of one ring from its seen samples; may change their order.
template <class T>
double ring_background(std::span<T> ring, const outlier_rule& rule)
{
    const auto mean_of = [](std::span<const T> values)
    {
        double sum = 0;
        for (const T x : values)
            sum += static_cast<double>(x);
        return sum / static_cast<double>(values.size());
    };
    if (ring.empty())
        return 0;
    double mean = mean_of(ring);
    auto kept = ring;
    for (std::size_t pass = 0; pass < rule.passes; ++pass)
    {
        const double limit = rule.factor * mean;
        if (static_cast<double>(*std::max_element(kept.begin(), kept.end())) < limit)
            break;
        const auto regular = [limit](T x) { return static_cast<double>(x) < limit; };
        const auto end = std::partition(kept.begin(), kept.end(), regular);
        const auto outliers = static_cast<std::size_t>(kept.end() - end);
        if (outliers == kept.size())
            break;
        if (rule.replace)
            std::fill(end, kept.end(), static_cast<T>(mean));
        else
            kept = kept.first(kept.size() - outliers);
        mean = mean_of(kept);
    }
    // The median is below the mean only where more than half of the samples are.
    const auto is_below = [mean](T x) { return static_cast<double>(x) < mean; };
    if (!rule.at_most_median ||
        2 * static_cast<std::size_t>(std::count_if(ring.begin(), ring.end(), is_below)) <=
            ring.size())
        return mean;
    const auto middle = ring.begin() + static_cast<std::ptrdiff_t>(ring.size() / 2);
    std::nth_element(ring.begin(), middle, ring.end());
    return std::min(mean, static_cast<double>(*middle));
}
}

/// A pattern's background at each radius, n_r numbers, from its polar samples (as polar_grid gives
/// them): the mean over the angles without outliers. 0 on rings that are not seen.
template <class T>
std::vector<double> radial_background(const polar_grid& grid, std::span<const T> samples,
                                      const outlier_rule& rule)
{
    std::vector<double> profile(grid.radii());
    std::vector<T> ring(grid.angles());
    for (std::size_t r = 0; r < grid.radii(); ++r)
    {
        std::size_t count = 0;
        for (std::size_t a = 0; a < grid.angles(); ++a)
            if (grid.seen(r, a))
                ring[count++] = samples[r * grid.angles() + a];
        profile[r] = detail::ring_background(std::span<T>(ring).first(count), rule);
    }
    return profile;
}

/// Rotational average without outliers of a pattern (rows x columns, row-major), as a pattern:
/// radial_background interpolated linearly at each pixel's radius; 0 beyond the last radius, where
/// the listing says nothing. One object for many patterns of a grid: it keeps its memory.
template <class T>
class rotational_averager
{
  public:
    /// The grid must outlive it.
    explicit rotational_averager(const polar_grid& grid,
                                 const outlier_rule& rule = listing_s4_outliers)
        : grid_(grid)
        , rule_(rule)
        , samples_(grid.radii() * grid.angles())
        , average_(grid.rows() * grid.columns())
    {
    }

    /// Valid until the next call. Throws invalid_argument for a pattern of another size.
    std::span<const T> operator()(std::span<const T> pattern)
    {
        const std::size_t rows = grid_.rows(), columns = grid_.columns();
        detail::check_pattern(pattern.size(), rows, columns);
        grid_.sample(pattern, std::span<T>(samples_));
        const auto profile = radial_background(grid_, std::span<const T>(samples_), rule_);
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                average_[i * columns + j] = static_cast<T>(at(profile, grid_.radius(i, j)));
        return average_;
    }

  private:
    static double at(const std::vector<double>& profile, double radius)
    {
        if (radius > static_cast<double>(profile.size() - 1))
            return 0;
        const auto inner = static_cast<std::size_t>(radius);
        const std::size_t outer = std::min(inner + 1, profile.size() - 1);
        const double share = radius - static_cast<double>(inner);
        return profile[inner] + share * (profile[outer] - profile[inner]);
    }

    const polar_grid& grid_;
    outlier_rule rule_;
    std::vector<T> samples_, average_;
};
}
