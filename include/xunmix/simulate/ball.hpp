// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>

namespace xunmix::simulate::detail
{
/// A round particle or precipitate.
struct ball
{
    double y, x, radius;
};

/// Thickness of a ball of unit radius along the beam, 1 in its middle, seen by a Gaussian probe
/// at (y, x) from it; everything in radii.
inline double blurred_ball(double y, double x, double sigma)
{
    if (std::hypot(y, x) > 1 + 4 * sigma)
        return 0;
    constexpr int reach = 4;
    double sum = 0, weights = 0;
    for (int i = -reach; i <= reach; ++i)
        for (int j = -reach; j <= reach; ++j)
        {
            const double dy = 3.0 * i / reach, dx = 3.0 * j / reach;
            const double weight = std::exp(-(dy * dy + dx * dx) / 2);
            const double yy = y + sigma * dy, xx = x + sigma * dx;
            sum += weight * std::sqrt(std::max(0.0, 1 - yy * yy - xx * xx));
            weights += weight;
        }
    return sum / weights;
}
}
