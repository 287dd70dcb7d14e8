// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>

namespace xunmix::simulate
{
/// A convex piece of a sheet on the specimen. Coordinates (y, x) in nm.
struct flake
{
    struct edge
    {
        std::array<double, 2> normal; // outward, unit length
        double distance;              // from the origin, along the normal
    };

    std::array<double, 2> centre;
    std::array<double, 2> half_axes; // of an ellipse that lies inside
    std::vector<edge> edges;

    /// How far (y, x) lies inside the nearest edge; negative outside.
    double depth(double y, double x) const
    {
        double nearest = std::numeric_limits<double>::infinity();
        for (const auto& [normal, distance] : edges)
            nearest = std::min(nearest, distance - normal[0] * y - normal[1] * x);
        return nearest;
    }

    /// The part of a Gaussian probe of width sigma (nm) at (y, x) that lies on the flake, its edge
    /// taken as straight.
    double covers(double y, double x, double sigma) const
    {
        const double inside = depth(y, x) / sigma;
        if (std::abs(inside) > 6)
            return inside > 0 ? 1 : 0;
        return 0.5 * std::erfc(-inside / std::sqrt(2.0));
    }
};

/// A flake with six edges, each a tangent of the ellipse or up to 5 % farther out. Their directions
/// are random but at most 72 degrees apart, so that the flake ends within 1.3 times the ellipse.
inline flake random_flake(random_engine& engine, const std::array<double, 2>& centre,
                          const std::array<double, 2>& half_axes)
{
    constexpr int corners = 6;
    flake result{centre, half_axes, {}};
    const double turn = uniform01(engine);
    for (int i = 0; i < corners; ++i)
    {
        const double jitter = 0.2 * (uniform01(engine) - 0.5);
        const double angle = 2 * std::numbers::pi * (i + turn + jitter) / corners;
        const double reach = 1 + 0.05 * uniform01(engine);
        // sin(angle) y / half_axes[0] + cos(angle) x / half_axes[1] <= reach, seen from the centre
        const double y = std::sin(angle) / half_axes[0], x = std::cos(angle) / half_axes[1];
        const double length = std::hypot(y, x);
        const double distance = (reach + y * centre[0] + x * centre[1]) / length;
        result.edges.push_back({{y / length, x / length}, distance});
    }
    return result;
}

/// Overlapping sheets, a domain that counts where it lies on the first of them, and an amorphous
/// film whose thickness varies slowly.
struct specimen
{
    struct wave
    {
        double along_y, along_x; // periods over the scan
        double phase;            // periods
    };

    std::vector<flake> sheets;
    std::vector<double> rotations; // of the sheets, radians
    flake domain;
    std::array<wave, 2> film;

    /// 1, give or take 10 %, at the fractions y and x of the scan.
    double thickness(double y, double x) const
    {
        double sum = 1;
        for (const auto& [along_y, along_x, phase] : film)
            sum += 0.05 * std::cos(2 * std::numbers::pi * (along_y * y + along_x * x + phase));
        return sum;
    }
};

/// One sheet in each cell of a grid over height x width (nm), large enough to overlap its
/// neighbours but not to reach their centres, so that every sheet has places of its own. Between
/// the sheets' corners, along the rim and in spare cells of the grid nothing lies but the film. The
/// domain covers one side of the first sheet's middle.
inline specimen random_specimen(random_engine& engine, std::size_t sheets, double height,
                                double width)
{
    constexpr double rim = 0.08, jitter = 0.05; // of the scan, of a cell
    const auto between = [&](double low, double high)
    { return low + (high - low) * uniform01(engine); };
    const auto n = static_cast<double>(sheets);
    const double columns = std::clamp(std::ceil(std::sqrt(n * width / height)), 1.0, n);
    const double rows = std::ceil(n / columns);
    const std::array<double, 2> cell{(1 - 2 * rim) * height / rows,
                                     (1 - 2 * rim) * width / columns};
    specimen result{};
    for (double k = 0; k < n; ++k)
    {
        const double row = std::floor(k / columns), column = k - row * columns;
        const double y = rim * height + (row + 0.5 + between(-jitter, jitter)) * cell[0];
        const double x = rim * width + (column + 0.5 + between(-jitter, jitter)) * cell[1];
        const double half_y = between(0.58, 0.68) * cell[0];
        const double half_x = between(0.58, 0.68) * cell[1];
        result.sheets.push_back(random_flake(engine, {y, x}, {half_y, half_x}));
        result.rotations.push_back(std::numbers::pi * (k + between(-0.25, 0.25)) / n);
    }
    const auto& [centre, axes, edges] = result.sheets.front();
    const double side = between(0, 2 * std::numbers::pi);
    const double y = centre[0] + 0.4 * axes[0] * std::sin(side);
    const double x = centre[1] + 0.4 * axes[1] * std::cos(side);
    result.domain = random_flake(engine, {y, x}, {0.5 * axes[0], 0.5 * axes[1]});
    for (auto& wave : result.film)
        wave = {between(-1, 1), between(-1, 1), between(0, 1)};
    return result;
}

/// How a specimen is scanned.
struct probe_raster
{
    std::array<std::size_t, 2> positions; // y, x
    double step;                          // nm
    double sigma;                         // of the probe, nm
};

/// How much of each component every position sees, (2 + sheets, y, x): the film; each sheet, 1
/// where it covers the position whole, without its part on the domain; the domain. A position
/// averages over 16 x 16 places on its square, like the sub-scan of Uesugi et al. 2021.
inline tensor<double> coverage(const specimen& s, const probe_raster& raster, std::size_t threads)
{
    constexpr std::size_t places = 16;
    constexpr double share = 1.0 / (places * places);
    const std::size_t height = raster.positions[0], width = raster.positions[1];
    const std::size_t sheets = s.sheets.size();
    auto maps = tensor<double>::from_shape({2 + sheets, height, width});
    maps.fill(0);
    const auto nm = [&](std::size_t position, std::size_t place)
    {
        return (static_cast<double>(position) + (static_cast<double>(place) + 0.5) / places) *
               raster.step;
    };
    const auto visit = [&](std::size_t i, std::size_t j, double y, double x)
    {
        const double first = share * s.sheets[0].covers(y, x, raster.sigma);
        const double reduced = s.domain.covers(y, x, raster.sigma);
        maps(1, i, j) += first * (1 - reduced);
        maps(1 + sheets, i, j) += first * reduced;
        for (std::size_t k = 1; k < sheets; ++k)
            maps(1 + k, i, j) += share * s.sheets[k].covers(y, x, raster.sigma);
    };
    const auto visit_row = [&](std::size_t i, std::size_t)
    {
        const double middle_y = (static_cast<double>(i) + 0.5) / static_cast<double>(height);
        for (std::size_t j = 0; j < width; ++j)
        {
            const double middle_x = (static_cast<double>(j) + 0.5) / static_cast<double>(width);
            maps(0, i, j) = s.thickness(middle_y, middle_x);
            for (std::size_t p = 0; p < places * places; ++p)
                visit(i, j, nm(i, p / places), nm(j, p % places));
        }
    };
    parallel_for(height, threads, visit_row);
    return maps;
}
}
