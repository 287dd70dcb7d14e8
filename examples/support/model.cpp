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
}
