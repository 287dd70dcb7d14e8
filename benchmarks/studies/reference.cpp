// SPDX-License-Identifier: BSD-3-Clause

// The reference for compressed surveys: the benchmark scan at ranks 2 to 15, 20 starts each, every
// iteration on the scan itself, up to 300 of them (a start ends before where its objective
// decreases by less than 1e-8). Takes about an hour. Prints rank,mse of the best start,starts
// within 0.1 % of it; what it printed is kept in reference.csv.
//
//   reference [first rank [last rank]]
#include <cstdio>

#include "../support.hpp"

#include <xunmix/survey/survey.hpp>
#include <xunmix/xunmix.hpp>

int main(int argc, char** argv)
{
    namespace xu = xunmix;
    const auto scan = bench::load_scan<float>();
    const std::size_t first = argc > 1 ? std::stoul(argv[1]) : 2;
    const std::size_t last = argc > 2 ? std::stoul(argv[2]) : 15;
    std::printf("rank,mse,near_best\n");
    for (std::size_t rank = first; rank <= last; ++rank)
    {
        const auto found = xu::survey(xu::unfold(scan, xu::positions{0, 1}),
                                      {.ranks = {rank},
                                       .max_iterations = 300,
                                       .tolerance = 1e-8,
                                       .threads = 2,
                                       .exact = true},
                                      xu::hals{}, xu::on_maps(xu::non_negative{}),
                                      xu::on_components(xu::non_negative{}));
        std::printf("%zu,%.9g,%zu\n", rank, found.at(rank).minimum(), found.at(rank).near_best());
        std::fflush(stdout);
    }
}
