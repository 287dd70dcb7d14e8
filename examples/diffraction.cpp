// SPDX-License-Identifier: BSD-3-Clause

// 4D-STEM with the constraints of Kimoto 2025: maps no finer than the probe, patterns without dark
// spots; then which components are one structure seen under several rotations.

#include <xunmix/simulate/particles.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdio>
#include <numbers>

namespace xu = xunmix;

int main()
{
    const auto simulated = xu::simulate::simulate(xu::simulate::particles{.dose = 10000});
    const auto& scan = simulated.counts; // (y, x, v, u)

    const auto result = xu::factorize(
        xu::unfold(scan, xu::positions{0, 1}), {.rank = 4, .max_iterations = 150, .seed = 3},
        xu::als{}, xu::on_maps(xu::resolution_limit{.cutoff = 0.3}), // cycles a position
        xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{}));
    const auto patterns = result.components();

    const auto table = xu::similarity(patterns); // of all pairs, whichever way they are turned
    const auto tree = xu::cluster(table, xu::linkage::average);
    const auto clusters =
        xu::gather_clusters(patterns, result.maps(), table, tree.cut_into(2)); // mean pattern, map

    for (const auto& c : clusters)
        for (std::size_t i = 0; i < c.members.size(); ++i)
            std::printf("%s component %zu, turned by %.1f degrees\n",
                        i == 0 ? "cluster:" : "        ", c.members[i],
                        180 / std::numbers::pi * c.rotations[i]);
    std::printf("mse %.4f after %zu iterations, of which %zu raised it\n", result.mse,
                result.iterations, result.rises());
}
