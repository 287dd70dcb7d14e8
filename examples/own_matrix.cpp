// SPDX-License-Identifier: BSD-3-Clause

// A data matrix of your own: a scan that is not in memory as numbers, here frames that a camera
// packs two pixels in three bytes. rows_from asks for one row at a time.

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdlib>
#include <iostream>
#include <span>
#include <vector>

namespace xu = xunmix;

int main()
{
    const auto simulated =
        xu::simulate::nanosheets({.positions = {20, 20}, .detector = {32, 32}, .electrons = 5000});
    constexpr std::size_t pixels = 32 * 32, frame = pixels / 2 * 3;
    std::vector<std::uint8_t> packed;
    for (std::size_t i = 0; i < simulated.scan.size(); i += 2)
    {
        const auto a = static_cast<unsigned>(simulated.scan.data()[i]),
                   b = static_cast<unsigned>(simulated.scan.data()[i + 1]);
        for (const unsigned byte : {a & 255, (a >> 8 & 15) | (b & 15) << 4, b >> 4 & 255})
            packed.push_back(static_cast<std::uint8_t>(byte));
    }

    // The data matrix: 400 positions of 32 x 32 channels, 12 bits each.
    const auto unpack = [&](std::size_t position, std::span<std::uint16_t> row)
    {
        const std::uint8_t* from = packed.data() + position * frame;
        for (std::size_t c = 0; c < row.size(); c += 2, from += 3)
        {
            row[c] = static_cast<std::uint16_t>(from[0] | (from[1] & 15) << 8);
            row[c + 1] = static_cast<std::uint16_t>(from[1] >> 4 | from[2] << 4);
        }
    };
    const auto x = xu::rows_from<std::uint16_t>({{20, 20}}, {{32, 32}}, unpack);

    const auto fit = [](const auto& data)
    {
        return xu::factorize(data, {.rank = 4, .max_iterations = 30}, xu::hals{},
                             xu::on_maps(xu::non_negative{}),
                             xu::on_components(xu::non_negative{}));
    };
    const auto result = fit(x);
    const xu::tensor<std::uint16_t> counts = simulated.scan;
    const auto in_memory = fit(xu::unfold(counts, xu::positions{0, 1}));
    std::cout << "mse " << result.mse << ", from memory " << in_memory.mse << '\n';
    return result.mse == in_memory.mse ? EXIT_SUCCESS : EXIT_FAILURE;
}
