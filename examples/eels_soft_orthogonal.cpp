// SPDX-License-Identifier: BSD-3-Clause

// Figs. 3 and 5 of Muto & Shiga 2020 on a simulated diode: three layers whose Si L2,3 spectra are
// alike. Where the components need only be non-negative, they cut into each other; where their maps
// are kept from overlapping, too, they do not. Started with ten components, those that are not
// needed die out.
//
//   eels_soft_orthogonal [DOSE [SEED]]      counts a position, 300 by default

#include "plot/comparison.hpp"
#include "plot/relevances.hpp"

#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/survey/choose_orthogonality.hpp>
#include <xunmix/xunmix.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace xu = xunmix;

using image = xu::simulate::spectrum_image<std::uint16_t>;
using found = unmix::comparison::found;

/// Components and maps in the order of the truth's that resembles them most, components at unit sum
/// as the truth's.
found in_order(const image& truth, const xu::result<float>& result, const std::string& name)
{
    const xu::tensor<double> components = result.components(), maps = result.maps();
    const auto order = xu::match_components(components, truth.components);
    found out{name, truth.components, truth.maps};
    for (std::size_t k = 0; k < 3; ++k)
    {
        const auto spectrum = xu::slice(components, order[k]), map = xu::slice(maps, order[k]);
        const double sum = std::accumulate(spectrum.begin(), spectrum.end(), 0.0);
        std::ranges::transform(spectrum, &out.components(k, 0), [&](double v) { return v / sum; });
        std::ranges::transform(map, &out.maps(k, 0, 0), [&](double v) { return v * sum; });
    }
    return out;
}

std::string weight_name(double weight)
{
    return fmt::format("weight {:g}", weight);
}

/// A line of the table.
void print(const image& truth, const found& f)
{
    const auto fit = xu::compare(f.maps, f.components, truth.maps, truth.components);
    std::printf("%-18s %10.3f rad  %15.3f  %15.3f\n", f.name.c_str(), fit.angle, fit.correlation,
                fit.overlap);
}

/// Prints and draws these results beside the truth.
void show(const image& diode, const std::string& picture, const std::string& title,
          const std::vector<found>& rows)
{
    for (const found& row : rows)
        print(diode, row);
    unmix::comparison what;
    what.truth = {"truth", diode.components, diode.maps};
    what.rows = rows;
    what.phases = diode.names;
    what.energy.name = "energy loss";
    what.energy.units = diode.axis.unit;
    what.energy.scale = diode.axis.step;
    what.energy.offset = diode.axis.offset;
    what.title = title;
    unmix::draw_comparison(picture, what);
}

int main(int argc, char** argv)
{
    const auto diode =
        xu::simulate::silicon_diode({.dose = argc > 1 ? std::strtod(argv[1], nullptr) : 300,
                                     .seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1});
    const auto& scan = diode.scan; // (y, x, energy), counts

    const auto data = xu::poisson_scaled(xu::dense(xu::unfold(scan, xu::positions{0, 1})));
    const auto maps = xu::on_maps(xu::non_negative{});
    const auto spectra = xu::on_components(xu::non_negative{});
    const xu::options three{.rank = 3, .seed = 1}, ten{.rank = 10, .seed = 1};

    const auto plain = xu::factorize(data, three, xu::hals{}, maps, spectra);
    const auto soft =
        xu::factorize(data, three, xu::soft_orthogonal{.weight = 0.05}, maps, spectra);

    // the largest weight that fits the counts as well as maps without overlap should
    const auto choice = xu::choose_orthogonality(data, three, xu::soft_orthogonal{},
                                                 {0.01, 0.05, 0.2, 1}, maps, spectra);

    // more components than there can be: those that the data do not need die out
    xu::relevance_trace trace;
    const auto kept = xu::factorize(data, ten, xu::ard{.orthogonality = 0.2}, maps, spectra, trace);

    const auto weight = [&](double w)
    { return xu::factorize(data, three, xu::soft_orthogonal{.weight = w}, maps, spectra); };
    std::printf("%-18s %14s  %15s  %15s\n", "", "spectral angle", "map correlation",
                "largest overlap");
    print(diode, in_order(diode, weight(0), weight_name(0)));
    show(diode, "eels_soft_orthogonal.png", "Si L2,3 edges of three layers of a diode",
         {in_order(diode, plain, "hals"), in_order(diode, weight(0.01), weight_name(0.01)),
          in_order(diode, soft, weight_name(0.05)),
          in_order(diode, choice.best, weight_name(choice.weight) + " (chosen)")});

    std::printf("ard keeps %zu of %zu components\n", kept.rank(), ten.rank);
    unmix::draw_relevances("eels_relevances.png",
                           {.trace = trace.values, .title = "Relevances of ten components"});
    if (kept.rank() == three.rank)
        show(diode, "eels_ard.png", "What ard keeps of ten components",
             {in_order(diode, kept, "ard")});
}
