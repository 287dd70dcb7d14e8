// SPDX-License-Identifier: BSD-3-Clause
// Divergences.
#include "problems.hpp"

namespace bits
{
void losses()
{
    const auto counts = scan<std::uint16_t>(60);
    const auto data = xu::unfold(counts, xu::positions{0, 1});
    const auto values = scan<double>(10);
    const auto real = xu::unfold(values, xu::positions{0, 1});
    const auto maps = xu::on_maps(xu::non_negative{});
    const auto components = xu::on_components(xu::non_negative{});
    for (const double beta : {0.5, 1.0, 1.5})
    {
        const auto name = "beta " + std::to_string(beta);
        run(name, data, xu::multiplicative{}, maps, components, xu::beta_divergence{beta});
        run(name + " double", real, xu::multiplicative{}, maps, components,
            xu::beta_divergence{beta});
    }
    run("beta 0", real, xu::multiplicative{}, maps, components, xu::beta_divergence{0});
    run("ard beta 1", data, xu::ard_multiplicative{}, maps, components, xu::beta_divergence{1});
}
}
