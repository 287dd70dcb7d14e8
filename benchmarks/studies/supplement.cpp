// SPDX-License-Identifier: BSD-3-Clause

// What the supplementary information of Kimoto 2025 shows, measured on scans with known truth
// (simulate/particles.hpp). Two tables:
//
//   Fig. S2: mse of als and multiplicative after 500 iterations above that of PCA (not centred: the
//   least that any model of the rank can have), relative to it, ranks 2 to 10; best of the starts.
//   Fig. S3: at rank 4, the share of negative values in maps and components, and the largest
//   dark-peak weight of a component, of PCA (not centred), of it rotated by varimax, of als, and of
//   als with both constraints.
//
// Given a folder, also writes the scans there as scan_SEED.npy: regularisation.py looks at them for
// Fig. S1.
//
//   study_supplement [seeds [starts [folder]]]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../support.hpp"

#include <xunmix/simulate/particles.hpp>
#include <xunmix/xunmix.hpp>

namespace
{
namespace xu = xunmix;
using data = xu::dense<std::uint16_t>;

constexpr std::size_t iterations = 500;

template <class U>
double least_mse(const data& x, std::size_t rank, std::size_t starts, U update)
{
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t seed = 1; seed <= starts; ++seed)
        least = std::min(
            least,
            xu::factorize(
                x, {.rank = rank, .max_iterations = iterations, .tolerance = 0, .seed = seed},
                update, xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}))
                .mse);
    return least;
}

/// Fig. S2 of one scan.
void compare_updates(const data& x, std::uint64_t seed, std::size_t starts)
{
    const auto pca = xu::pca(x, {.rank = 10, .centred = false, .exact = true});
    for (std::size_t rank = 2; rank <= 10; ++rank)
    {
        const double als = least_mse(x, rank, starts, xu::als{}) / pca.mse[rank] - 1,
                     mu = least_mse(x, rank, starts, xu::multiplicative{}) / pca.mse[rank] - 1;
        std::printf("S2,%zu,%zu,%.6f,%.3g,%.3g,%s\n", static_cast<std::size_t>(seed), rank,
                    pca.mse[rank], als, mu, als < mu ? "als" : "multiplicative");
        std::fflush(stdout);
    }
}

double negative_share(const xu::tensor<float>& values)
{
    double negative = 0, all = 0;
    for (const float v : values)
    {
        negative += v < 0 ? -static_cast<double>(v) : 0;
        all += std::abs(static_cast<double>(v));
    }
    return negative / all;
}

/// dark_peak_weight over the sum of absolute values, which negative values leave positive; the
/// largest of the components'.
double dark_weight(const xu::tensor<float>& components)
{
    const std::size_t rows = components.shape()[1], columns = components.shape()[2];
    double most = 0;
    for (std::size_t j = 0; j < components.shape()[0]; ++j)
    {
        const std::span<const float> pattern(components.data() + j * rows * columns,
                                             rows * columns);
        const auto closed = xu::closing(pattern, rows, columns, 3);
        double dark = 0, all = 0;
        for (std::size_t i = 0; i < pattern.size(); ++i)
        {
            dark += static_cast<double>(closed[i]) - static_cast<double>(pattern[i]);
            all += std::abs(static_cast<double>(pattern[i]));
        }
        most = std::max(most, dark / all);
    }
    return most;
}

void judge(std::uint64_t seed, const char* kind, const xu::result<float>& found)
{
    std::printf("S3,%zu,%s,%.4f,%.4f,%.4f\n", static_cast<std::size_t>(seed), kind,
                negative_share(found.maps()), negative_share(found.components()),
                dark_weight(found.components()));
    std::fflush(stdout);
}

/// Fig. S3 of one scan.
void compare_kinds(const data& x, std::uint64_t seed)
{
    const auto pca = xu::pca(x, {.rank = 4, .centred = false}).model;
    judge(seed, "pca", pca);
    judge(seed, "pca and varimax", xu::varimax(pca));
    const xu::options options{.rank = 4, .max_iterations = 150, .tolerance = 0, .seed = 1};
    judge(seed, "als",
          xu::factorize(x, options, xu::als{}, xu::on_maps(xu::non_negative{}),
                        xu::on_components(xu::non_negative{})));
    judge(seed, "als with both constraints",
          xu::factorize(x, options, xu::als{}, xu::on_maps(xu::resolution_limit{.cutoff = 0.3}),
                        xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{})));
}
}

int main(int argc, char** argv)
{
    const std::size_t seeds = argc > 1 ? std::stoul(argv[1]) : 5;
    const std::size_t starts = argc > 2 ? std::stoul(argv[2]) : 3;
    std::printf("S2,seed,rank,pca mse,als above it,multiplicative above it,closer\n"
                "S3,seed,kind,negative maps,negative components,dark weight\n");
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    {
        const auto scan =
            xu::simulate::simulate(xu::simulate::particles{.dose = 30000, .seed = seed});
        if (argc > 3)
            xu::write_npy(std::filesystem::path(argv[3]) /
                              ("scan_" + std::to_string(seed) + ".npy"),
                          scan.counts);
        const data x(xu::unfold(scan.counts, xu::positions{0, 1}));
        compare_kinds(x, seed);
        compare_updates(x, seed, starts);
    }
}
