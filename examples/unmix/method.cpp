// SPDX-License-Identifier: BSD-3-Clause
#include "method.hpp"

#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>

namespace unmix
{
std::vector<std::string> constraint_names(const arguments& a, xunmix::side side)
{
    const auto& names = side == xunmix::side::maps ? a.maps : a.components;
    if (names == std::vector<std::string>{"none"})
        return {};
    if (!names.empty())
        return names;
    if (a.algorithm == "als" && side == xunmix::side::components)
        return {"non_negative", "unit_norm"};
    return {"non_negative"};
}

bool is_multiplicative(const std::string& algorithm)
{
    return algorithm == "mu" || algorithm == "ard_mu";
}

bool finds_rank(const std::string& algorithm)
{
    return algorithm == "ard" || algorithm == "ard_mu";
}

bool is_the_same_for_all_seeds(const std::string& init)
{
    return init == "spa" || init == "nndsvd" || init == "nndsvda";
}

xunmix::any_update update_of(const arguments& a)
{
    if (a.algorithm == "soft_orthogonal")
        return xunmix::soft_orthogonal{.weight = orthogonality_of(a), .on = a.orthogonal_side};
    if (a.algorithm == "ard")
        return xunmix::ard{.orthogonality = orthogonality_of(a)};
    if (a.algorithm == "mu")
        return xunmix::multiplicative{};
    if (a.algorithm == "ard_mu")
        return xunmix::ard_multiplicative{};
    return xunmix::runtime::update(a.algorithm);
}

xunmix::any_start start_of(const arguments& a)
{
    // What multiplicative updates start from holds no zero, which they would never leave.
    const double least = is_multiplicative(a.algorithm) ? 0.01 : 0;
    if (a.init == "uniform")
        return xunmix::random_uniform{};
    if (a.init == "positions")
        return xunmix::random_positions{};
    if (a.init == "vca")
        return xunmix::vca{.least = least};
    if (a.init == "spa")
        return xunmix::spa{.least = least};
    if (a.init == "signal_subspace")
        return xunmix::signal_subspace{.least = least};
    return xunmix::runtime::start(a.init);
}

double orthogonality_of(const arguments& a)
{
    const double usual = a.algorithm == "soft_orthogonal" ? xunmix::soft_orthogonal{}.weight
                         : a.algorithm == "ard"           ? xunmix::ard{}.orthogonality
                                                          : 0;
    return a.orthogonality.value_or(usual);
}
}
