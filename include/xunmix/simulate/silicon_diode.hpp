// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/ionization_edge.hpp>
#include <xunmix/simulate/layers.hpp>
#include <xunmix/simulate/spectrum_image.hpp>

namespace xunmix::simulate
{
/// An electron energy-loss spectrum image at the Si L2,3 edges of a diode in cross section, after
/// the one that Muto & Shiga 2020 unmix in their Fig. 3, which is not public. From top to bottom:
/// silicon nitride, silicon dioxide, silicon. The maps hardly overlap, at interfaces only; the
/// spectra are alike (cosines .86 to .93) and nowhere zero, for all have the same continuum and an
/// edge of the same element, shifted. Non-negativity alone then does not fix the factors:
/// S_1 - a S_2 stays positive for a up to about 0.4, with a dip where S_2 has its peak, and
/// C_2 + a C_1 makes up for it. Maps that are asked not to overlap do fix them.
struct silicon_diode_options
{
    std::array<std::size_t, 2> scan{100, 100}; ///< positions (y, x), at least 8 x 8
    std::size_t channels = 200;                ///< at least 8
    double offset_ev = 90;                     ///< middle of the first channel, at least 1
    double step_ev = 0.5;                      ///< a channel
    double dose = 300;                         ///< mean counts a position, in all channels
    double probe_sigma = 1.5;                  ///< positions: how far interfaces are blurred
    noise_kind noise = noise_kind::poisson;
    std::uint64_t seed = 1;  ///< of the noise; the truth does not depend on it
    std::size_t threads = 0; ///< at most; 0 is what OpenMP takes. The scan does not depend on it
};

namespace detail
{
/// Continuum and edge of Si, SiO2 and Si3N4 at `energy`. Onsets and peaks lie where measured ones
/// do, within an eV or so; heights and widths are our choice.
inline std::array<double, 3> diode_spectra(double energy)
{
    static const ionization_edge silicon{
        99.6, 0.5, 0.8, 3, {{101.5, 1.2, 0.6}, {112, 9, 1}, {128, 12, 0.6}}};
    static const ionization_edge oxide{
        105.4, 0.5, 0.4, 3, {{106, 0.45, 3}, {108.5, 1.1, 6.5}, {115.5, 2.8, 5}, {131, 8, 1.4}}};
    static const ionization_edge nitride{
        103.2, 1, 0.7, 3, {{106, 2, 0.4}, {113, 4, 1.2}, {127, 9, 1.8}}};
    return {0.35 * power_law{90, 3.2}(energy) + silicon(energy),
            0.35 * power_law{90, 2.8}(energy) + oxide(energy),
            0.35 * power_law{90, 3.0}(energy) + nitride(energy)};
}

/// The layers of the diode, silicon first: a step of the substrate at mid-width, over which the
/// oxide is thinner, and a lamella that is 10 % thicker on the right than on the left.
inline tensor<double> diode_maps(const silicon_diode_options& o)
{
    const auto mesa = [](double x) { return 0.5 + 0.5 * std::tanh((x - 0.5) / 0.06); };
    const auto shares = layers(
        o.scan, o.probe_sigma, [&](double x) { return 0.38 - 0.22 * mesa(x); },
        [&](double x) { return 0.62 - 0.13 * mesa(x); });
    constexpr std::array<double, 3> counts{1, 0.7, 0.85}; // of a pure position, by Si per volume
    auto maps = tensor<double>::from_shape({std::size_t{3}, o.scan[0], o.scan[1]});
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t i = 0; i < o.scan[0]; ++i)
            for (std::size_t j = 0; j < o.scan[1]; ++j)
            {
                const double x = (static_cast<double>(j) + 0.5) / static_cast<double>(o.scan[1]);
                maps(k, i, j) = (0.95 + 0.1 * x) * counts[k] * shares(2 - k, i, j);
            }
    return maps;
}
}

/// Simulates the scan: components are Si, SiO2 and Si3N4. T is the type of the counts.
/// Throws invalid_argument for scans below 8 x 8, fewer than 8 channels, a dose, widths or steps
/// that are not positive, an offset below 1 eV, Gaussian noise in a scan of integers, and when T is
/// too narrow.
template <class T = std::uint16_t>
spectrum_image<T> silicon_diode(const silicon_diode_options& o = {})
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "counts are numbers: take an integer or floating-point type for the scan");
    detail::require_spectra<T>(o);
    detail::require_offset("offset_ev", o.offset_ev, 1);
    detail::require_positive("step_ev", o.step_ev);
    spectrum_image<T> image;
    image.names = {"Si", "SiO2", "Si3N4"};
    image.axis = {o.offset_ev, o.step_ev, "eV"};
    std::vector<std::vector<double>> spectra(3);
    for (std::size_t c = 0; c < o.channels; ++c)
    {
        const auto all = detail::diode_spectra(image.axis.energy(static_cast<double>(c)));
        for (std::size_t k = 0; k < 3; ++k)
            spectra[k].push_back(all[k]);
    }
    image.components = detail::unit_sum_components(spectra);
    image.maps = detail::diode_maps(o);
    detail::scale_to_dose(image.maps, o.dose);
    detail::expose_spectra(image, o);
    return image;
}
}
