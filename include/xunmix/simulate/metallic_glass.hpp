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
#include <xunmix/simulate/ball.hpp>
#include <xunmix/simulate/detector.hpp>
#include <xunmix/simulate/expose.hpp>

namespace xunmix::simulate
{
/// A scan in the spirit of the partly crystallized Zr-Cu-Al glass of Kimoto 2024 and 2025: an
/// amorphous matrix of slowly varying thickness with small round precipitates of a few structures,
/// each turned about the beam by an angle of its own. The structures' lattices and all intensities
/// are our choice.
struct metallic_glass_options
{
    std::array<std::size_t, 2> scan{128, 128};    ///< positions (y, x)
    std::array<std::size_t, 2> pattern{128, 128}; ///< pixels (v, u)
    std::size_t precipitates = 29;
    std::size_t structures = 3; ///< 1 to 4: square, hexagonal, rectangular, oblique lattices
    double step_nm = 1;         ///< between positions
    double diameter_nm = 7;     ///< mean; 4 to 10
    double probe_nm = 1;        ///< full width of the probe at half maximum
    double electrons = 10000;   ///< counts a position where the matrix has its mean thickness
    double spot_fraction = 0.3; ///< of the intensity in the middle of a mean precipitate
    std::uint64_t seed = 1;
    std::size_t threads = 0; ///< at most; the scan does not depend on it
};

/// The scan and its truth. Component 0 is the amorphous matrix, the others are precipitates.
struct metallic_glass_scan
{
    tensor<std::uint16_t> counts;        ///< (y, x, v, u)
    tensor<double> maps;                 ///< (k, y, x), counts
    tensor<double> components;           ///< (k, v, u), unit sum
    std::vector<std::size_t> structures; ///< of each component: 0 amorphous, 1, 2, ...
    std::vector<double> rotations;       ///< of each component from u towards v, radians
    std::vector<std::size_t> symmetries; ///< of each component: turned by 2 pi / this it is itself
};

namespace detail
{
/// A plane lattice of reflections: axes in pixels of a pattern of 128, and the angle between them.
struct plane_lattice
{
    double a, b, gamma;
    double odd; ///< amplitude of reflections with odd h + k
    std::size_t symmetry;
};
inline constexpr plane_lattice glass_lattices[] = {
    {19, 19, std::numbers::pi / 2, 0.3, 4},
    {22, 22, std::numbers::pi / 3, 1, 6},
    {15, 26, std::numbers::pi / 2, 0.5, 2},
    {17, 24, 1.2, 1, 2},
};

/// What a length of a pattern of 128 pixels is in this one.
inline double glass_scale(const std::array<std::size_t, 2>& pattern)
{
    return static_cast<double>(std::min(pattern[0], pattern[1])) / 128;
}

/// The reflections of a lattice turned by `rotation`, discs weaker farther out; unit sum.
inline tensor<double> glass_pattern(const detector& camera, const plane_lattice& lattice,
                                    double rotation)
{
    auto pattern = tensor<double>::from_shape({camera.shape[0], camera.shape[1]});
    pattern.fill(0);
    const double scale = glass_scale(camera.shape);
    const auto [v0, u0] = camera.centre();
    for (int h = -8; h <= 8; ++h)
        for (int k = -8; k <= 8; ++k)
        {
            const double x = h * lattice.a + k * lattice.b * std::cos(lattice.gamma),
                         y = k * lattice.b * std::sin(lattice.gamma);
            const double g = std::hypot(x, y);
            if (g == 0 || g > 60)
                continue;
            const double height = (h + k) % 2 == 0 ? 1 : lattice.odd;
            camera.add_disc(pattern,
                            {v0 + scale * (std::sin(rotation) * x + std::cos(rotation) * y),
                             u0 + scale * (std::cos(rotation) * x - std::sin(rotation) * y)},
                            height * height * std::exp(-g / 22));
        }
    pattern /= std::accumulate(pattern.begin(), pattern.end(), 0.0);
    return pattern;
}

/// The broad rings of a glass around where the direct beam would be, which is blocked; unit sum.
inline tensor<double> glass_halo(const detector& camera)
{
    auto pattern = tensor<double>::from_shape({camera.shape[0], camera.shape[1]});
    const double scale = glass_scale(camera.shape);
    for (std::size_t v = 0; v < camera.shape[0]; ++v)
        for (std::size_t u = 0; u < camera.shape[1]; ++u)
        {
            const double r = camera.reciprocal_length(v, u) / camera.pixel / scale;
            const auto ring = [&](double at, double width)
            { return std::exp(-(r - at) * (r - at) / (2 * width * width)); };
            pattern(v, u) = std::exp(-r / 18) + 0.9 * ring(27, 4.5) + 0.25 * ring(46, 6) + 0.02;
        }
    pattern /= std::accumulate(pattern.begin(), pattern.end(), 0.0);
    return pattern;
}

inline void require_glass(const metallic_glass_options& o)
{
    using xunmix::detail::require;
    require<invalid_argument>(std::min({o.scan[0], o.scan[1], o.pattern[0], o.pattern[1]}) >= 8,
                              "the glass needs a scan and patterns of at least 8 x 8, got ",
                              o.scan[0], " x ", o.scan[1], " and ", o.pattern[0], " x ",
                              o.pattern[1]);
    require<invalid_argument>(o.structures >= 1 && o.structures <= std::size(glass_lattices),
                              "the glass has 1 to ", std::size(glass_lattices), " structures, got ",
                              o.structures);
    require<invalid_argument>(
        o.step_nm > 0 && o.diameter_nm > 0 && o.probe_nm > 0 && o.electrons > 0 &&
            o.spot_fraction > 0 && o.spot_fraction < 1,
        "the glass needs lengths and counts above 0 and a spot fraction between 0 and 1, got step ",
        o.step_nm, ", diameter ", o.diameter_nm, ", probe ", o.probe_nm, ", electrons ",
        o.electrons, ", fraction ", o.spot_fraction);
    require<invalid_argument>(o.precipitates > 0, "the glass needs precipitates, got 0");
}

/// Precipitates of random places and sizes, in nm, no two closer than a mean radius.
inline std::vector<ball> place_balls(const metallic_glass_options& o, random_engine& engine)
{
    const auto between = [&](double low, double high)
    { return low + (high - low) * uniform01(engine); };
    const double height = static_cast<double>(o.scan[0]) * o.step_nm,
                 width = static_cast<double>(o.scan[1]) * o.step_nm;
    std::vector<ball> balls;
    for (std::size_t tries = 0; balls.size() < o.precipitates; ++tries)
    {
        xunmix::detail::require<invalid_argument>(
            tries < 10000 * (o.precipitates + 1), "there is no room for ", o.precipitates,
            " precipitates of ", o.diameter_nm, " nm on ", height, " x ", width, " nm");
        // Diameters between 4/7 and 10/7 of the mean, most of them near it.
        const double radius = o.diameter_nm / 2 * (1 + (between(-1, 1) + between(-1, 1)) * 1.5 / 7);
        const ball b{between(radius, height - radius), between(radius, width - radius), radius};
        if (std::all_of(balls.begin(), balls.end(),
                        [&](const ball& other)
                        { return std::hypot(b.y - other.y, b.x - other.x) > o.diameter_nm / 2; }))
            balls.push_back(b);
    }
    return balls;
}

/// Patterns of the matrix and of one precipitate after the other, each turned at random.
inline void add_patterns(const metallic_glass_options& o, random_engine& engine,
                         metallic_glass_scan& out)
{
    const std::size_t k = o.precipitates + 1, pixels = o.pattern[0] * o.pattern[1];
    const detector camera{o.pattern, 1, 1.5 * glass_scale(o.pattern), 0.7};
    out.components = tensor<double>::from_shape({k, o.pattern[0], o.pattern[1]});
    const auto store = [&](std::size_t j, const tensor<double>& pattern, std::size_t structure,
                           double rotation, std::size_t symmetry)
    {
        std::copy(pattern.begin(), pattern.end(), out.components.data() + j * pixels);
        out.structures.push_back(structure);
        out.rotations.push_back(rotation);
        out.symmetries.push_back(symmetry);
    };
    store(0, glass_halo(camera), 0, 0, 1);
    for (std::size_t j = 1; j < k; ++j)
    {
        const auto& lattice = glass_lattices[(j - 1) % o.structures];
        const double rotation = 2 * std::numbers::pi * uniform01(engine);
        store(j, glass_pattern(camera, lattice, rotation), 1 + (j - 1) % o.structures, rotation,
              lattice.symmetry);
    }
}

/// Maps of the matrix, thinner where precipitates take its place, and of the precipitates.
inline void add_maps(const metallic_glass_options& o, const std::vector<ball>& balls,
                     random_engine& engine, metallic_glass_scan& out)
{
    const std::size_t k = balls.size() + 1;
    const double height = static_cast<double>(o.scan[0]) * o.step_nm,
                 width = static_cast<double>(o.scan[1]) * o.step_nm;
    out.maps = tensor<double>::from_shape({k, o.scan[0], o.scan[1]});
    const double phase = uniform01(engine), other_phase = uniform01(engine);
    const double sigma = o.probe_nm / (2 * std::sqrt(2 * std::log(2.0)));
    for (std::size_t i = 0; i < o.scan[0]; ++i)
        for (std::size_t l = 0; l < o.scan[1]; ++l)
        {
            const double y = static_cast<double>(i) * o.step_nm,
                         x = static_cast<double>(l) * o.step_nm;
            const double thickness =
                1 + 0.15 * std::cos(2 * std::numbers::pi * (0.7 * y / height + phase)) +
                0.1 * std::cos(2 * std::numbers::pi * (0.6 * x / width + other_phase));
            double rest = 1;
            for (std::size_t j = 1; j < k; ++j)
            {
                const ball& b = balls[j - 1];
                const double amount =
                    o.spot_fraction * 2 * b.radius / o.diameter_nm *
                    blurred_ball((y - b.y) / b.radius, (x - b.x) / b.radius, sigma / b.radius);
                out.maps(j, i, l) = o.electrons * amount;
                rest -= amount;
            }
            out.maps(0, i, l) = o.electrons * thickness * std::max(0.0, rest);
        }
}
}

/// Simulates the scan. Precipitates may lie over each other, but no two closer than a mean radius.
/// Throws invalid_argument for scans or patterns below 8 x 8, no precipitates or more than find
/// room, structures outside 1 to 4, or lengths, counts and fractions that are not positive.
inline metallic_glass_scan metallic_glass(const metallic_glass_options& o = {})
{
    detail::require_glass(o);
    random_engine engine(o.seed);
    const auto balls = detail::place_balls(o, engine);
    metallic_glass_scan out;
    detail::add_patterns(o, engine, out);
    detail::add_maps(o, balls, engine, out);
    out.counts = expose<std::uint16_t>(out.maps, out.components, {true, o.seed, o.threads});
    return out;
}
}
