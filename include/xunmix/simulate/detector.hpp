// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/crystal.hpp>

namespace xunmix::simulate
{
/// A reciprocal lattice as it lies on a detector: its axes as (v, u) in pixels.
struct lattice_on_detector
{
    std::array<double, 2> a_star{};
    std::array<double, 2> c_star{};
};

/// A camera in the diffraction plane: how reciprocal space falls onto pixels (v, u). Everything it
/// does to a pattern is linear, so that mixtures of patterns stay exact mixtures.
struct detector
{
    std::array<std::size_t, 2> shape;
    double pixel;       // edge of a pixel in reciprocal space, 1/Angstrom
    double disc_radius; // of a convergent beam's discs, pixels
    double spread;      // sigma of the camera's point spread, pixels

    /// The pixel that the direct beam hits.
    std::array<double, 2> centre() const
    {
        return {static_cast<double>(shape[0] / 2), static_cast<double>(shape[1] / 2)};
    }

    /// |g| in the middle of pixel (v, u), in 1/Angstrom.
    double reciprocal_length(std::size_t v, std::size_t u) const
    {
        return pixel * std::hypot(static_cast<double>(v) - centre()[0],
                                  static_cast<double>(u) - centre()[1]);
    }

    /// Pixels farther than this from a disc's centre hold next to nothing of it.
    double reach() const
    {
        return disc_radius + 4 * spread;
    }

    /// The axes of a sheet turned by `rotation` (radians) from u towards v.
    lattice_on_detector lattice(const sheet_crystal& crystal, double rotation) const
    {
        const double a = 1 / (crystal.a * pixel), c = 1 / (crystal.c * pixel);
        return {{a * std::sin(rotation), a * std::cos(rotation)},
                {c * std::cos(rotation), -c * std::sin(rotation)}};
    }

    /// Adds a disc of `intensity` in total, centred at (v, u). Its profile
    /// erfc((r - disc_radius) / (sqrt(2) spread)) is an edge blurred by the point spread; what
    /// falls off the detector is lost.
    void add_disc(tensor<double>& pattern, const std::array<double, 2>& at, double intensity) const
    {
        const std::array<double, 2> first{std::floor(at[0] - reach()), std::floor(at[1] - reach())};
        const auto width = static_cast<std::size_t>(2 * reach()) + 3;
        std::vector<double> profile(width * width);
        double sum = 0;
        for (std::size_t i = 0; i < profile.size(); ++i)
        {
            const double r = std::hypot(first[0] + static_cast<double>(i / width) - at[0],
                                        first[1] + static_cast<double>(i % width) - at[1]);
            profile[i] = std::erfc((r - disc_radius) / (std::sqrt(2.0) * spread));
            sum += profile[i];
        }
        for (std::size_t i = 0; i < profile.size(); ++i)
        {
            const double v = first[0] + static_cast<double>(i / width);
            const double u = first[1] + static_cast<double>(i % width);
            if (0 <= v && v < static_cast<double>(shape[0]) && 0 <= u &&
                u < static_cast<double>(shape[1]))
                pattern(static_cast<std::size_t>(v), static_cast<std::size_t>(u)) +=
                    intensity * profile[i] / sum;
        }
    }

    /// Charge smearing of a CCD that is read out without a shutter: every pixel passes under its
    /// whole column along v, so `fraction` of a column's charge ends up spread evenly over it.
    void smear(tensor<double>& pattern, double fraction) const
    {
        for (std::size_t u = 0; u < shape[1]; ++u)
        {
            double mean = 0;
            for (std::size_t v = 0; v < shape[0]; ++v)
                mean += pattern(v, u) / static_cast<double>(shape[0]);
            for (std::size_t v = 0; v < shape[0]; ++v)
                pattern(v, u) = (1 - fraction) * pattern(v, u) + fraction * mean;
        }
    }
};

/// The kinematical pattern (v, u) of a sheet, per incident electron: all discs that touch the
/// detector, 000 (the forward-scattered wave) among them.
inline tensor<double> sheet_pattern(const detector& camera, const sheet_crystal& crystal,
                                    const lattice_on_detector& lattice, const electron_beam& beam)
{
    auto pattern = tensor<double>::from_shape({camera.shape[0], camera.shape[1]});
    pattern.fill(0);
    const auto [v0, u0] = camera.centre();
    const double farthest = camera.pixel * (std::hypot(v0, u0) + camera.reach());
    const int last_h = static_cast<int>(farthest * crystal.a);
    const int last_l = static_cast<int>(farthest * crystal.c);
    for (int h = -last_h; h <= last_h; ++h)
        for (int l = -last_l; l <= last_l; ++l)
            camera.add_disc(pattern,
                            {v0 + h * lattice.a_star[0] + l * lattice.c_star[0],
                             u0 + h * lattice.a_star[1] + l * lattice.c_star[1]},
                            crystal.diffracted(h, l, beam));
    return pattern;
}

/// The pattern (v, u) of an amorphous carbon film, per incident electron: `scattered` of them fall
/// on the detector as f_C(g)^2 with the two broad halos of carbon, at 0.48 and 0.84/Angstrom
/// (their heights and widths are our choice), the rest stays in the direct beam.
inline tensor<double> amorphous_pattern(const detector& camera, double scattered)
{
    auto pattern = tensor<double>::from_shape({camera.shape[0], camera.shape[1]});
    const auto halo = [](double distance, double width)
    { return std::exp(-0.5 * distance * distance / (width * width)); };
    double sum = 0;
    for (std::size_t v = 0; v < camera.shape[0]; ++v)
        for (std::size_t u = 0; u < camera.shape[1]; ++u)
        {
            const double g = camera.reciprocal_length(v, u), f = carbon(g);
            pattern(v, u) = f * f * (1 + 0.6 * halo(g - 0.48, 0.06) + 0.4 * halo(g - 0.84, 0.08));
            sum += pattern(v, u);
        }
    for (auto& value : pattern)
        value *= scattered / sum;
    camera.add_disc(pattern, camera.centre(), 1 - scattered);
    return pattern;
}
}
