// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include <xunmix/core/error.hpp>

namespace xunmix
{
/// How far two labellings of the same things agree, whatever the labels are called (Hubert & Arabie
/// 1985): 1 where they are the same, 0 on average for random ones. With n_ab things of label a in
/// the one and b in the other and [x] = x (x - 1) / 2:
///
///     (sum [n_ab] - E) / ((sum [n_a] + sum [n_b]) / 2 - E),   E = sum [n_a] sum [n_b] / [n].
///
/// NaN where both put everything together, or everything apart. Throws invalid_argument for
/// labellings of different or less than two things.
inline double adjusted_rand_index(std::span<const std::size_t> a, std::span<const std::size_t> b)
{
    detail::require<invalid_argument>(
        a.size() == b.size() && a.size() >= 2,
        "the Rand index compares two labellings of the same things, two at least, got ", a.size(),
        " and ", b.size(), " labels");
    std::map<std::pair<std::size_t, std::size_t>, double> both;
    std::map<std::size_t, double> in_a, in_b;
    for (std::size_t i = 0; i < a.size(); ++i)
        ++both[{a[i], b[i]}], ++in_a[a[i]], ++in_b[b[i]];
    const auto pairs = [](const auto& counts)
    {
        double sum = 0;
        for (const auto& [label, n] : counts)
            sum += n * (n - 1) / 2;
        return sum;
    };
    const auto n = static_cast<double>(a.size());
    const double expected = pairs(in_a) * pairs(in_b) / (n * (n - 1) / 2);
    return (pairs(both) - expected) / ((pairs(in_a) + pairs(in_b)) / 2 - expected);
}
}
