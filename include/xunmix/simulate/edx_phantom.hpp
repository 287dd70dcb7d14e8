// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <type_traits>
#include <vector>

#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/ball.hpp>
#include <xunmix/simulate/particles.hpp>
#include <xunmix/simulate/spectrum_image.hpp>

namespace xunmix::simulate
{
/// An energy-dispersive X-ray spectrum image of particles with a core of FePt in a shell of Fe3O4,
/// on a film of Al2O3 and carbon. Elements are shared: Fe by core and shell, O by shell and film,
/// stray Cu by all; so is the continuum. Particles lie over each other. The first is bare FePt and
/// the second Fe3O4 throughout, and the film has a hole over which particles reach: only then do
/// the data say how much of a spectrum is whose. Where nothing lies over the hole it is dark.
struct edx_phantom_options
{
    std::array<std::size_t, 2> scan{100, 100}; ///< positions (y, x), at least 8 x 8
    std::size_t channels = 1000;               ///< at least 8
    double offset_kev = 0.1;                   ///< middle of the first channel, at least 0.02
    double step_kev = 0.02;                    ///< a channel
    double dose = 100;          ///< mean counts a position, in all channels; from 20 sensible
    double resolution_ev = 130; ///< full width at half maximum of Mn K-alpha; at least 122
    std::size_t particles = 12; ///< at least 2
    double probe_sigma = 1;     ///< positions
    noise_kind noise = noise_kind::poisson;
    std::uint64_t seed = 1;  ///< of the particles' places and sizes, and of the noise
    std::size_t threads = 0; ///< at most; 0 is what OpenMP takes. The scan does not depend on it
};

/// A characteristic line and its share of an element's counts.
struct x_ray_line
{
    double kev;
    double weight;
};

// The stronger lines between 0.2 and 20 keV: Bearden, Rev. Mod. Phys. 39 (1967) 78; K-alpha is the
// mean of its two. Weights within a family are near measured ones, those between families (they
// depend on voltage, detector and absorption) are our choice.
inline const std::vector<x_ray_line> carbon_lines{{0.277, 1}};
inline const std::vector<x_ray_line> oxygen_lines{{0.525, 1}};
inline const std::vector<x_ray_line> aluminium_lines{{1.487, 1}};
inline const std::vector<x_ray_line> iron_lines{{0.705, 0.3}, {6.399, 0.62}, {7.058, 0.08}};
inline const std::vector<x_ray_line> copper_lines{{0.930, 0.25}, {8.041, 0.66}, {8.905, 0.09}};
inline const std::vector<x_ray_line> platinum_lines{{2.051, 0.35}, {2.127, 0.2},   {8.268, 0.01},
                                                    {9.442, 0.25}, {11.071, 0.16}, {12.942, 0.03}};

namespace detail
{
/// Sigma in keV of a line at `kev`. Full widths are those of a silicon drift detector,
/// FWHM(E)^2 = FWHM(Mn K-alpha)^2 + 2.5 eV (E - 5899 eV): counting of electron-hole pairs on top of
/// electronic noise (Goldstein et al., Scanning Electron Microscopy and X-Ray Microanalysis).
inline double line_sigma(double kev, double resolution_ev)
{
    const double square = resolution_ev * resolution_ev + 2.5 * (1000 * kev - 5899);
    return std::sqrt(square / (8 * std::log(2.0))) / 1000;
}

/// An element's share in the counts of a phase.
struct element_share
{
    double counts;
    const std::vector<x_ray_line>& lines;
};

/// The counts that each channel gets: lines of these elements, integrated over the channel, and
/// bremsstrahlung for what they leave of 1: 1 / E, as a thin film emits it, behind a window that
/// absorbs below about 0.2 keV.
inline std::vector<double> x_ray_spectrum(const edx_phantom_options& o,
                                          const std::vector<element_share>& elements)
{
    const energy_axis axis{o.offset_kev, o.step_kev, "keV"};
    std::vector<double> spectrum(o.channels);
    double sum = 0, continuum = 1;
    for (std::size_t c = 0; c < o.channels; ++c)
    {
        const double kev = axis.energy(static_cast<double>(c));
        spectrum[c] = std::exp(-std::pow(0.15 / kev, 3)) / kev;
        sum += spectrum[c];
    }
    for (const auto& element : elements)
        continuum -= element.counts;
    for (double& value : spectrum)
        value *= continuum / sum;
    for (const auto& element : elements)
        for (const auto& line : element.lines)
        {
            const double width = std::sqrt(2.0) * line_sigma(line.kev, o.resolution_ev);
            const auto above = [&](double channel)
            { return 0.5 * std::erfc((axis.energy(channel) - line.kev) / width); };
            for (std::size_t c = 0; c < o.channels; ++c)
                spectrum[c] +=
                    element.counts * line.weight *
                    (above(static_cast<double>(c) - 0.5) - above(static_cast<double>(c) + 0.5));
        }
    return spectrum;
}

/// Adds the thickness of a ball of oxide, `core` of whose radius are FePt, to maps of FePt and
/// Fe3O4; 1 is the thickness of a ball of unit radius, everything in positions.
inline void add_particle(tensor<double>& maps, const ball& outer, double core, double sigma)
{
    const auto thickness = [&](std::size_t i, std::size_t j, double radius)
    {
        const double y = (static_cast<double>(i) - outer.y) / radius;
        const double x = (static_cast<double>(j) - outer.x) / radius;
        return radius * blurred_ball(y, x, sigma / radius);
    };
    for (std::size_t i = 0; i < maps.shape()[1]; ++i)
        for (std::size_t j = 0; j < maps.shape()[2]; ++j)
        {
            const double inner = core > 0 ? thickness(i, j, core * outer.radius) : 0;
            const double whole = core < 1 ? thickness(i, j, outer.radius) : inner;
            maps(0, i, j) += inner;
            maps(1, i, j) += std::max(0.0, whole - inner);
        }
}

/// Thickness (3, y, x) of FePt, Fe3O4 and film as the probe sees them, times the counts a phase
/// gives. The first two particles lie over the hole, opposite each other, the others around it.
inline tensor<double> edx_maps(const edx_phantom_options& o)
{
    random_engine engine(o.seed);
    const auto between = [&](double low, double high)
    { return low + (high - low) * uniform01(engine); };
    const double height = static_cast<double>(o.scan[0]), width = static_cast<double>(o.scan[1]);
    const double size = std::min(height, width), turn = between(0, 2 * std::numbers::pi);
    const std::array<double, 3> hole{height / 2, width / 2, 0.3 * size};
    auto maps = tensor<double>::from_shape({std::size_t{3}, o.scan[0], o.scan[1]});
    maps.fill(0);
    for (std::size_t p = 0; p < o.particles; ++p)
    {
        const double side = p == 0 ? 0.17 * size : -0.17 * size;
        ball place{hole[0] + side * std::sin(turn), hole[1] + side * std::cos(turn),
                   between(0.08, 0.15) * size};
        const double core = between(0.5, 0.8);
        while (p >= 2 && std::hypot(place.y - hole[0], place.x - hole[1]) < hole[2])
            place.y = between(0, height), place.x = between(0, width);
        add_particle(maps, place, p == 0 ? 1 : p == 1 ? 0 : core, o.probe_sigma);
    }
    for (std::size_t i = 0; i < o.scan[0]; ++i)
        for (std::size_t j = 0; j < o.scan[1]; ++j)
        {
            const double y = static_cast<double>(i), x = static_cast<double>(j);
            maps(1, i, j) *= 0.6; // Fe3O4 is less dense, and of lighter elements
            maps(2, i, j) =
                (0.03 + 0.02 * x / width) * size * (1 - blurred_disc(y, x, hole, o.probe_sigma));
        }
    return maps;
}

/// Throws invalid_argument for options that make no phantom.
template <class T>
void require_edx(const edx_phantom_options& o)
{
    require_spectra<T>(o);
    require_offset("offset_kev", o.offset_kev, 0.02);
    require_positive("step_kev", o.step_kev);
    require<invalid_argument>(is_finite(o.resolution_ev) && o.resolution_ev >= 122,
                              "counting electron-hole pairs alone gives lines of Mn K-alpha 121 eV "
                              "of width: resolution_ev must be at least 122, got ",
                              o.resolution_ev);
    require<invalid_argument>(o.particles >= 2,
                              "one particle is all core and one has none, so that both are seen "
                              "alone: ask for 2 particles at least, got ",
                              o.particles);
}
}

/// Simulates the scan: components are FePt, Fe3O4 and the film. T is the type of the counts.
/// Throws invalid_argument for scans below 8 x 8, fewer than 8 channels or 2 particles, a dose,
/// widths or steps that are not positive, an offset below 0.02 keV, a resolution below 122 eV,
/// Gaussian noise in a scan of integers, and when T is too narrow.
template <class T = std::uint16_t>
spectrum_image<T> edx_phantom(const edx_phantom_options& o = {})
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "counts are numbers: take an integer or floating-point type for the scan");
    detail::require_edx<T>(o);
    spectrum_image<T> image;
    image.names = {"FePt", "Fe3O4", "film"};
    image.axis = {o.offset_kev, o.step_kev, "keV"};
    const auto spectrum = [&](const std::vector<detail::element_share>& elements)
    { return detail::x_ray_spectrum(o, elements); };
    image.components = detail::unit_sum_components(
        {spectrum({{0.5, platinum_lines}, {0.25, iron_lines}, {0.03, copper_lines}}),
         spectrum({{0.55, iron_lines}, {0.27, oxygen_lines}, {0.03, copper_lines}}),
         spectrum({{0.35, aluminium_lines},
                   {0.28, oxygen_lines},
                   {0.12, carbon_lines},
                   {0.05, copper_lines}})});
    image.maps = detail::edx_maps(o);
    detail::scale_to_dose(image.maps, o.dose);
    detail::expose_spectra(image, o);
    return image;
}
}
