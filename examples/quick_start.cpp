// SPDX-License-Identifier: BSD-3-Clause

// A 4D-STEM scan to maps and patterns.

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <iostream>

namespace xu = xunmix;

int main()
{
    // A small simulated scan; your own would come from xu::read_npy_as<std::uint16_t>("scan.npy").
    const auto simulated = xu::simulate::nanosheets({.positions = {30, 30}, .detector = {48, 48}});
    const auto& scan = simulated.scan; // (y, x, v, u), detector counts

    const auto data = xu::unfold(scan, xu::positions{0, 1})
                          .mask_channels(simulated.direct_beam.outside({48, 48}));
    const auto result = xu::factorize(data, {.rank = 7, .max_iterations = 200, .seed = 1},
                                      xu::hals{}, xu::on_maps(xu::non_negative{}),
                                      xu::on_components(xu::non_negative{}), xu::progress_bar{});

    const auto maps = result.maps();           // (7, y, x)
    const auto patterns = result.components(); // (7, v, u), masked channels 0
    std::cout << name(result.status) << " after " << result.iterations << " iterations, mse "
              << result.mse << "; maps (" << maps.shape(0) << ", " << maps.shape(1) << ", "
              << maps.shape(2) << "), patterns (" << patterns.shape(0) << ", " << patterns.shape(1)
              << ", " << patterns.shape(2) << ")\n";
}
