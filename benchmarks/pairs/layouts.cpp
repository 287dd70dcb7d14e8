// SPDX-License-Identifier: BSD-3-Clause
// How data lie, what is made of them before the first iteration, and compressed data.
#include "rows.hpp"

namespace pairs
{
namespace
{
/// A scan (v, u, y, x), viewed as it is.
measurement positions_last()
{
    constexpr std::size_t side = 40, extent = 96, positions = side * side;
    auto data = xu::tensor<float>::from_shape({extent, extent, side, side});
    mix(data.data(), positions, extent * extent, 100,
        [](std::size_t i, std::size_t c) { return c * positions + i; });
    return iterations(41, xu::unfold(std::move(data), xu::positions{2, 3}), {}, xu::hals{}, on_maps,
                      on_components);
}

/// The copy that unfolding (y, v, x, u) makes.
measurement interleaved()
{
    constexpr std::size_t side = 40, extent = 96;
    auto data = std::make_shared<xu::tensor<float>>(
        xu::tensor<float>::from_shape({side, extent, side, extent}));
    std::size_t i = 0;
    for (float& x : *data)
        x = static_cast<float>(i++ % 4096);
    return {11, [data] { xu::unfold(*data, xu::positions{0, 2}); }};
}

/// A solver of a matrix that nobody has looked at: checks, summary, start.
template <class T>
measurement construction()
{
    const auto x = unfolded_scan<T>();
    return {15, [x]
            {
                xu::make_solver(x, {.rank = 7, .seed = 1, .threads = threads}, xu::hals{}, on_maps,
                                on_components);
            }};
}

constexpr std::size_t directions = 32;

measurement compression()
{
    return {5, [x = matrix()]
            { const xu::compressed<xu::dense<float>> made(x, directions, 1, 0, threads); }};
}
measurement iterations_compressed()
{
    const xu::compressed<xu::dense<float>> x(matrix(), directions, 1, 0, threads);
    return iterations(301, x, {}, xu::hals{}, on_maps, on_components);
}
}

std::vector<row> layouts()
{
    return {
        {"positions-last", positions_last},  {"unfold", interleaved},
        {"solver-f32", construction<float>}, {"solver-u16", construction<std::uint16_t>},
        {"compression", compression},        {"compressed", iterations_compressed},
    };
}
}
