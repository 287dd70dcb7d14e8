// SPDX-License-Identifier: BSD-3-Clause

// The pipeline of Kimoto 2025 on a simulated metallic glass, with its pictures: the scree of PCA;
// a primitive factorization and one with both constraints; which components are one structure
// under several rotations.
//
//   metallic_glass [POSITIONS [SEED]]      128 positions a side are the paper's size; 64 by default

#include "plot/figure.hpp"

#include <xunmix/simulate/metallic_glass.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>

namespace xu = xunmix;

/// Clusters of a result's components: printed, and drawn beside components and maps.
void show(const std::string& name, const xu::result<float>& result, std::size_t structures)
{
    const auto patterns = result.components(), maps = result.maps();
    const auto table = xu::similarity(patterns);
    const auto tree = xu::cluster(table);
    const auto labels = tree.cut_into(structures);
    const auto clusters = xu::gather_clusters(patterns, maps, table, labels);

    std::printf("%s: mse %.4f\n", name.c_str(), result.mse);
    for (std::size_t c = 0; c < structures; ++c)
    {
        std::printf("  cluster %zu:", c + 1);
        for (std::size_t i = 0; i < clusters[c].members.size(); ++i)
            std::printf(" %zu (%.0f deg)", clusters[c].members[i] + 1,
                        180 / std::numbers::pi * clusters[c].rotations[i]);
        std::printf("\n");
    }
    unmix::draw_montage("metallic_glass_" + name + ".png",
                        {.components = patterns, .maps = maps, .title = name});
    unmix::draw_dendrogram("metallic_glass_" + name + "_clusters.png",
                           unmix::picture_of(tree, labels, clusters));
}

int main(int argc, char** argv)
{
    const std::size_t side = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
    const auto glass =
        xu::simulate::metallic_glass({.scan = {side, side},
                                      .precipitates = side * side / 565,
                                      .seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1});
    const std::size_t rank = glass.structures.size(), structures = 4; // the matrix and three
    const auto x = xu::unfold(glass.counts, xu::positions{0, 1});
    const xu::options options{.rank = rank, .max_iterations = 100, .tolerance = 0, .seed = 1};

    const auto pca = xu::pca(xu::dense(x), {.rank = rank + 5});
    unmix::draw_scree("metallic_glass_scree.png",
                      {.variances = pca.variances, .mse = pca.mse, .title = "metallic glass"});

    show("primitive",
         xu::factorize(x, options, xu::als{}, xu::on_maps(xu::non_negative{}),
                       xu::on_components(xu::non_negative{})),
         structures);
    show("constrained",
         xu::factorize(x, options, xu::als{}, xu::on_maps(xu::resolution_limit{.cutoff = 0.3}),
                       xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{})),
         structures);
}
