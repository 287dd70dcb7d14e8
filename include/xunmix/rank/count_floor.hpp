// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <xunmix/matrix/scaled.hpp>
#include <xunmix/rank/criteria.hpp>

namespace xunmix::detail
{
/// Fewer counts than these, of a position or of a channel, scale like so many: a single count where
/// almost none are expected would else make a singular value of its own.
struct count_floor
{
    double positions = 0, channels = 0;
};

/// Floors, in equal shares of the mean sums, at which one count in the faintest channel of the
/// faintest position is half the edge sqrt(n) + sqrt(m).
inline count_floor floor_for(const spectrum& s, double all)
{
    const double edge = marchenko_pastur_edge(s.positions, s.channels);
    const double share = std::min(1.0, 2 / edge * std::sqrt(s.entries() / all));
    return {share * all / static_cast<double>(s.positions),
            share * all / static_cast<double>(s.channels)};
}

/// What the rows and columns of W^(1/2) X V^(1/2) are multiplied with to scale by floored sums.
template <class M>
entry_weights floored(const scaled<M>& x, const count_floor& least)
{
    const auto& about = x.summary();
    const double n = static_cast<double>(x.shape().positions.kept());
    entry_weights out = x.weights(); // of positions: sum / (n g); of channels: n / h
    for (double& w : out.positions)
        w = std::sqrt(std::min(1.0, about.sum / n / (std::max(w, 1e-300) * least.positions)));
    for (double& v : out.channels)
        v = std::sqrt(std::min(1.0, n / (std::max(v, 1e-300) * least.channels)));
    return out;
}
}
