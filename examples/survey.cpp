// SPDX-License-Identifier: BSD-3-Clause

// How many components? Many random starts at many ranks, beside principal component analysis.

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/survey/survey.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdio>

namespace xu = xunmix;

int main()
{
    const auto simulated = xu::simulate::nanosheets({.positions = {24, 24}, .detector = {32, 32}});
    const auto data = xu::unfold(simulated.scan, xu::positions{0, 1})
                          .mask_channels(simulated.direct_beam.outside({32, 32}));

    const auto found =
        xu::survey(data, {.ranks = xu::rank_range(2, 10), .starts = 10, .seed = 1}, xu::hals{},
                   xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    for (const auto& at : found.ranks)
        std::printf("rank %2zu: minimum mse %7.2f, mean %7.2f, PCA %7.2f\n", at.rank, at.minimum(),
                    at.mean(), found.pca_mse(at.rank));
    const auto maps = found.best(7).maps(); // (7, y, x), of the best start, polished on the scan

    std::printf("maps (%zu, %zu, %zu)\n", maps.shape(0), maps.shape(1), maps.shape(2));
}
