// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

namespace xunmix
{
/// The two factors of X ~ C S^T: the maps C say where, the components S say what.
enum class side
{
    maps,
    components
};

constexpr side other(side s)
{
    return s == side::maps ? side::components : side::maps;
}

constexpr const char* name(side s)
{
    return s == side::maps ? "maps" : "components";
}

/// The tensor shape behind the rows of a factor, and which of its places count: a component of a
/// 128 x 128 detector, a map of a 100 x 100 scan. Places are numbered in C order.
struct grid
{
    std::vector<std::size_t> shape;
    std::vector<std::uint8_t> keep{}; ///< 1 where a place counts, 0 where masked; empty: all count

    std::size_t size() const
    {
        return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>{});
    }
    std::size_t kept() const
    {
        return keep.empty() ? size() : std::accumulate(keep.begin(), keep.end(), std::size_t{0});
    }
    bool keeps(std::size_t place) const
    {
        return keep.empty() || keep[place] != 0;
    }
};
}
