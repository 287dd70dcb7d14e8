// SPDX-License-Identifier: BSD-3-Clause
// Every update, in float and double.
#include "problems.hpp"

namespace bits
{
namespace
{
template <class T>
void of_type(const std::string& type)
{
    const auto values = scan<T>(10);
    const auto data = xu::unfold(values, xu::positions{0, 1});
    const auto maps = xu::on_maps(xu::non_negative{});
    const auto components = xu::on_components(xu::non_negative{});
    run("als " + type, data, xu::als{}, maps, components);
    run("als free " + type, data, xu::als{});
    run("mals " + type, data, xu::mals{}, maps, components);
    run("hals " + type, data, xu::hals{}, maps, components);
    run("hals plain " + type, data, xu::hals{.rounds = 1, .extrapolate = false}, maps, components);
    run("bpp " + type, data, xu::bpp{}, maps, components);
    run("multiplicative " + type, data, xu::multiplicative{}, maps, components);
    run("soft_orthogonal " + type, data, xu::soft_orthogonal{}, maps, components);
    run("ard " + type, data, xu::ard{}, maps, components);
    run("ard_multiplicative " + type, data, xu::ard_multiplicative{}, maps, components);
}
}

void updates()
{
    of_type<float>("float");
    of_type<double>("double");
}
}
