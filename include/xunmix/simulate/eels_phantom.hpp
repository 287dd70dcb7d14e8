// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <type_traits>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/ionization_edge.hpp>
#include <xunmix/simulate/layers.hpp>
#include <xunmix/simulate/spectrum_image.hpp>

namespace xunmix::simulate
{
/// An electron energy-loss spectrum image of core losses: TiO2 on TiN on SiO2 in a cross section
/// whose thickness grows along x, with N K, Ti L2,3 and O K edges on a background A E^-r. A follows
/// the thickness, r is another for each phase: a single power law does not fit where phases meet.
/// The near-edge structure tells Ti and O of one phase from those of another.
struct eels_phantom_options
{
    std::array<std::size_t, 2> scan{64, 64};   ///< positions (y, x), at least 8 x 8
    std::size_t channels = 560;                ///< at least 8
    double offset_ev = 360;                    ///< middle of the first channel, at least 1
    double step_ev = 0.5;                      ///< a channel
    double dose = 1e5;                         ///< mean counts a position, in all channels
    double probe_sigma = 1.5;                  ///< positions: how far interfaces are blurred
    std::array<double, 2> thickness{0.3, 0.7}; ///< at the left and the right, inelastic mean free
                                               ///< paths; plural scattering is left out
    std::array<double, 3> exponents{3.2, 3.0, 3.4}; ///< r of TiO2, TiN, SiO2
    noise_kind noise = noise_kind::poisson;
    std::uint64_t seed = 1;  ///< of the noise; the truth does not depend on it
    std::size_t threads = 0; ///< at most; 0 is what OpenMP takes. The scan does not depend on it
};

/// A spectrum image, what its components are made of, and the specimen's thickness:
///     components(k, energy) = background(k, energy) + edges(k, energy).
template <class T>
struct eels_image : spectrum_image<T>
{
    tensor<double> background; ///< (k, energy), the power law of each phase
    tensor<double> edges;      ///< (k, energy), what is left when the background is subtracted
    tensor<double> thickness;  ///< (y, x), inelastic mean free paths
};

namespace detail
{
/// The edges of TiO2, TiN and SiO2. Heights are in parts of the background at the onset. Onsets and
/// peaks lie where measured ones do, within an eV or so; heights and widths are our choice.
inline std::array<std::vector<ionization_edge>, 3> phase_edges()
{
    const ionization_edge ti_l_oxide{
        456.8,
        0.6,
        0.25,
        3.5,
        {{458.2, 0.6, 3.2}, {460.2, 0.8, 3.4}, {463.6, 0.8, 2.6}, {465.6, 0.9, 2.8}}};
    const ionization_edge o_k_titania{
        529.8, 0.7, 0.3, 3, {{531, 0.8, 1.3}, {533.6, 1, 0.9}, {540, 2.2, 0.9}, {545.5, 2.5, 0.5}}};
    const ionization_edge n_k{
        396.5, 0.8, 0.3, 3, {{398.2, 0.9, 0.5}, {401.2, 1.2, 0.9}, {411, 4, 0.4}}};
    const ionization_edge ti_l_nitride{
        455.4, 0.9, 0.3, 3.5, {{457.6, 1.6, 2.2}, {463.2, 1.9, 1.8}}};
    const ionization_edge o_k_silica{
        535.4, 0.9, 0.5, 3, {{538.4, 1.5, 1.6}, {544, 3.5, 0.5}, {561, 5, 0.3}}};
    return {{{ti_l_oxide, o_k_titania}, {n_k, ti_l_nitride}, {o_k_silica}}};
}

/// Components with their two parts, scaled so that each component has unit sum.
template <class T>
void add_spectra(eels_image<T>& image, const eels_phantom_options& o)
{
    const auto edges = phase_edges();
    image.background = tensor<double>::from_shape({edges.size(), o.channels});
    image.edges = tensor<double>::from_shape({edges.size(), o.channels});
    for (std::size_t k = 0; k < edges.size(); ++k)
    {
        const power_law background{o.offset_ev, o.exponents[k]};
        double sum = 0;
        for (std::size_t c = 0; c < o.channels; ++c)
        {
            const double ev = image.axis.energy(static_cast<double>(c));
            double signal = 0;
            for (const auto& edge : edges[k])
                signal += background(edge.onset) * edge(ev);
            image.background(k, c) = background(ev);
            image.edges(k, c) = signal;
            sum += background(ev) + signal;
        }
        for (std::size_t c = 0; c < o.channels; ++c)
            image.background(k, c) /= sum, image.edges(k, c) /= sum;
    }
    image.components = image.background + image.edges;
}

/// Maps of three layers with wavy interfaces, and the thickness they are cut to.
template <class T>
void add_layers(eels_image<T>& image, const eels_phantom_options& o)
{
    const auto wave = [](double periods, double x)
    { return std::sin(2 * std::numbers::pi * periods * x); };
    image.maps = layers(
        o.scan, o.probe_sigma, [&](double x) { return 0.32 + 0.04 * wave(1.5, x); },
        [&](double x) { return 0.62 + 0.03 * wave(2.5, x + 0.1); });
    image.thickness = tensor<double>::from_shape({o.scan[0], o.scan[1]});
    constexpr std::array<double, 3> counts{0.9, 1, 0.6}; // scattered into the range, by mass
    for (std::size_t i = 0; i < o.scan[0]; ++i)
        for (std::size_t j = 0; j < o.scan[1]; ++j)
        {
            const double x = (static_cast<double>(j) + 0.5) / static_cast<double>(o.scan[1]);
            image.thickness(i, j) = (1 - x) * o.thickness[0] + x * o.thickness[1];
            for (std::size_t k = 0; k < 3; ++k)
                image.maps(k, i, j) *= counts[k] * image.thickness(i, j);
        }
}

/// Throws invalid_argument for options that make no phantom.
template <class T>
void require_eels(const eels_phantom_options& o)
{
    require_spectra<T>(o);
    require_offset("offset_ev", o.offset_ev, 1);
    require_positive("step_ev", o.step_ev);
    for (double t : o.thickness)
        require_positive("thickness", t);
    for (double r : o.exponents)
        require<invalid_argument>(0 <= r && r <= 10,
                                  "exponents of the background lie between 0 and 10, got ", r);
}
}

/// Simulates the scan: components are TiO2, TiN and SiO2. T is the type of the counts.
/// Throws invalid_argument for scans below 8 x 8, fewer than 8 channels, a dose, widths, steps or
/// thickness that are not positive, an offset below 1 eV, exponents outside 0 to 10, Gaussian noise
/// in a scan of integers, and when T is too narrow.
template <class T = std::uint16_t>
eels_image<T> eels_phantom(const eels_phantom_options& o = {})
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "counts are numbers: take an integer or floating-point type for the scan");
    detail::require_eels<T>(o);
    eels_image<T> image;
    image.names = {"TiO2", "TiN", "SiO2"};
    image.axis = {o.offset_ev, o.step_ev, "eV"};
    detail::add_spectra(image, o);
    detail::add_layers(image, o);
    detail::scale_to_dose(image.maps, o.dose);
    detail::expose_spectra(image, o);
    return image;
}
}
