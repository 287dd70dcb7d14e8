// SPDX-License-Identifier: BSD-3-Clause

// How well clusters of components agree with the true structures of a simulated metallic glass
// (simulate/metallic_glass.hpp, 128 x 128 positions and pixels, rank 30), primitive and with both
// constraints: als, 100 iterations from uniform random maps; the best iterate, and the last. One
// CSV row for each scan, start and kind.
//
//   study_metallic_glass [scans [starts]]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <vector>

#include <xunmix/simulate/metallic_glass.hpp>
#include <xunmix/xunmix.hpp>

namespace
{
namespace xu = xunmix;

struct match
{
    std::size_t component; ///< of the truth
    double cosine;         ///< of the maps
};

match best_match(const xu::tensor<float>& maps, std::size_t j, const xu::tensor<double>& truth)
{
    match out{0, -1};
    for (std::size_t t = 0; t < truth.shape()[0]; ++t)
    {
        const double cosine = xu::cosine(xu::slice(maps, j), xu::slice(truth, t));
        if (cosine > out.cosine)
            out = {t, cosine};
    }
    return out;
}

void judge(std::uint64_t scan, std::uint64_t start, const char* kind, const xu::result<float>& r,
           const xu::simulate::metallic_glass_scan& glass)
{
    const auto maps = r.maps();
    const std::size_t k = r.rank(), structures = 1 + *std::max_element(glass.structures.begin(),
                                                                       glass.structures.end());
    const auto table = xu::similarity(r.components());
    std::vector<match> matches;
    std::vector<std::size_t> truth;
    std::vector<bool> seen(k);
    for (std::size_t j = 0; j < k; ++j)
    {
        matches.push_back(best_match(maps, j, glass.maps));
        truth.push_back(glass.structures[matches[j].component]);
        if (matches[j].cosine > 0.8)
            seen[matches[j].component] = true;
    }
    // Rotations of all pairs of one structure against the truth, modulo the symmetry.
    double worst = 0;
    std::size_t pairs = 0, beyond = 0;
    for (std::size_t a = 0; a < k; ++a)
        for (std::size_t b = a + 1; b < k; ++b)
        {
            if (truth[a] == 0 || truth[a] != truth[b] ||
                std::min(matches[a].cosine, matches[b].cosine) < 0.8)
                continue;
            const std::size_t ta = matches[a].component, tb = matches[b].component;
            // polar_grid's angle grows from v towards u, the simulation's from u towards v.
            const double off = table.rotation(a, b) + glass.rotations[tb] - glass.rotations[ta];
            const double period = 2 * std::numbers::pi / static_cast<double>(glass.symmetries[ta]);
            const double error = 180 / std::numbers::pi * std::abs(std::remainder(off, period));
            worst = std::max(worst, error);
            ++pairs;
            beyond += error > 1;
        }
    std::printf("%zu,%zu,%s,%.5f,%zu,%td,%.3f,%zu,%zu,%.2f\n", static_cast<std::size_t>(scan),
                static_cast<std::size_t>(start), kind, r.mse, r.best_iteration,
                std::count(seen.begin(), seen.end(), true),
                xu::adjusted_rand_index(xu::cluster(table).cut_into(structures), truth), pairs,
                beyond, worst);
    std::fflush(stdout);
}

void judge_start(std::uint64_t seed, std::uint64_t start, const xu::unfolded<std::uint16_t>& x,
                 const xu::simulate::metallic_glass_scan& glass)
{
    const xu::options options{
        .rank = glass.structures.size(), .max_iterations = 100, .tolerance = 0, .seed = start};
    judge(seed, start, "primitive",
          xu::factorize(x, options, xu::als{}, xu::on_maps(xu::non_negative{}),
                        xu::on_components(xu::non_negative{})),
          glass);
    for (const bool best : {true, false})
    {
        auto choice = options;
        choice.keep = best ? xu::iterate::best : xu::iterate::last;
        judge(seed, start, best ? "constrained best iterate" : "constrained last iterate",
              xu::factorize(x, choice, xu::als{}, xu::on_maps(xu::resolution_limit{.cutoff = 0.3}),
                            xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{})),
              glass);
    }
}
}

int main(int argc, char** argv)
{
    const std::size_t scans = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5;
    const std::size_t starts = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 3;
    std::printf(
        "scan,start,kind,mse,best iteration,components found,adjusted rand,pairs,rotations off by "
        "over 1 deg,worst rotation (deg)\n");
    for (std::uint64_t seed = 1; seed <= scans; ++seed)
    {
        const auto glass = xu::simulate::metallic_glass({.seed = seed});
        const auto x = xu::unfold(glass.counts, xu::positions{0, 1});
        for (std::uint64_t start = 1; start <= starts; ++start)
            judge_start(seed, start, x, glass);
        const auto scree = xu::pca(xu::dense(x), {.rank = glass.structures.size() + 10}).variances;
        std::printf("%zu,scree", static_cast<std::size_t>(seed));
        for (const double v : scree)
            std::printf(",%.4g", v);
        std::printf("\n");
    }
}
