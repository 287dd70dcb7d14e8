// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/expose.hpp>

namespace xunmix::simulate
{
/// A four-component scan in the spirit of the simulation of Kimoto 2025, whose recipe is not
/// published: three crystalline particles that overlap in projection, each with a lattice of spots
/// turned against the others', on an amorphous support with a hole over which they reach; a probe
/// of finite size, counting noise.
///
/// The crystals' patterns are spots on the diffuse scattering of crystals, the support's, the
/// fourth, is a halo. The hole and the corners of the patterns are where crystals are seen without
/// the support and the support's halo without them: only then do the data say how much of a halo is
/// whose. A crystal has the share `spot_fraction` of its intensity in spots.
struct particles
{
    std::array<std::size_t, 2> scan{48, 48};    ///< positions (y, x)
    std::array<std::size_t, 2> pattern{64, 64}; ///< pixels (v, u)
    double dose = 3000;                         ///< mean counts a position
    double spot_fraction = 0.3;
    double lattice = 13;      ///< distance of neighbouring spots, pixels
    double spot_sigma = 1.2;  ///< pixels
    double probe_sigma = 1.5; ///< positions: no map has finer detail
    double hole = 0.3;        ///< radius of the hole in the support, in sizes of the scan
    std::uint64_t seed = 1;
};

struct particles_scan
{
    tensor<std::uint16_t> counts; ///< (y, x, v, u)
    tensor<double> maps;          ///< (4, y, x), counts
    tensor<double> components;    ///< (4, v, u), unit sum
};

namespace detail
{
inline std::vector<double> of_unit_sum(std::vector<double> values)
{
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    for (double& x : values)
        x /= sum;
    return values;
}

/// A pattern that is `profile` of the distance from its middle, in pixels of a pattern of 64 x 64;
/// unit sum.
template <class Profile>
std::vector<double> around_middle(std::size_t rows, std::size_t columns, Profile profile)
{
    std::vector<double> out;
    const double scale = static_cast<double>(std::min(rows, columns)) / 64;
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
            out.push_back(
                profile(std::hypot(static_cast<double>(i) - static_cast<double>(rows) / 2,
                                   static_cast<double>(j) - static_cast<double>(columns) / 2) /
                        scale));
    return of_unit_sum(std::move(out));
}

/// Falling with the radius, with one broad ring.
inline std::vector<double> amorphous_halo(std::size_t rows, std::size_t columns)
{
    return around_middle(rows, columns,
                         [](double r) {
                             return std::exp(-r / 9) +
                                    0.25 * std::exp(-(r - 15) * (r - 15) / (2 * 4.0 * 4.0)) + 0.02;
                         });
}

/// Diffuse scattering of a crystal: no ring, nothing in the corners.
inline std::vector<double> diffuse_scattering(std::size_t rows, std::size_t columns)
{
    return around_middle(rows, columns, [](double r) { return std::exp(-r * r / (18.0 * 18.0)); });
}

/// Spots on a square lattice turned by `angle`, weaker farther out, no direct beam; unit sum.
inline std::vector<double> lattice_spots(std::size_t rows, std::size_t columns, double lattice,
                                         double sigma, double angle)
{
    std::vector<double> out(rows * columns);
    const double reach = static_cast<double>(std::min(rows, columns)) / 2 - 2 * sigma;
    const int orders = static_cast<int>(reach / lattice) + 1;
    for (int h = -orders; h <= orders; ++h)
        for (int k = -orders; k <= orders; ++k)
        {
            const double distance = lattice * std::hypot(h, k);
            if ((h == 0 && k == 0) || distance > reach)
                continue;
            const double v = static_cast<double>(rows) / 2 +
                             lattice * (h * std::cos(angle) - k * std::sin(angle)),
                         u = static_cast<double>(columns) / 2 +
                             lattice * (h * std::sin(angle) + k * std::cos(angle));
            const double height = std::exp(-distance / 25);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < columns; ++j)
                {
                    const double y = static_cast<double>(i) - v, x = static_cast<double>(j) - u;
                    out[i * columns + j] +=
                        height * std::exp(-(y * y + x * x) / (2 * sigma * sigma));
                }
        }
    return of_unit_sum(std::move(out));
}

/// The share of a disc that a Gaussian probe sees, by the error function of the distance from the
/// disc's edge: exact for a straight edge.
inline double blurred_disc(double y, double x, const std::array<double, 3>& disc, double sigma)
{
    const double inside = disc[2] - std::hypot(y - disc[0], x - disc[1]);
    return 0.5 * std::erfc(-inside / (std::sqrt(2.0) * sigma));
}
}

/// The scan and its truth. Throws invalid_argument for scans or patterns below 8 x 8, a dose or
/// widths that are not positive, or a spot fraction outside 0 to 1.
inline particles_scan simulate(const particles& p)
{
    using xunmix::detail::require;
    const auto [rows, columns] = p.pattern;
    require<invalid_argument>(std::min({p.scan[0], p.scan[1], rows, columns}) >= 8,
                              "the particles need a scan and patterns of at least 8 x 8, got ",
                              p.scan[0], " x ", p.scan[1], " and ", rows, " x ", columns);
    require<invalid_argument>(p.dose > 0 && p.lattice > 0 && p.spot_sigma > 0 && p.probe_sigma > 0,
                              "the particles need a dose, a lattice and widths above 0, got ",
                              p.dose, ", ", p.lattice, ", ", p.spot_sigma, " and ", p.probe_sigma);
    require<invalid_argument>(p.spot_fraction >= 0 && p.spot_fraction <= 1,
                              "the particles need a spot fraction between 0 and 1, got ",
                              p.spot_fraction);
    require<invalid_argument>(p.hole >= 0, "the particles need a hole of radius 0 or more, got ",
                              p.hole);
    random_engine engine(p.seed);
    const auto uniform = [&](double low, double high)
    { return low + (high - low) * uniform01(engine); };
    const std::size_t pixels = rows * columns, places = p.scan[0] * p.scan[1];

    particles_scan out;
    out.components = tensor<double>::from_shape({4, rows, columns});
    const auto halo = detail::amorphous_halo(rows, columns),
               diffuse = detail::diffuse_scattering(rows, columns);
    const double first_angle = uniform(0, std::numbers::pi / 2);
    for (std::size_t c = 0; c < 4; ++c)
    {
        const double angle = first_angle + static_cast<double>(c) * std::numbers::pi / 6;
        const auto spots = detail::lattice_spots(rows, columns, p.lattice, p.spot_sigma, angle);
        for (std::size_t i = 0; i < pixels; ++i)
            out.components.data()[c * pixels + i] =
                c == 3 ? halo[i] : (1 - p.spot_fraction) * diffuse[i] + p.spot_fraction * spots[i];
    }

    out.maps = tensor<double>::from_shape({4, p.scan[0], p.scan[1]});
    const double height = static_cast<double>(p.scan[0]), width = static_cast<double>(p.scan[1]);
    const double size = std::min(height, width);
    for (std::size_t c = 0; c < 4; ++c)
    {
        const double turn = 2 * std::numbers::pi * static_cast<double>(c) / 3 + uniform(-0.3, 0.3);
        const std::array<double, 3> disc{height / 2 + 0.17 * size * std::sin(turn),
                                         width / 2 + 0.17 * size * std::cos(turn),
                                         size * uniform(0.2, 0.28)};
        const std::array<double, 3> hole{height / 2, width / 2, p.hole * size};
        for (std::size_t i = 0; i < p.scan[0]; ++i)
            for (std::size_t j = 0; j < p.scan[1]; ++j)
            {
                const double y = static_cast<double>(i), x = static_cast<double>(j);
                out.maps(c, i, j) = c == 3
                                        ? (0.3 + 0.7 * x / width) * // a wedge
                                              (1 - detail::blurred_disc(y, x, hole, p.probe_sigma))
                                        : detail::blurred_disc(y, x, disc, p.probe_sigma);
            }
    }
    const double mean =
        std::accumulate(out.maps.begin(), out.maps.end(), 0.0) / static_cast<double>(places);
    out.maps *= p.dose / mean;

    out.counts = expose<std::uint16_t>(out.maps, out.components, {.seed = p.seed});
    return out;
}
}
