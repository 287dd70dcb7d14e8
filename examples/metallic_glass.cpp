// SPDX-License-Identifier: BSD-3-Clause

// The pipeline of Kimoto 2025 on a simulated metallic glass: factorize primitively and with both
// constraints, then find which components are one structure under several rotations.
// metallic_glass [POSITIONS [SEED]]: so many by so many positions, 128 for the paper's size.

#include <xunmix/simulate/metallic_glass.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdio>
#include <cstdlib>
#include <numbers>

namespace xu = xunmix;

/// The true component whose map is most like map j.
std::size_t nearest(const xu::tensor<float>& maps, std::size_t j, const xu::tensor<double>& truth)
{
    const std::size_t places = maps.size() / maps.shape()[0];
    std::size_t best = 0;
    double highest = -1;
    for (std::size_t t = 0; t < truth.shape()[0]; ++t)
    {
        double both = 0, square = 1e-300;
        for (std::size_t i = 0; i < places; ++i)
        {
            const double x = truth.data()[t * places + i];
            both += x * maps.data()[j * places + i];
            square += x * x;
        }
        if (both / std::sqrt(square) > highest)
            highest = both / std::sqrt(square), best = t;
    }
    return best;
}

int main(int argc, char** argv)
{
    const std::size_t side = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
    const auto glass =
        xu::simulate::metallic_glass({.scan = {side, side},
                                      .precipitates = side * side / 565,
                                      .seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1});
    const std::size_t rank = glass.structures.size();
    const auto x = xu::unfold(glass.counts, xu::positions{0, 1});
    const xu::options options{.rank = rank, .max_iterations = 100, .tolerance = 0, .seed = 1};

    const auto scree = xu::pca(xu::dense(x), {.rank = rank});
    std::printf("scree:");
    for (const double variance : scree.variances)
        std::printf(" %.3g", variance);
    std::printf("\n");

    const auto primitive = xu::factorize(x, options, xu::als{}, xu::on_maps(xu::non_negative{}),
                                         xu::on_components(xu::non_negative{}));
    const auto constrained =
        xu::factorize(x, options, xu::als{}, xu::on_maps(xu::resolution_limit{.cutoff = 0.3}),
                      xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{}));

    for (const auto* result : {&primitive, &constrained})
    {
        const auto table = xu::similarity(result->components());
        const auto labels = xu::cluster(table).cut_into(4); // the matrix and three structures
        std::printf("%s: mse %.4f\n", result == &primitive ? "primitive" : "constrained",
                    result->mse);
        for (const auto& c :
             xu::gather_clusters(result->components(), result->maps(), table, labels))
        {
            std::printf("  cluster:");
            for (std::size_t i = 0; i < c.members.size(); ++i)
                std::printf(" %zu (%.0f deg, structure %zu)", c.members[i],
                            180 / std::numbers::pi * c.rotations[i],
                            glass.structures[nearest(result->maps(), c.members[i], glass.maps)]);
            std::printf("\n");
        }
    }
}
