// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/simulate/crystal.hpp>
#include <xunmix/simulate/detector.hpp>
#include <xunmix/simulate/expose.hpp>
#include <xunmix/simulate/specimen.hpp>
#include <xunmix/unfold/mask.hpp>

namespace xunmix::simulate
{
/// The 4D-STEM experiment of Uesugi et al. 2021, section 3.2, on a simulated specimen. With
/// electrons = 0 the exposure is what a 16-bit camera bears: 50,000 counts in the brightest pixel
/// of the bare background, which is about 3.5e5 electrons by default. How strong background and
/// smear are is our choice: about a nanometre of carbon, and streaks as faint as the film.
struct nanosheet_options
{
    std::array<std::size_t, 2> positions{100, 100}; ///< y, x
    std::array<std::size_t, 2> detector{128, 128};  ///< v, u; at least 8 pixels each
    std::size_t sheets = 5;                         ///< of TiO2, each with its own rotation
    double electrons = 0;        ///< incident per position, a count each; 0: see above
    double background = 0.008;   ///< part of them that the amorphous film scatters, 0 to 1
    double smear = 0.0015;       ///< part of the charge smeared along its CCD column, 0 to 1
    double step_nm = 5;          ///< between positions; each averages over a square of this edge
    double probe_nm = 3;         ///< full width of the probe at half maximum
    double kilovolts = 80;       ///< acceleration voltage
    double convergence_mrad = 1; ///< semi-angle: the radius of the diffraction discs
    double g_max = 1.2;          ///< 1/Angstrom, from the direct beam to the nearer edges
    double spread = 0.7;         ///< sigma of the camera's point spread, pixels; at least 0.3
    std::uint64_t seed = 1;
    bool poisson = true;     ///< false: the expectation itself, rounded for integer scans
    std::size_t threads = 0; ///< at most; 0 is what OpenMP takes. The scan does not depend on it
};

/// A scan and the truth it was made from:
///     expectation(y, x, v, u) = sum_k maps(k, y, x) components(k, v, u), without remainder.
/// Component 0 is the background with the direct beam, 1 to `sheets` the TiO2 sheets, and the last
/// one the Ti2O3 domain inside sheet 1, in its orientation.
template <class T>
struct simulated_scan
{
    tensor<T> scan;                            ///< (y, x, v, u), counts
    tensor<double> maps;                       ///< (k, y, x), counts expected on the whole detector
    tensor<double> components;                 ///< (k, v, u), each of unit sum
    std::vector<std::string> names;            ///< "background", "TiO2 sheet 1", "Ti2O3 domain"
    std::vector<lattice_on_detector> lattices; ///< of each component; the background's is zero
    disk direct_beam;                          ///< what to mask: the 000 disc with its blur
    double disc_radius = 0;                    ///< of every disc, without blur, pixels
    double electrons = 0;                      ///< incident per position

    /// Where reflection (h, l) of component k falls, as (v, u) in pixels; perhaps off the detector.
    /// Throws invalid_argument for the background and for k out of range.
    std::array<double, 2> reflection(std::size_t k, int h, int l) const
    {
        xunmix::detail::require<invalid_argument>(
            0 < k && k < lattices.size(), "the crystals are components 1 to ", lattices.size() - 1,
            ", got ", k, "; only they have reflections");
        const auto& [a_star, c_star] = lattices[k];
        return {direct_beam.center[0] + h * a_star[0] + l * c_star[0],
                direct_beam.center[1] + h * a_star[1] + l * c_star[1]};
    }
};

namespace detail
{
using xunmix::detail::require;

inline void require_extents(const nanosheet_options& o)
{
    require<invalid_argument>(o.positions[0] > 0 && o.positions[1] > 0,
                              "a scan needs positions along y and x, got ",
                              xunmix::detail::shape_text(o.positions), "; ask for (1, 1) at least");
    require<invalid_argument>(o.detector[0] >= 8 && o.detector[1] >= 8,
                              "reflections beside the direct beam need 8 detector pixels along v "
                              "and u, got ",
                              xunmix::detail::shape_text(o.detector), "; ask for (8, 8) at least");
    require<invalid_argument>(o.sheets > 0,
                              "the specimen needs a sheet, got sheets = 0; ask for 1 at least");
}

/// Throws invalid_argument for options that make no experiment.
inline void require_experiment(const nanosheet_options& o)
{
    require_extents(o);
    require<invalid_argument>(is_finite(o.electrons) && o.electrons >= 0,
                              "electrons must be finite and not negative, got ", o.electrons,
                              "; 0 exposes as far as a 16-bit camera bears");
    const auto positive = [](const char* name, double value)
    {
        require<invalid_argument>(is_finite(value) && value > 0, name,
                                  " must be positive and finite, got ", value,
                                  "; leave it out for the default");
    };
    positive("step_nm", o.step_nm);
    positive("probe_nm", o.probe_nm);
    positive("kilovolts", o.kilovolts);
    positive("convergence_mrad", o.convergence_mrad);
    positive("g_max", o.g_max);
    const auto fraction = [](const char* name, double value)
    {
        require<invalid_argument>(0 <= value && value <= 1, name, " is a part of the whole, got ",
                                  value, "; give a number from 0 to 1");
    };
    fraction("background", o.background);
    fraction("smear", o.smear);
    require<invalid_argument>(is_finite(o.spread) && o.spread >= 0.3,
                              "discs narrower than a pixel fall between the pixels: spread must "
                              "be at least 0.3, got ",
                              o.spread);
}

/// Component k from its pattern per incident electron: scaled to unit sum, the scale in the map.
template <class T>
void store_component(simulated_scan<T>& result, std::size_t k, const tensor<double>& pattern)
{
    const double sum = std::accumulate(pattern.begin(), pattern.end(), 0.0);
    const std::size_t positions = result.maps.size() / result.names.size();
    double* component = result.components.data() + k * pattern.size();
    double* map = result.maps.data() + k * positions;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        component[i] = pattern.data()[i] / sum;
    for (std::size_t i = 0; i < positions; ++i)
        map[i] *= sum * result.electrons;
}

/// Everything but the scan.
template <class T>
simulated_scan<T> truth(const nanosheet_options& o)
{
    const auto beam = electron_beam::at_kilovolts(o.kilovolts);
    const double pixel = 2 * o.g_max / static_cast<double>(std::min(o.detector[0], o.detector[1]));
    const detector camera{o.detector, pixel, o.convergence_mrad * 1e-3 / beam.wavelength / pixel,
                          o.spread};
    random_engine engine(o.seed);
    const auto specimen =
        random_specimen(engine, o.sheets, static_cast<double>(o.positions[0]) * o.step_nm,
                        static_cast<double>(o.positions[1]) * o.step_nm);
    simulated_scan<T> result;
    result.direct_beam = {camera.centre(), camera.reach()};
    result.disc_radius = camera.disc_radius;

    std::vector<tensor<double>> patterns;
    const auto add = [&](std::string name, tensor<double> pattern, lattice_on_detector lattice)
    {
        camera.smear(pattern, o.smear);
        patterns.push_back(std::move(pattern));
        result.names.push_back(std::move(name));
        result.lattices.push_back(lattice);
    };
    const auto add_sheet = [&](std::string name, const sheet_crystal& crystal, double rotation)
    {
        const auto lattice = camera.lattice(crystal, rotation);
        add(std::move(name), sheet_pattern(camera, crystal, lattice, beam), lattice);
    };
    add("background", amorphous_pattern(camera, o.background), {});
    for (std::size_t k = 0; k < o.sheets; ++k)
        add_sheet("TiO2 sheet " + std::to_string(k + 1), titania_sheet(), specimen.rotations[k]);
    add_sheet("Ti2O3 domain", reduced_titania_sheet(), specimen.rotations[0]);

    const double brightest = *std::max_element(patterns[0].begin(), patterns[0].end());
    result.electrons = o.electrons > 0 ? o.electrons : 50000 / brightest;
    const double fwhm_per_sigma = 2 * std::sqrt(2 * std::log(2.0));
    result.maps =
        coverage(specimen, {o.positions, o.step_nm, o.probe_nm / fwhm_per_sigma}, o.threads);
    result.components = tensor<double>::from_shape({patterns.size(), o.detector[0], o.detector[1]});
    for (std::size_t k = 0; k < patterns.size(); ++k)
        store_component(result, k, patterns[k]);
    return result;
}
}

/// Simulates a scan over overlapping TiO2 nanosheets on an amorphous film; a part of the first
/// sheet is reduced to Ti2O3. Patterns are kinematical (crystal.hpp) and add up where things lie
/// over each other; what the sheets scatter is not taken from the direct beam, which comes with the
/// film. T is the type of the counts. The same seed gives the same scan, on other platforms up to
/// the last bits of exp, sin and their kin.
/// Throws invalid_argument for options that make no experiment and when T is too narrow.
template <class T = std::uint16_t>
simulated_scan<T> nanosheets(const nanosheet_options& options = {})
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "counts are numbers: take an integer or floating-point type for the scan");
    detail::require_experiment(options);
    auto result = detail::truth<T>(options);
    result.scan =
        expose<T>(result.maps, result.components, {options.poisson, options.seed, options.threads});
    return result;
}
}
