// SPDX-License-Identifier: BSD-3-Clause

// What the constraints on maps and patterns do to a scan with known truth (simulate/particles.hpp),
// over doses and spot fractions, and which bound no_downward_convex_peak should have by default.
// Prints one CSV row for each dose, spot fraction and kind of constraint: medians over the seeds,
// the best of the starts by objective each.
//
//   study_diffraction [seeds [starts [iterations]]]
#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "../support.hpp"

#include <xunmix/compare/agreement.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/simulate/particles.hpp>
#include <xunmix/update/als.hpp>

namespace
{
namespace xu = xunmix;
using image = std::span<const double>;

/// The limit of the simulated probe: sigma = 1.5 positions lets pass 0.011 at this frequency.
constexpr double cutoff = 0.3;

struct measures
{
    double mse = 0;             ///< over that of the primitive factorization of the same scan
    double worst_cosine = 1;    ///< of the components
    double map_correlation = 1; ///< the least
    double missing = 0;         ///< missing_weight, the largest
    double dark = 0;            ///< dark_peak_weight, the largest
    double out_of_band = 0;     ///< the largest
};

/// Which of the found components stands for each true one, by its pattern and its map.
std::vector<std::size_t> match(const xu::tensor<double>& maps, const xu::tensor<double>& components,
                               const xu::simulate::particles_scan& truth)
{
    std::vector<double> alike;
    for (std::size_t j = 0; j < 4; ++j)
        for (std::size_t l = 0; l < 4; ++l)
            alike.push_back(xu::cosine(xu::slice(components, l), xu::slice(truth.components, j)) +
                            xu::correlation(xu::slice(maps, l), xu::slice(truth.maps, j)));
    return xu::best_assignment(alike, 4, 4);
}

measures measure(const xu::result<float>& found, const xu::simulate::particles_scan& truth)
{
    const xu::tensor<double> maps = found.maps(), components = found.components();
    const auto order = match(maps, components, truth);
    measures out;
    const std::vector<std::size_t> scan(truth.maps.shape().begin() + 1, truth.maps.shape().end());
    for (std::size_t j = 0; j < 4; ++j)
    {
        const image component = xu::slice(components, order[j]), map = xu::slice(maps, order[j]);
        std::vector<image> others;
        for (std::size_t l = 0; l < 4; ++l)
            if (l != j)
                others.push_back(xu::slice(truth.components, l));
        out.worst_cosine =
            std::min(out.worst_cosine, xu::cosine(component, xu::slice(truth.components, j)));
        out.map_correlation =
            std::min(out.map_correlation, xu::correlation(map, xu::slice(truth.maps, j)));
        out.missing = std::max(
            out.missing, xu::missing_weight(component, xu::slice(truth.components, j), others));
        out.dark = std::max(out.dark, xu::dark_peak_weight(component, truth.components.shape()[1],
                                                           truth.components.shape()[2], 3));
        out.out_of_band = std::max(out.out_of_band, xu::out_of_band_power(map, scan, cutoff));
    }
    return out;
}

struct kind
{
    const char* name;
    bool limits_maps = true;
    std::optional<xu::background_bound> bound{};
    bool closes = false;
    bool best = false; ///< the best iterate instead of the last
};

constexpr std::array<kind, 7> kinds{
    {{.name = "primitive", .limits_maps = false},
     {.name = "maps only"},
     {.name = "listing S4", .bound = xu::background_bound::listing_s4},
     {.name = "rotational average", .bound = xu::background_bound::rotational_average},
     {.name = "robust", .bound = xu::background_bound::robust},
     {.name = "robust best iterate", .bound = xu::background_bound::robust, .best = true},
     {.name = "closing", .closes = true}}};

/// Fills whatever is darker than its surroundings and smaller than a spot.
constexpr auto close_patterns = [](xu::factor_ref<float> f)
{
    for (auto pattern : f.columns())
    {
        const auto closed =
            xu::closing(std::span<const float>(pattern), f.shape()[0], f.shape()[1], 3);
        std::copy(closed.begin(), closed.end(), pattern.begin());
    }
};

xu::result<float> fit(const xu::dense<std::uint16_t>& x, const kind& k, xu::options options)
{
    options.keep = k.best ? xu::iterate::best : xu::iterate::automatic;
    const auto with = [&](auto on_maps, auto... on_components)
    {
        return xu::factorize(x, options, xu::als{}, xu::on_maps(on_maps),
                             xu::on_components(xu::non_negative{}, on_components...));
    };
    if (!k.limits_maps)
        return with(xu::non_negative{});
    const xu::resolution_limit limit{.cutoff = cutoff};
    if (k.closes)
        return with(limit, close_patterns);
    if (!k.bound)
        return with(limit);
    return with(limit, xu::no_downward_convex_peak{.bound = *k.bound});
}

xu::result<float> best_of(const xu::dense<std::uint16_t>& x, const kind& k, std::size_t starts,
                          std::size_t iterations)
{
    xu::options options{.rank = 4, .max_iterations = iterations, .tolerance = 0, .threads = 2};
    std::optional<xu::result<float>> best;
    for (options.seed = 1; options.seed <= starts; ++options.seed)
        if (auto found = fit(x, k, options); !best || found.mse < best->mse)
            best = std::move(found);
    return *best;
}
}

int main(int argc, char** argv)
{
    const std::size_t seeds = argc > 1 ? std::stoul(argv[1]) : 20;
    const std::size_t starts = argc > 2 ? std::stoul(argv[2]) : 3;
    const std::size_t iterations = argc > 3 ? std::stoul(argv[3]) : 150;
    std::printf(
        "dose,spot_fraction,constraints,mse_ratio,worst_cosine,seeds_with_higher_cosine,"
        "map_correlation,seeds_with_higher_map_correlation,missing_weight,seeds_with_less_missing,"
        "dark_peak_weight,out_of_band\n");
    for (const double dose : {300.0, 3000.0, 30000.0})
        for (const double fraction : {0.1, 0.3, 0.5})
        {
            std::vector<std::vector<measures>> of(kinds.size());
            for (std::size_t seed = 1; seed <= seeds; ++seed)
            {
                const auto truth =
                    xu::simulate::simulate({.dose = dose, .spot_fraction = fraction, .seed = seed});
                const xu::dense<std::uint16_t> x(xu::unfold(truth.counts, xu::positions{0, 1}), 2);
                double primitive = 0;
                for (std::size_t k = 0; k < kinds.size(); ++k)
                {
                    const auto found = best_of(x, kinds[k], starts, iterations);
                    if (k == 0)
                        primitive = found.mse;
                    of[k].push_back(measure(found, truth));
                    of[k].back().mse = found.mse / primitive;
                }
            }
            for (std::size_t k = 0; k < kinds.size(); ++k)
            {
                const auto median = [&](double measures::*what)
                {
                    std::vector<double> values;
                    for (const auto& m : of[k])
                        values.push_back(m.*what);
                    return bench::median(values);
                };
                std::size_t higher = 0, likelier = 0, less = 0;
                for (std::size_t s = 0; s < seeds; ++s)
                {
                    higher += of[k][s].worst_cosine > of[0][s].worst_cosine;
                    likelier += of[k][s].map_correlation > of[0][s].map_correlation;
                    less += of[k][s].missing < of[0][s].missing;
                }
                std::printf("%g,%g,%s,%.4f,%.4f,%zu,%.4f,%zu,%.4f,%zu,%.4f,%.2g\n", dose, fraction,
                            kinds[k].name, median(&measures::mse), median(&measures::worst_cosine),
                            higher, median(&measures::map_correlation), likelier,
                            median(&measures::missing), less, median(&measures::dark),
                            median(&measures::out_of_band));
                std::fflush(stdout);
            }
        }
}
