// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// A weight w_i v_c for every element of X: one number a position times one a channel.
struct entry_weights
{
    std::vector<double> positions, channels;

    const std::vector<double>& of(side s) const
    {
        return s == side::maps ? positions : channels;
    }
};
}
