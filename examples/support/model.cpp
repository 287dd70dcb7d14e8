// SPDX-License-Identifier: BSD-3-Clause
#include "model.hpp"

namespace support
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

chosen_start start_of(const arguments& a)
{
    return {a.init, is_multiplicative(a.algorithm) ? 0.01 : 0};
}

double orthogonality_of(const arguments& a)
{
    const double usual = a.algorithm == "soft_orthogonal" ? xunmix::soft_orthogonal{}.weight
                         : a.algorithm == "ard"           ? xunmix::ard{}.orthogonality
                                                          : 0;
    return a.orthogonality.value_or(usual);
}
}
