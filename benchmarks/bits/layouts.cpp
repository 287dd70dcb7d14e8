// SPDX-License-Identifier: BSD-3-Clause
// Element types, memory layouts, masks and weights.
#include "problems.hpp"

#include <vector>

namespace bits
{
namespace
{
template <class Data>
void with_hals(const std::string& name, const Data& data)
{
    run(name, data, xu::hals{}, xu::on_maps(xu::non_negative{}),
        xu::on_components(xu::non_negative{}));
}
}

void layouts()
{
    const auto maps = xu::on_maps(xu::non_negative{});
    const auto components = xu::on_components(xu::non_negative{});
    const auto bytes = scan<std::uint8_t>(200), darker = scan<std::uint8_t>(40);
    const auto counts = scan<std::uint16_t>(3000);
    const auto values = scan<float>(10);
    const xu::positions first{0, 1};
    with_hals("uint8", xu::unfold(bytes, first));
    with_hals("uint16", xu::unfold(counts, first));
    with_hals("int32", xu::unfold(scan<std::int32_t>(1000), first));
    auto last = xu::tensor<float>::from_shape({extent, extent, height, width});
    for (std::size_t i = 0; i < height * width; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            last.data()[c * height * width + i] = values.data()[i * channels + c];
    const auto positions_last = xu::unfold(last, xu::positions{2, 3});
    with_hals("positions last", positions_last);
    run("positions last als", positions_last, xu::als{}, maps, components);
    auto keep_channels = xu::tensor<bool>::from_shape({extent, extent});
    auto keep_positions = xu::tensor<bool>::from_shape({height, width});
    for (std::size_t c = 0; c < channels; ++c)
        keep_channels.data()[c] = c % 7 != 3;
    for (std::size_t i = 0; i < height * width; ++i)
        keep_positions.data()[i] = i % 5 != 2;
    with_hals(
        "masked",
        xu::unfold(values, first).mask_channels(keep_channels).mask_positions(keep_positions));
    const xu::dense matrix(xu::unfold(counts, first));
    with_hals("poisson_scaled", xu::poisson_scaled(matrix));
    run("poisson_scaled als", xu::poisson_scaled(matrix), xu::als{}, maps, components);
    run("poisson_scaled multiplicative", xu::poisson_scaled(xu::dense(xu::unfold(darker, first))),
        xu::multiplicative{}, maps, components);
    const xu::scaled weighted(
        xu::dense(xu::unfold(values, first)),
        {std::vector<double>(height * width, 0.5), std::vector<double>(channels, 2)});
    run("weighted smooth", weighted, xu::hals{},
        xu::on_maps(xu::non_negative{}, xu::smooth{.weight = 0.1}), components);
    with_hals("any_matrix", xu::any_matrix<float>(matrix));
    with_hals("compressed", xu::compressed(matrix, 20));
}
}
