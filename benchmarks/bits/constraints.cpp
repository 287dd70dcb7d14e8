// SPDX-License-Identifier: BSD-3-Clause
// Every constraint, with hals and, where it takes it, als or multiplicative.
#include "problems.hpp"

#include <algorithm>
#include <limits>

namespace bits
{
namespace
{
/// The first component a background that decays along the channels.
void decays()
{
    auto spectra = xu::tensor<float>::from_shape({height, width, channels});
    const auto values = scan<float>(10);
    std::copy(values.begin(), values.end(), spectra.begin());
    xu::given from = start();
    from.components->reshape({rank, channels});
    digest sum;
    sum.add_result(xu::factorize(xu::unfold(spectra, xu::positions{0, 1}), options(), xu::hals{},
                                 from, xu::on_maps(xu::non_negative{}),
                                 xu::on_components(xu::non_negative{}, xu::decaying{})));
    sum.print("decaying");
}
}

void constraints()
{
    const auto values = scan<float>(10);
    const auto data = xu::unfold(values, xu::positions{0, 1});
    const xu::hals hals{};
    const xu::non_negative plus{};
    const auto components = xu::on_components(plus);
    run("sparse", data, hals, xu::on_maps(plus, xu::sparse{.weight = 0.1}), components);
    run("ridge", data, hals, xu::on_maps(plus, xu::ridge{.weight = 0.1}), components);
    run("ridge als", data, xu::als{}, xu::on_maps(plus, xu::ridge{.weight = 0.1}), components);
    run("smooth", data, hals, xu::on_maps(plus, xu::smooth{.weight = 0.1}), components);
    run("smooth als", data, xu::als{}, xu::on_maps(plus, xu::smooth{.weight = 0.1}), components);
    run("sparse multiplicative", data, xu::multiplicative{},
        xu::on_maps(plus, xu::sparse{.weight = 0.1}), components);
    run("bounded", data, hals, xu::on_maps(xu::bounded{.lower = 0, .upper = 1}), components);
    run("sum_to_one", data, hals, xu::on_maps(plus, xu::sum_to_one{}), components);
    run("unit_norm als", data, xu::als{}, xu::on_maps(plus),
        xu::on_components(plus, xu::unit_norm{}));
    decays();
    run("resolution_limit", data, hals, xu::on_maps(xu::resolution_limit{.cutoff = 0.2}),
        components);
    run("no_downward_convex_peak", data, hals, xu::on_maps(plus),
        xu::on_components(plus, xu::no_downward_convex_peak{}));
    run("scheduled", data, hals, xu::on_maps(plus),
        xu::on_components(plus, xu::scheduled(xu::no_downward_convex_peak{}, 4, 2)));
    auto known = xu::tensor<double>::from_shape({1, extent, extent});
    known.fill(0.5);
    known.data()[3] = std::numeric_limits<double>::quiet_NaN();
    run("fixed", data, hals, xu::on_maps(plus), xu::on_components(plus, xu::fixed(known)));
    run("fixed als", data, xu::als{}, xu::on_maps(plus), xu::on_components(plus, xu::fixed(known)));
}
}
