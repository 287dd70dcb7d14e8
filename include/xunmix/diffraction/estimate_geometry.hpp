// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/diffraction/polar.hpp>

namespace xunmix
{
/// Pixels of a detector that see anything: 1 where a pattern, best the mean of a scan, is finite
/// and above zero, 0 in dead pixels, gaps and the shadow of a beam stop.
template <class T>
std::vector<std::uint8_t> estimate_mask(std::span<const T> pattern)
{
    std::vector<std::uint8_t> keep;
    keep.reserve(pattern.size());
    for (const T x : pattern)
        keep.push_back(is_finite(static_cast<double>(x)) && x > T{0} ? 1 : 0);
    return keep;
}

namespace detail
{
/// How much a pattern varies along what should be rings.
class ring_residual
{
  public:
    /// Centre (row, column), and the ellipse as ln(ellipticity) times cosine and sine of twice its
    /// angle, so that a circle is nothing special.
    using geometry = std::array<double, 4>;

    template <class T>
    ring_residual(std::span<const T> pattern, std::size_t rows, std::size_t columns,
                  std::span<const std::uint8_t> keep)
    {
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                if (keep.empty() || keep[i * columns + j] != 0)
                    pixels_.push_back({static_cast<double>(i), static_cast<double>(j),
                                       static_cast<double>(pattern[i * columns + j])});
        profile_.resize(2 * (rows + columns));
        weights_.resize(profile_.size());
        places_.resize(pixels_.size());
        deviations_.resize(pixels_.size());
        double sum = 0;
        for (const auto& p : pixels_)
            sum += std::abs(p.value);
        least_expected_ =
            std::max(1e-3 * sum / static_cast<double>(std::max<std::size_t>(1, pixels_.size())),
                     std::numeric_limits<double>::min());
    }

    /// The pattern's centre of gravity.
    geometry middle() const
    {
        double sum = 0, row = 0, column = 0;
        for (const auto& p : pixels_)
            sum += p.value, row += p.row * p.value, column += p.column * p.value;
        return {row / sum, column / sum, 0, 0};
    }

    /// Sum over the pixels of min(d^2, limit^2), d their difference from the profile over the
    /// root of it: counting noise is the same everywhere, and spots do not count more than that.
    /// The profile is the mean at each radius, linear between whole radii, of the pixels within the
    /// limit.
    double operator()(const geometry& g)
    {
        place(g);
        average([](std::size_t) { return true; });
        for (int round = 0; round < 2; ++round)
        {
            deviate();
            average([&](std::size_t i) { return std::abs(deviations_[i]) <= limit_; });
        }
        deviate();
        double sum = 0;
        for (const double d : deviations_)
            sum += std::min(d * d, limit_ * limit_);
        return sum;
    }

    /// Sets the limit to three standard deviations of the pixels at this geometry, by their median.
    void set_limit(const geometry& g)
    {
        limit_ = std::numeric_limits<double>::infinity();
        (*this)(g);
        for (double& d : deviations_)
            d = std::abs(d);
        const auto half = deviations_.begin() + std::ssize(deviations_) / 2;
        std::nth_element(deviations_.begin(), half, deviations_.end());
        limit_ = 3 * 1.4826 * *half;
    }

    static polar_geometry polar(const geometry& g)
    {
        return {.center = image_point{g[0], g[1]},
                .ellipticity = std::exp(std::hypot(g[2], g[3])),
                .ellipse_angle = std::atan2(g[3], g[2]) / 2};
    }

  private:
    struct pixel
    {
        double row, column, value;
    };

    /// The radius of every pixel: the stretch of polar_grid, undone.
    void place(const geometry& g)
    {
        const double size = std::hypot(g[2], g[3]), angle = std::atan2(g[3], g[2]) / 2;
        const double longer = std::exp(size / 2), c = std::cos(angle), s = std::sin(angle);
        for (std::size_t i = 0; i < pixels_.size(); ++i)
        {
            const double y = pixels_[i].row - g[0], x = pixels_[i].column - g[1];
            places_[i] = std::hypot((c * y + s * x) / longer, (c * x - s * y) * longer);
        }
    }
    template <class Counts>
    void average(Counts counts)
    {
        std::fill(profile_.begin(), profile_.end(), 0.0);
        std::fill(weights_.begin(), weights_.end(), 0.0);
        for (std::size_t i = 0; i < pixels_.size(); ++i)
        {
            if (!counts(i))
                continue;
            const auto [ring, share] = split(places_[i]);
            for (const std::size_t side : {0U, 1U})
            {
                const double w = side == 0 ? 1 - share : share;
                profile_[ring + side] += w * pixels_[i].value;
                weights_[ring + side] += w;
            }
        }
        for (std::size_t r = 0; r < profile_.size(); ++r)
            if (weights_[r] > 0)
                profile_[r] /= weights_[r];
    }
    struct on_profile
    {
        std::size_t ring;
        double share;
    };
    on_profile split(double radius) const
    {
        const double most = static_cast<double>(profile_.size() - 2);
        const double ring = std::min(std::floor(radius), most);
        return {static_cast<std::size_t>(ring), std::min(radius - ring, 1.0)};
    }
    void deviate()
    {
        for (std::size_t i = 0; i < pixels_.size(); ++i)
        {
            const auto [ring, share] = split(places_[i]);
            const double expected = (1 - share) * profile_[ring] + share * profile_[ring + 1];
            deviations_[i] =
                (pixels_[i].value - expected) / std::sqrt(std::max(expected, least_expected_));
        }
    }

    std::vector<pixel> pixels_;
    std::vector<double> profile_, weights_, places_, deviations_;
    double least_expected_ = 0; ///< keeps empty rings from dividing by zero
    double limit_ = std::numeric_limits<double>::infinity();
};
}

/// How the rings of a pattern lie, from the pattern itself, best the mean of a scan: the centre,
/// and with `elliptic` the ellipse, around which it varies least along the rings; spots, beyond
/// three standard deviations, hardly count. A compass search from the detector's middle or the
/// pattern's centre of gravity, whichever is better, to 1/256 of a pixel. For patterns with a halo
/// or rings, not for spots alone.
///
/// Throws invalid_argument for a size that does not fit, a pattern smaller than 8 x 8 pixels, and
/// one without a positive sum over the pixels that count.
template <class T>
polar_geometry estimate_geometry(std::span<const T> pattern, std::size_t rows, std::size_t columns,
                                 std::span<const std::uint8_t> keep = {}, bool elliptic = true)
{
    detail::check_pattern(pattern.size(), rows, columns);
    static_cast<void>(polar_grid(rows, columns)); // refuses what is too small
    detail::require<invalid_argument>(keep.empty() || keep.size() == pattern.size(),
                                      "a mask needs one entry for each of the ", pattern.size(),
                                      " pixels, got ", keep.size());
    detail::ring_residual residual(pattern, rows, columns, keep);
    auto best = residual.middle();
    detail::require<invalid_argument>(is_finite(best[0]) && is_finite(best[1]),
                                      "the geometry of a pattern needs one with a positive sum");
    const detail::ring_residual::geometry middle{static_cast<double>(rows) / 2,
                                                 static_cast<double>(columns) / 2, 0, 0};
    if (residual(middle) < residual(best))
        best = middle;
    const std::size_t unknown = elliptic ? 4 : 2;
    int tries = 20; // the limit changes, so that a search need not end
    // A step of the ellipse moves a ring's edge as far as one of the centre does.
    const double half = static_cast<double>(std::min(rows, columns)) / 2;
    for (double step = 4; step >= 1.0 / 256;)
    {
        residual.set_limit(best);
        double least = residual(best);
        bool moved = false;
        for (std::size_t i = 0; i < unknown; ++i)
            for (const double sign : {-1.0, 1.0})
            {
                auto next = best;
                next[i] += sign * (i < 2 ? step : step / half);
                if (const double there = residual(next); there < least)
                    best = next, least = there, moved = true;
            }
        if (!moved || --tries == 0)
            step /= 2, tries = 20;
    }
    return detail::ring_residual::polar(best);
}
}
