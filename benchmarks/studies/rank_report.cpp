// SPDX-License-Identifier: BSD-3-Clause

// How often each criterion finds the number of components (xunmix/rank/report.hpp), on scans of
// counts planted with 2 to 8 components: spectra of peaks on a falling background over 100 to 300
// channels, maps of smooth random patches over 40 x 40 to 64 x 64 positions, 10 to 1,000 counts a
// position on average. A scan is taken where the weakest component stands at least 10 % above the
// noise edge: where the expectation's own Poisson-scaled singular value number k is at least 1.1
// (sqrt(n) + sqrt(m)). One line a scan, then a table: right, too few, too many.
//
// Then what each criterion says of measured scans with counts, skipped where the data folder
// ($XUNMIX_DATA, else ../shared/data) has none.
//
//   study_rank_report [scans [starts [first seed]]]
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

#include "shared.hpp"

#if __has_include(<H5Cpp.h>)
#include <xunmix/io/hdf5.hpp>
#endif
#include <xunmix/core/poisson.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/rank/report.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace
{
namespace xu = xunmix;

constexpr std::size_t highest = 12;

double between(xu::random_engine& engine, double low, double high)
{
    return low + (high - low) * xu::uniform01(engine);
}
std::size_t whole_between(xu::random_engine& engine, std::size_t low, std::size_t high)
{
    return low + static_cast<std::size_t>(xu::uniform_below(engine, high - low + 1));
}

struct planted
{
    std::size_t rank, side, channels;
    double counts;                        ///< a position, on average
    std::vector<double> maps, components; ///< a row after the other

    std::vector<double> means() const
    {
        std::vector<double> out(side * side * channels);
        for (std::size_t i = 0; i < side * side; ++i)
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t j = 0; j < rank; ++j)
                    out[i * channels + c] += maps[i * rank + j] * components[c * rank + j];
        return out;
    }
};

/// Peaks on a falling background, of sum 1.
void plant_components(planted& p, xu::random_engine& engine)
{
    const double m = static_cast<double>(p.channels);
    p.components.assign(p.channels * p.rank, 0);
    for (std::size_t j = 0; j < p.rank; ++j)
    {
        const double fall = between(engine, 0.3, 1) * m, background = between(engine, 0.1, 0.5);
        std::vector<double> s(p.channels);
        for (std::size_t c = 0; c < p.channels; ++c)
            s[c] = background * std::exp(-static_cast<double>(c) / fall);
        const std::size_t peaks = whole_between(engine, 2, 5);
        for (std::size_t peak = 0; peak < peaks; ++peak)
        {
            const double centre = between(engine, 0, m), width = between(engine, 2, 8),
                         height = between(engine, 0.6, 3);
            for (std::size_t c = 0; c < p.channels; ++c)
            {
                const double x = (static_cast<double>(c) - centre) / width;
                s[c] += height * std::exp(-x * x / 2);
            }
        }
        double sum = 0;
        for (const double x : s)
            sum += x;
        for (std::size_t c = 0; c < p.channels; ++c)
            p.components[c * p.rank + j] = s[c] / sum;
    }
}

/// Sums of plane waves of like length, cut off at zero: patches, which cover about half the scan.
void plant_maps(planted& p, xu::random_engine& engine)
{
    constexpr std::size_t waves = 12;
    constexpr double everywhere = 0.02;
    const std::size_t n = p.side * p.side;
    p.maps.assign(n * p.rank, 0);
    for (std::size_t j = 0; j < p.rank; ++j)
    {
        const double length = between(engine, 10, 40), offset = between(engine, -0.5, 0.5),
                     strength = between(engine, 0.3, 1);
        std::vector<double> map(n, offset);
        for (std::size_t w = 0; w < waves; ++w)
        {
            const double turn = between(engine, 0, 2 * std::numbers::pi),
                         phase = between(engine, 0, 2 * std::numbers::pi),
                         k = 2 * std::numbers::pi / (length * between(engine, 0.7, 1.5));
            for (std::size_t i = 0; i < n; ++i)
            {
                const double y = static_cast<double>(i / p.side),
                             x = static_cast<double>(i % p.side);
                map[i] += std::sqrt(2.0 / waves) *
                          std::cos(k * (std::cos(turn) * y + std::sin(turn) * x) + phase);
            }
        }
        for (std::size_t i = 0; i < n; ++i)
            p.maps[i * p.rank + j] = strength * std::max(0.0, map[i]) + everywhere;
    }
    double sum = 0; // components have sum 1
    for (const double x : p.maps)
        sum += x;
    for (double& x : p.maps)
        x *= p.counts * static_cast<double>(n) / sum;
}

/// The weakest component above the noise edge of its own scan: sigma_k / (sqrt(n) + sqrt(m)).
double weakest(const planted& p)
{
    const auto means = p.means();
    auto scan = xu::tensor<double>::from_shape({p.side * p.side, p.channels});
    std::copy(means.begin(), means.end(), scan.data());
    const auto x = xu::poisson_scaled(xu::dense(xu::unfold(scan, xu::positions{0})));
    const auto s = xu::spectrum_of(x, p.rank);
    return std::sqrt(s.values.back()) / xu::marchenko_pastur_edge(s.positions, s.channels);
}

/// Rank and counts are held while components and maps are drawn again, so that scans of few counts
/// are not passed over for want of luck.
planted plant(xu::random_engine& engine)
{
    constexpr int patience = 30;
    for (;;)
    {
        const std::size_t rank = whole_between(engine, 2, 8);
        const double counts = std::pow(10, between(engine, 1, 3));
        for (int attempt = 0; attempt < patience; ++attempt)
        {
            planted p{
                rank, whole_between(engine, 40, 64), whole_between(engine, 100, 300), counts, {},
                {}};
            plant_components(p, engine);
            plant_maps(p, engine);
            if (weakest(p) >= 1.1)
                return p;
        }
    }
}

xu::tensor<std::uint16_t> counted(const planted& p, xu::random_engine& engine)
{
    const auto means = p.means();
    auto scan = xu::tensor<std::uint16_t>::from_shape({p.side, p.side, p.channels});
    for (std::size_t e = 0; e < means.size(); ++e)
        scan.data()[e] = static_cast<std::uint16_t>(xu::simulate::poisson(engine, means[e]));
    return scan;
}

struct tally
{
    std::size_t right = 0, below = 0, above = 0;

    void add(std::size_t found, std::size_t truth)
    {
        right += found == truth, below += found<truth, above += found> truth;
    }
};

void print_line(const xu::rank_findings& found)
{
    for (const auto& s : found.scores)
        if (s.rank)
            std::printf(" %s %zu,", s.name.c_str(), *s.rank);
    std::printf(" recommended %zu\n", found.recommended);
    std::fflush(stdout);
}

void planted_scans(std::size_t scans, std::size_t starts, std::uint64_t first)
{
    std::map<std::string, tally> tallies;
    for (std::uint64_t seed = first; seed < first + scans; ++seed)
    {
        xu::random_engine engine(seed);
        const auto p = plant(engine);
        const auto scan = counted(p, engine);
        const auto found =
            xu::rank_report(xu::unfold(scan, xu::positions{0, 1}),
                            {.ranks = xu::rank_range(1, highest), .starts = starts, .seed = seed});
        std::printf("%llu: %zu components, %zu x %zu positions, %zu channels, %.0f counts, weakest "
                    "%.2f:",
                    static_cast<unsigned long long>(seed), p.rank, p.side, p.side, p.channels,
                    p.counts, weakest(p));
        print_line(found);
        for (const auto& s : found.scores)
            if (s.rank)
                tallies[s.name].add(*s.rank, p.rank);
        tallies["recommended"].add(found.recommended, p.rank);
    }
    std::printf("\n| criterion | right | too few | too many | of |\n|---|---|---|---|---|\n");
    for (const auto& [name, t] : tallies)
        std::printf("| %s | %zu | %zu | %zu | %zu |\n", name.c_str(), t.right, t.below, t.above,
                    scans);
}

template <class T>
void measured_scan(const xu::tensor<T>& scan, const std::string& name, std::size_t starts)
{
    const auto found =
        xu::rank_report(xu::unfold(scan, xu::positions{0, 1}),
                        {.ranks = xu::rank_range(1, 8), .starts = starts, .seed = 1});
    std::printf("\n%s: recommended %zu\n", name.c_str(), found.recommended);
    for (const auto& reason : found.reasons)
        std::printf("  - %s\n", reason.c_str());
    for (const auto& s : found.scores)
    {
        std::printf("  %-12s %s :", s.name.c_str(), s.rank ? std::to_string(*s.rank).c_str() : "-");
        for (const double x : s.values)
            std::printf(" %.6g", x);
        std::printf("\n");
    }
    std::fflush(stdout);
}

void measured_scans(std::size_t starts)
{
    const auto folder = study::data_folder();
    for (const char* name : {"edx_core_shell.hspy", "edx_espm.hspy", "tofsims_poplar.npy"})
    {
        const auto file = folder / name;
        const bool is_numpy = file.extension() == ".npy";
#if !__has_include(<H5Cpp.h>)
        if (!is_numpy)
        {
            std::printf("skipped: %s, for want of HDF5\n", name);
            continue;
        }
#endif
        if (!std::filesystem::exists(file))
        {
            std::printf("skipped: no %s in $XUNMIX_DATA or ../shared/data\n", name);
            continue;
        }
        if (is_numpy)
            measured_scan(std::get<xu::tensor<std::uint8_t>>(xu::read_npy(file)), name, starts);
#if __has_include(<H5Cpp.h>)
        else
        {
            const auto scan = xu::read_hdf5(file).data;
            if (const auto* bytes = std::get_if<xu::tensor<std::uint8_t>>(&scan))
                measured_scan(*bytes, name, starts);
            else
                measured_scan(std::get<xu::tensor<std::uint32_t>>(scan), name, starts);
        }
#endif
    }
}
}

int main(int argc, char** argv)
{
    const std::size_t scans = argc > 1 ? std::stoul(argv[1]) : 100;
    const std::size_t starts = argc > 2 ? std::stoul(argv[2]) : 3;
    const std::uint64_t first = argc > 3 ? std::stoull(argv[3]) : 1;
    if (scans > 0)
        planted_scans(scans, starts, first);
    measured_scans(starts);
}
