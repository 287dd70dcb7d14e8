// SPDX-License-Identifier: BSD-3-Clause

// What starts cost beside an iteration of hals.
#include <cmath>
#include <cstdio>
#include <vector>

#include "figure.hpp"

#include <xunmix/init/vca.hpp>

namespace figures
{
/// vca on many positions of few channels: 2,000,000 x 64, rank 4. Time beside an iteration of hals,
/// and memory beyond what the solver has.
void vca()
{
    constexpr std::size_t n = 2000000, m = 64, k = 4;
    auto scan = xu::tensor<float>::from_shape({n, m});
    xu::random_engine engine(1);
    std::vector<float> components(k * m);
    for (float& x : components)
        x = static_cast<float>(xu::uniform01(engine));
    for (std::size_t i = 0; i < n; ++i)
    {
        float shares[k], sum = 0;
        for (float& share : shares)
            sum += share = static_cast<float>(std::pow(xu::uniform01(engine), 4));
        for (std::size_t c = 0; c < m; ++c)
        {
            float x = 0.01F * static_cast<float>(xu::uniform01(engine));
            for (std::size_t j = 0; j < k; ++j)
                x += shares[j] / sum * components[j * m + c];
            scan(i, c) = x;
        }
    }
    const xu::dense<float> x(xu::unfold(scan, xu::positions{0}), 2);
    auto solver = warm_solver(x, k, 2);
    std::vector<float> maps(n * k), spectra(m * k);
    typename xu::dense<float>::workspace work{.threads = 2};
    const auto start = [&]
    {
        xu::random_engine draws(1);
        xu::vca{}(x, xu::factor_ref<float>(maps.data(), n, k, n),
                  xu::factor_ref<float>(spectra.data(), m, k, m), draws, work);
    };
    const double before = bench::peak_memory();
    start();
    const double extra = (bench::peak_memory() - before) / 1e9;
    const auto s = alternate({start, [&] { solver.step(); }});
    std::printf("vca %.3f s, an iteration of hals %.4f s; peak before %.2f GB\n", s[0], s[1],
                before / 1e9);
    std::printf("figure: %.2f vca / an iteration of hals, %.3f GB beside the scan\n", s[0] / s[1],
                extra);
}
}
