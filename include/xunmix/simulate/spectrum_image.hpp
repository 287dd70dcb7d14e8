// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/expose.hpp>

// What simulated spectrum images share: the energy axis, the truth, the noise.
namespace xunmix::simulate
{
/// Where the channels of a spectrum lie: the middle of channel c is at offset + step c.
struct energy_axis
{
    double offset = 0;
    double step = 1;
    std::string unit = "eV"; ///< of offset and step: "eV" or "keV"

    /// The energy in the middle of a channel; channels may be fractions.
    double energy(double channel) const
    {
        return offset + step * channel;
    }

    /// The channel that an energy falls on, as a fraction; perhaps off the axis.
    double channel(double energy) const
    {
        return (energy - offset) / step;
    }
};

/// What an exposure adds to the expectation.
enum class noise_kind
{
    poisson,  ///< counting noise
    gaussian, ///< the same variance everywhere: that of Poisson noise, averaged over the scan
    none      ///< the expectation itself, rounded for integer scans
};

/// A spectrum image and the truth it was made from:
///     expectation(y, x, energy) = sum_k maps(k, y, x) components(k, energy), without remainder.
template <class T>
struct spectrum_image
{
    tensor<T> scan;                 ///< (y, x, energy), counts
    tensor<double> maps;            ///< (k, y, x), counts expected in all channels together
    tensor<double> components;      ///< (k, energy), each of unit sum
    std::vector<std::string> names; ///< of the phases, one a component
    energy_axis axis;
};

namespace detail
{
using xunmix::detail::require;

/// Throws invalid_argument unless the option `name` has a positive and finite value.
inline void require_positive(const char* name, double value)
{
    require<invalid_argument>(is_finite(value) && value > 0, name,
                              " must be positive and finite, got ", value,
                              "; leave it out for the default");
}

/// Throws invalid_argument unless the option `name`, the first channel's energy, lies at `least` or
/// above: closer to zero the continuum has no finite value.
inline void require_offset(const char* name, double value, double least)
{
    require<invalid_argument>(is_finite(value) && value >= least, name,
                              " is the first channel's energy and must be at least ", least,
                              ", got ", value);
}

/// Throws invalid_argument unless options with these members make a spectrum image.
template <class T, class Options>
void require_spectra(const Options& o)
{
    require<invalid_argument>(o.scan[0] >= 8 && o.scan[1] >= 8,
                              "the phases need a scan of at least 8 x 8 positions, got ", o.scan[0],
                              " x ", o.scan[1]);
    require<invalid_argument>(o.channels >= 8, "spectra need at least 8 channels, got ",
                              o.channels);
    require_positive("dose", o.dose);
    require_positive("probe_sigma", o.probe_sigma);
    require<invalid_argument>(o.noise != noise_kind::gaussian || std::is_floating_point_v<T>,
                              "gaussian noise gives fractions and negative values, which counts "
                              "cannot hold; ask for a scan of float or double");
}

/// Scales maps so that a position is expected to count `dose` on average.
inline void scale_to_dose(tensor<double>& maps, double dose)
{
    const auto positions = static_cast<double>(maps.size() / maps.shape()[0]);
    maps *= dose * positions / std::accumulate(maps.begin(), maps.end(), 0.0);
}

/// Adds independent normal numbers of standard deviation `sigma` to a scan. Every row of positions
/// has a random engine of its own, so that rows can be drawn in any order.
template <class T>
void add_gaussian(tensor<T>& scan, double sigma, std::uint64_t seed, std::size_t threads)
{
    const std::size_t row_size = scan.size() / scan.shape()[0];
    const auto add_to_row = [&](std::size_t row, std::size_t)
    {
        std::seed_seq seeds{static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32),
                            static_cast<std::uint32_t>(row)};
        random_engine engine(seeds);
        T* const values = scan.data() + row * row_size;
        for (std::size_t i = 0; i < row_size; ++i)
            values[i] = static_cast<T>(static_cast<double>(values[i]) + sigma * normal01(engine));
    };
    parallel_for(scan.shape()[0], threads, add_to_row);
}

/// The scan of an image that has its maps and components already.
template <class T, class Options>
void expose_spectra(spectrum_image<T>& image, const Options& o)
{
    const std::size_t k = image.components.shape()[0], channels = image.components.shape()[1];
    auto components = image.components;
    components.reshape({k, std::size_t{1}, channels});
    image.scan =
        expose<T>(image.maps, components, {o.noise == noise_kind::poisson, o.seed, o.threads});
    image.scan.reshape({o.scan[0], o.scan[1], channels});
    if constexpr (std::is_floating_point_v<T>)
        if (o.noise == noise_kind::gaussian)
        {
            const double counts = std::accumulate(image.maps.begin(), image.maps.end(), 0.0);
            const double variance = counts / static_cast<double>(image.scan.size());
            add_gaussian(image.scan, std::sqrt(variance), o.seed, o.threads);
        }
}

/// The components (k, energy) with these spectra, each scaled to unit sum.
inline tensor<double> unit_sum_components(const std::vector<std::vector<double>>& spectra)
{
    const std::size_t channels = spectra.front().size();
    auto components = tensor<double>::from_shape({spectra.size(), channels});
    for (std::size_t k = 0; k < spectra.size(); ++k)
    {
        const double sum = std::accumulate(spectra[k].begin(), spectra[k].end(), 0.0);
        for (std::size_t c = 0; c < channels; ++c)
            components(k, c) = spectra[k][c] / sum;
    }
    return components;
}
}
}
