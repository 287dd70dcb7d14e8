// SPDX-License-Identifier: BSD-3-Clause

// What it is worth to take counting noise for what it is. Two parts, in one CSV; a row for each way
// to factorize, three components from each seed's start:
//
//   phantom     simulate/edx_phantom.hpp, 20 counts a position, each seed a scan of its own. value:
//               angle between components and true ones, radians, mean of the three; better: seeds
//               in which it is less than that of plain hals.
//   core_shell  measured EDX of FePt cores in shells of iron oxide, edx_core_shell.hspy in the data
//               folder. value: Fe K-alpha over Pt L-alpha of the core, the component that has most
//               of the latter, each line's counts less the background beside it; better: seeds
//               within 0.05 of 0.2, about what a bare core has.
//
//   study_poisson [part [seeds [iterations [threads]]]]      part: all, phantom or core_shell
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "shared.hpp"

#include <xunmix/compare/agreement.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/init/signal_subspace.hpp>
#include <xunmix/simulate/edx_phantom.hpp>
#include <xunmix/xunmix.hpp>

#ifdef XUNMIX_HAS_HDF5
#include <xunmix/io/hdf5.hpp>
#endif

namespace
{
namespace xu = xunmix;

struct job
{
    std::string part;
    std::size_t seeds, iterations, threads;
};

/// A way to factorize counts, from a seed.
struct method
{
    std::string name;
    std::function<xu::result<float>(std::uint64_t)> fit;
};

/// With these arguments; the data must outlive it.
template <class M, class U, class... Args>
method make_method(std::string name, std::size_t iterations, const M& x, U update, Args... args)
{
    return {std::move(name), [=, &x](std::uint64_t seed)
            {
                return xu::factorize(x,
                                     {.rank = 3,
                                      .max_iterations = iterations,
                                      .tolerance = 1e-7,
                                      .patience = 10,
                                      .seed = seed,
                                      .threads = 1},
                                     update, xu::on_maps(xu::non_negative{}),
                                     xu::on_components(xu::non_negative{}), args...);
            }};
}

/// Those that both parts compare; plain hals is the first.
template <class M, class Scaled>
std::vector<method> compared(const M& x, const Scaled& scaled, std::size_t iterations)
{
    return {make_method("hals", iterations, x, xu::hals{}),
            make_method("hals Poisson-scaled", iterations, scaled, xu::hals{}),
            make_method("KL multiplicative", iterations, x, xu::multiplicative{},
                        xu::beta_divergence{.beta = 1}),
            make_method("KL multiplicative from vca", iterations, x, xu::multiplicative{},
                        xu::beta_divergence{.beta = 1}, xu::vca{.least = 0.01}),
            make_method("KL multiplicative from the best of 20", iterations, x,
                        xu::multiplicative{}, xu::beta_divergence{.beta = 1},
                        xu::multi_start{.starts = 20, .iterations = 20})};
}

/// Mean and spread of the values of all seeds, and how many are good.
void print(const char* part, const std::string& name, const std::vector<double>& values,
           const std::vector<bool>& good)
{
    std::printf("%s,%s,%.4f,%.4f,%.4f,%.4f,%zu,%zu\n", part, name.c_str(), study::mean(values),
                study::spread(values), *std::min_element(values.begin(), values.end()),
                *std::max_element(values.begin(), values.end()),
                static_cast<std::size_t>(std::count(good.begin(), good.end(), true)),
                values.size());
    std::fflush(stdout);
}

void study_phantom(const job& how)
{
    constexpr std::size_t count = 5; // of the methods compared
    std::vector<std::string> names(count);
    std::vector<std::vector<double>> angles(count, std::vector<double>(how.seeds));
    const auto try_seed = [&](std::size_t s, std::size_t)
    {
        const auto truth = xu::simulate::edx_phantom({.dose = 20, .seed = s + 1, .threads = 1});
        const xu::dense<std::uint16_t> x(xu::unfold(truth.scan, xu::positions{0, 1}), 1);
        const auto scaled = xu::poisson_scaled(x, 1);
        const auto methods = compared(x, scaled, how.iterations);
        for (std::size_t m = 0; m < methods.size(); ++m)
        {
            angles[m][s] = xu::compare(methods[m].fit(s + 1), truth).angle;
            if (s == 0)
                names[m] = methods[m].name;
        }
    };
    xu::parallel_for(how.seeds, how.threads, try_seed);
    for (std::size_t m = 0; m < angles.size(); ++m)
    {
        std::vector<bool> better;
        for (std::size_t s = 0; s < how.seeds; ++s)
            better.push_back(angles[m][s] < angles[0][s]);
        print("phantom", names[m], angles[m], better);
    }
}

#ifdef XUNMIX_HAS_HDF5
/// Counts of a spectrum within 0.15 keV of a line, less the background: what the channels from
/// there to twice as far hold on the mean.
double line_counts(study::curve spectrum, const xu::axis& energy, double line)
{
    double inside = 0, beside = 0, within = 0, around = 0;
    for (std::size_t c = 0; c < spectrum.size(); ++c)
    {
        const double distance = std::abs(energy.at(c) - line);
        if (distance <= 0.15)
            inside += spectrum[c], ++within;
        else if (distance <= 0.3)
            beside += spectrum[c], ++around;
    }
    return inside - beside * within / around;
}

/// Fe K-alpha over Pt L-alpha in the component that has most of the latter.
double core_ratio(const xu::result<float>& found, const xu::axis& energy)
{
    const xu::tensor<double> components = found.components();
    double iron = 0, platinum = 0;
    for (std::size_t j = 0; j < components.shape()[0]; ++j)
    {
        const auto spectrum = xu::slice(components, j);
        const double own = line_counts(spectrum, energy, 9.44) / study::mean(spectrum);
        if (own > platinum)
            platinum = own, iron = line_counts(spectrum, energy, 6.40) / study::mean(spectrum);
    }
    return iron / platinum;
}

void study_core_shell(const job& how)
{
    const auto path = study::data_folder() / "edx_core_shell.hspy";
    if (!std::filesystem::exists(path))
    {
        std::fprintf(stderr, "skipped: no %s; give its folder with XUNMIX_DATA\n",
                     path.string().c_str());
        return;
    }
    const auto file = xu::read_hdf5(path);
    const auto& scan = std::get<xu::tensor<std::uint32_t>>(file.data);
    const xu::dense<std::uint32_t> x(xu::unfold(scan, xu::positions{0, 1}), 1);
    const auto scaled = xu::poisson_scaled(x, 1);
    auto methods = compared(x, scaled, how.iterations);
    const auto add = [&](const char* name, const auto& data, auto... arguments)
    { methods.push_back(make_method(name, how.iterations, data, arguments...)); };
    add("hals Poisson-scaled from vca", scaled, xu::hals{}, xu::vca{});
    add("hals Poisson-scaled from signal_subspace", scaled, xu::hals{}, xu::signal_subspace{});
    add("soft_orthogonal maps Poisson-scaled", scaled, xu::soft_orthogonal{});
    add("soft_orthogonal components Poisson-scaled", scaled,
        xu::soft_orthogonal{.on = xu::side::components});
    methods.push_back(make_method("signal_subspace alone Poisson-scaled", 0, scaled, xu::hals{},
                                  xu::signal_subspace{})); // its maps fitted, no iteration
    for (const auto& m : methods)
    {
        std::vector<double> ratios(how.seeds);
        xu::parallel_for(how.seeds, how.threads,
                         [&](std::size_t s, std::size_t)
                         { ratios[s] = core_ratio(m.fit(s + 1), file.axes.back()); });
        std::vector<bool> good;
        for (const double r : ratios)
            good.push_back(std::abs(r - 0.2) <= 0.05);
        print("core_shell", m.name, ratios, good);
    }
}
#else
void study_core_shell(const job&)
{
    std::fprintf(stderr, "skipped: core_shell needs HDF5 (libhdf5-dev)\n");
}
#endif
}

int main(int argc, char** argv)
{
    job how{.part = argc > 1 ? argv[1] : "all",
            .seeds = argc > 2 ? std::stoul(argv[2]) : 0,
            .iterations = argc > 3 ? std::stoul(argv[3]) : 1000,
            .threads = argc > 4 ? std::stoul(argv[4]) : 2};
    if (how.part != "all" && how.part != "phantom" && how.part != "core_shell")
    {
        std::fprintf(stderr, "usage: study_poisson [all|phantom|core_shell [seeds [iterations "
                             "[threads]]]]\n");
        return 2;
    }
    const auto with_seeds = [&](std::size_t otherwise)
    {
        job out = how;
        out.seeds = how.seeds > 0 ? how.seeds : otherwise;
        return out;
    };
    std::printf("part,method,value,spread,least,most,better,seeds\n");
    if (how.part != "core_shell")
        study_phantom(with_seeds(20));
    if (how.part != "phantom")
        study_core_shell(with_seeds(10));
}
