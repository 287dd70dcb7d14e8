// SPDX-License-Identifier: BSD-3-Clause
#include "colour_map.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace unmix
{
namespace
{
using samples = std::array<std::uint32_t, 33>; // 0xRRGGBB

constexpr samples viridis_samples{
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989, 0x3b528b,
    0x375b8d, 0x33638d, 0x2f6b8e, 0x2c728e, 0x297a8e, 0x26828e, 0x23898e, 0x21918c, 0x1f988b,
    0x1fa088, 0x22a785, 0x28ae80, 0x32b67a, 0x3fbc73, 0x4ec36b, 0x5ec962, 0x70cf57, 0x84d44b,
    0x98d83e, 0xaddc30, 0xc2df23, 0xd8e219, 0xece51b, 0xfde725};

constexpr samples magma_samples{
    0x000004, 0x030312, 0x0a0822, 0x130d34, 0x1d1147, 0x29115a, 0x36106b, 0x440f76, 0x51127c,
    0x5d177f, 0x6a1c81, 0x762181, 0x832681, 0x902a81, 0x9c2e7f, 0xaa337d, 0xb73779, 0xc43c75,
    0xd0416f, 0xdc4869, 0xe75263, 0xef5d5e, 0xf56b5c, 0xf9795d, 0xfc8961, 0xfd9869, 0xfea772,
    0xfeb67c, 0xfec488, 0xfed395, 0xfde2a3, 0xfcf0b2, 0xfcfdbf};

colour unpack(std::uint32_t rgb)
{
    const auto part = [rgb](int shift) { return ((rgb >> shift) & 0xff) / 255.0; };
    return {part(16), part(8), part(0)};
}

colour interpolate(const samples& table, double value)
{
    const double place = std::clamp(value, 0.0, 1.0) * static_cast<double>(table.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(place), table.size() - 2);
    const double t = place - static_cast<double>(below);
    const colour a = unpack(table[below]);
    const colour b = unpack(table[below + 1]);
    return {a.red + t * (b.red - a.red), a.green + t * (b.green - a.green),
            a.blue + t * (b.blue - a.blue)};
}
}

colour viridis(double value)
{
    return interpolate(viridis_samples, value);
}

colour magma(double value)
{
    return interpolate(magma_samples, value);
}
}
