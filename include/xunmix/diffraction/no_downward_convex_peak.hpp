// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/diffraction/polar.hpp>
#include <xunmix/diffraction/rotational_average.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// What no pixel of a pattern may lie below, at its radius.
enum class background_bound
{
    listing_s4, ///< Kimoto 2025's: the rotational average without outliers, scaled to the pattern's
                ///< own sum. The spots it leaves out make it too high by 1 / (1 - their share).
    rotational_average, ///< the same without that scaling
    robust              ///< outliers removed repeatedly, never above the angular median
};

/// Diffraction patterns have no downward-convex peaks: no dark spots where other components are
/// bright (Kimoto 2025, [.]_W). Every pixel is raised to the pattern's own background at its
/// radius,
///
///   S_j <- max(S_j, B(S_j)).
///
/// listing_s4 is Listing S4 exactly, in which pattern and background have unit sum; robust is ours,
/// and the default. Corners beyond the largest ring stay as they are, masked pixels too.
///
/// The bound moves with the pattern, so this is no projection on a convex set: an iteration may
/// raise the objective, and the last iterate is the result.
struct no_downward_convex_peak
{
    static constexpr bool moves = true;

    background_bound bound = background_bound::robust;
    polar_geometry geometry{};

    /// Throws invalid_argument for components that are not images of at least 8 x 8 pixels, a
    /// centre outside them, and a mask that hides a ring between others.
    void validate(const grid& places, std::size_t) const
    {
        detail::require<invalid_argument>(
            places.shape.size() == 2,
            "no_downward_convex_peak needs components that are images, with two axes; these have "
            "shape ",
            detail::shape_text(places.shape));
        static_cast<void>(polar_grid(places.shape[0], places.shape[1], geometry, places.keep));
    }

    template <class T>
    void project(factor_ref<T> f) const
    {
        const auto shape = f.shape();
        const polar_grid rings(shape[0], shape[1], geometry, f.places()->keep);
        const outlier_rule& rule =
            bound == background_bound::robust ? robust_outliers : listing_s4_outliers;
        rotational_averager<T> average(rings, rule);
        for (auto pattern : f.columns())
        {
            const auto background = average(pattern);
            const double scale = bound == background_bound::listing_s4
                                     ? sum_of(f, pattern) / sum_of(f, background)
                                     : 1;
            if (!(scale > 0) || scale > largest_scale)
                continue; // nothing there, or no background at all
            for (std::size_t i = 0; i < pattern.size(); ++i)
                if (f.keeps(i))
                    pattern[i] = std::max(
                        pattern[i], static_cast<T>(scale * static_cast<double>(background[i])));
        }
    }

  private:
    static constexpr double largest_scale = 1e6;

    template <class T, class Values>
    static double sum_of(factor_ref<T> f, const Values& values)
    {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            if (f.keeps(i))
                sum += static_cast<double>(values[i]);
        return sum;
    }
};

}
