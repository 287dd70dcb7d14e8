// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <xunmix/core/xtensor.hpp>

namespace xunmix::simulate
{
namespace detail
{
/// The shares (3, y, x) of three layers, one below the other, that a Gaussian probe of width
/// `sigma` (positions) sees; they add up to 1. The layers meet at upper(x) and lower(x) from the
/// top, in parts of the scan's height, for x in parts of its width; taken as level where the probe
/// stands.
template <class Upper, class Lower>
tensor<double> layers(const std::array<std::size_t, 2>& scan, double sigma, Upper upper,
                      Lower lower)
{
    auto shares = tensor<double>::from_shape({std::size_t{3}, scan[0], scan[1]});
    const double height = static_cast<double>(scan[0]), width = static_cast<double>(scan[1]);
    for (std::size_t i = 0; i < scan[0]; ++i)
        for (std::size_t j = 0; j < scan[1]; ++j)
        {
            const double y = static_cast<double>(i) + 0.5;
            const double x = (static_cast<double>(j) + 0.5) / width;
            const auto above = [&](double boundary)
            { return 0.5 * std::erfc((y - boundary * height) / (std::sqrt(2.0) * sigma)); };
            shares(0, i, j) = above(upper(x));
            shares(2, i, j) = 1 - above(lower(x));
            shares(1, i, j) = std::max(0.0, above(lower(x)) - above(upper(x)));
        }
    return shares;
}
}
}
