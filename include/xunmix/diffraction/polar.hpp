// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include <xunmix/compare/dark_peaks.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/unfold/mask.hpp>

namespace xunmix
{
/// How rings lie on a detector.
struct polar_geometry
{
    /// (row, column) in pixels, (0, 0) the centre of the first pixel; by default half the size of
    /// each side, as in Kimoto 2025, Listing S4.
    std::optional<image_point> center{};
    double ellipticity = 1;   ///< long over short axis of what should be rings
    double ellipse_angle = 0; ///< direction of the long axis, radians from the row axis
    std::size_t radii = 0;    ///< n_r; 0: half the shorter side
    std::size_t angles = 0;   ///< n_phi; 0: four times the shorter side, 8 n_r for even ones
};

/// Polar samples of patterns (rows x columns) of one shape: sample (r, a) is the pattern,
/// interpolated bilinearly, at radius r pixels and angle phi = 2 pi a / n_phi,
///
///   row = row_0 + r cos phi, column = column_0 + r sin phi,
///
/// stretched along the ellipse's long axis and shrunk along the short one by the root of the
/// ellipticity. Samples lie radius by radius, angles side by side. A sample is `seen` where all
/// pixels that it takes part of lie on the detector and are not masked.
class polar_grid
{
  public:
    /// `keep` has one entry a pixel, 0 where masked, or is empty. Throws invalid_argument for
    /// patterns below 8 x 8 pixels, a centre outside, an ellipticity below 1, and a mask that hides
    /// a whole ring with seen ones on both sides of it.
    polar_grid(std::size_t rows, std::size_t columns, const polar_geometry& geometry = {},
               std::span<const std::uint8_t> keep = {})
        : rows_(rows)
        , columns_(columns)
    {
        const std::size_t side = std::min(rows, columns);
        detail::require<invalid_argument>(
            side >= 8, "a pattern needs at least 8 x 8 pixels for polar coordinates, got ", rows,
            " x ", columns);
        center_ = geometry.center.value_or(
            image_point{static_cast<double>(rows) / 2, static_cast<double>(columns) / 2});
        detail::require<invalid_argument>(
            center_[0] >= 0 && center_[0] <= static_cast<double>(rows - 1) && center_[1] >= 0 &&
                center_[1] <= static_cast<double>(columns - 1),
            "the centre of a pattern of ", rows, " x ", columns, " pixels must lie on it, got (",
            center_[0], ", ", center_[1], ')');
        detail::require<invalid_argument>(
            geometry.ellipticity >= 1 && is_finite(geometry.ellipticity),
            "the ellipticity is the long over the short axis, at least 1; got ",
            geometry.ellipticity);
        radii_ = geometry.radii > 0 ? geometry.radii : side / 2;
        angles_ = geometry.angles > 0 ? geometry.angles : 4 * side;
        set_stretch(geometry);
        place_samples(keep);
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                pixel_radii_.push_back(polar(i, j)[0]);
        check_rings();
    }

    std::size_t rows() const
    {
        return rows_;
    }
    std::size_t columns() const
    {
        return columns_;
    }
    std::size_t radii() const
    {
        return radii_;
    }
    std::size_t angles() const
    {
        return angles_;
    }
    const image_point& center() const
    {
        return center_;
    }
    bool seen(std::size_t radius, std::size_t angle) const
    {
        return samples_[radius * angles_ + angle].seen;
    }

    /// Samples of a pattern, radii x angles numbers; 0 where not seen.
    template <class T>
    void sample(std::span<const T> pattern, std::span<T> out) const
    {
        std::transform(samples_.begin(), samples_.end(), out.begin(),
                       [&](const place& p) { return value(pattern, p); });
    }

    /// A pattern between its pixels, bilinearly; 0 where that is off the detector.
    template <class T>
    T at(std::span<const T> pattern, const image_point& point) const
    {
        return value(pattern, place_at(point[0], point[1], {}));
    }

    /// The way back: every pixel from the samples around it, bilinearly in radius and angle; 0
    /// beyond the last radius.
    template <class T>
    void fold(std::span<const T> samples, std::span<T> pattern) const
    {
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < columns_; ++j)
            {
                const auto [radius, angle] = polar(i, j);
                T& out = pattern[i * columns_ + j] = T{0};
                if (radius > static_cast<double>(radii_ - 1))
                    continue;
                const auto r = static_cast<std::size_t>(radius),
                           a = static_cast<std::size_t>(angle);
                const std::size_t outer = std::min(r + 1, radii_ - 1), next = (a + 1) % angles_;
                const T between = static_cast<T>(radius - std::floor(radius));
                const T turned = static_cast<T>(angle - std::floor(angle));
                const auto on = [&](std::size_t ring)
                {
                    const T* at = samples.data() + ring * angles_;
                    return at[a % angles_] + turned * (at[next] - at[a % angles_]);
                };
                out = on(r) + between * (on(outer) - on(r));
            }
    }

    /// Radius of a pixel, pixels, and its angle in units of 2 pi / n_phi, from 0 to n_phi.
    image_point polar(std::size_t row, std::size_t column) const
    {
        const double y = static_cast<double>(row) - center_[0],
                     x = static_cast<double>(column) - center_[1];
        const double determinant = stretch_[0] * stretch_[2] - stretch_[1] * stretch_[1];
        const double v = (stretch_[2] * y - stretch_[1] * x) / determinant,
                     u = (stretch_[0] * x - stretch_[1] * y) / determinant;
        const double turns = std::atan2(u, v) / (2 * std::numbers::pi);
        return {std::hypot(u, v), (turns < 0 ? turns + 1 : turns) * static_cast<double>(angles_)};
    }

    /// Radius of a pixel, pixels.
    double radius(std::size_t row, std::size_t column) const
    {
        return pixel_radii_[row * columns_ + column];
    }

    /// (row, column) of a point at that radius, pixels, and angle, radians.
    image_point point(double radius, double phi) const
    {
        const double c = std::cos(phi), s = std::sin(phi);
        return {center_[0] + radius * (stretch_[0] * c + stretch_[1] * s),
                center_[1] + radius * (stretch_[1] * c + stretch_[2] * s)};
    }

  private:
    struct place
    {
        std::size_t pixel = 0; ///< above and to the left
        double right = 0, below = 0;
        bool seen = false;
    };

    template <class T>
    T value(std::span<const T> pattern, const place& at) const
    {
        if (!at.seen)
            return T{0};
        const T* p = pattern.data() + at.pixel;
        const T right = static_cast<T>(at.right), below = static_cast<T>(at.below);
        const std::size_t next_column = at.right > 0 ? 1 : 0;
        const std::size_t next_row = at.below > 0 ? columns_ : 0;
        const T above = p[0] + right * (p[next_column] - p[0]);
        const T under = p[next_row] + right * (p[next_row + next_column] - p[next_row]);
        return above + below * (under - above);
    }

    /// The symmetric matrix (a b; b c) that turns circles into the ellipses.
    void set_stretch(const polar_geometry& geometry)
    {
        const double longer = std::sqrt(geometry.ellipticity), shorter = 1 / longer;
        const double c = std::cos(geometry.ellipse_angle), s = std::sin(geometry.ellipse_angle);
        stretch_[0] = longer * c * c + shorter * s * s;
        stretch_[1] = (longer - shorter) * c * s;
        stretch_[2] = longer * s * s + shorter * c * c;
    }

    void place_samples(std::span<const std::uint8_t> keep)
    {
        samples_.resize(radii_ * angles_);
        seen_.resize(radii_);
        for (std::size_t a = 0; a < angles_; ++a)
        {
            const double phi =
                2 * std::numbers::pi * static_cast<double>(a) / static_cast<double>(angles_);
            const image_point ray = point(1, phi);
            for (std::size_t r = 0; r < radii_; ++r)
            {
                const double radius = static_cast<double>(r);
                auto& sample = samples_[r * angles_ + a];
                sample = place_at(center_[0] + radius * (ray[0] - center_[0]),
                                  center_[1] + radius * (ray[1] - center_[1]), keep);
                seen_[r] += sample.seen;
            }
        }
    }

    place place_at(double row, double column, std::span<const std::uint8_t> keep) const
    {
        // Rounding must not push a sample that lies on a pixel to its neighbour, or off the edge.
        constexpr double grain = 1e-6;
        const auto rounded = [&](double x)
        { return std::abs(x - std::round(x)) < grain ? std::round(x) : x; };
        row = rounded(row);
        column = rounded(column);
        place out;
        if (row < 0 || column < 0 || row > static_cast<double>(rows_ - 1) ||
            column > static_cast<double>(columns_ - 1))
            return out;
        const double above = std::floor(row), left = std::floor(column);
        out.pixel = static_cast<std::size_t>(above) * columns_ + static_cast<std::size_t>(left);
        out.below = row - above;
        out.right = column - left;
        out.seen = true;
        if (!keep.empty())
            for (const std::size_t down : {std::size_t{0}, out.below > 0 ? columns_ : 0})
                for (const std::size_t across : {std::size_t{0}, std::size_t{out.right > 0}})
                    out.seen = out.seen && keep[out.pixel + down + across] != 0;
        return out;
    }

    /// A hidden centre, as under a beam stop, and hidden edges leave the rings between them.
    void check_rings() const
    {
        const auto shown = [](std::size_t count) { return count > 0; };
        const auto first = std::find_if(seen_.begin(), seen_.end(), shown);
        const auto last = std::find_if(seen_.rbegin(), seen_.rend(), shown).base();
        detail::require<invalid_argument>(first != seen_.end(),
                                          "the mask hides all rings of the pattern");
        const auto hidden = std::find(first, last, std::size_t{0});
        detail::require<invalid_argument>(
            hidden == last, "the mask hides the whole ring at radius ", hidden - seen_.begin(),
            " between rings that it shows: nothing is known of the background there");
    }

    std::size_t rows_, columns_, radii_ = 0, angles_ = 0;
    image_point center_{};
    double stretch_[3] = {1, 0, 1};
    std::vector<place> samples_;
    std::vector<std::size_t> seen_;
    std::vector<double> pixel_radii_;
};
}
