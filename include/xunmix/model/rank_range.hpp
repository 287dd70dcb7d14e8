// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace xunmix
{
/// first, first + 1, ..., last.
inline std::vector<std::size_t> rank_range(std::size_t first, std::size_t last)
{
    std::vector<std::size_t> ranks(last >= first ? last - first + 1 : 0);
    std::iota(ranks.begin(), ranks.end(), first);
    return ranks;
}
}
