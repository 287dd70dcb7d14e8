// SPDX-License-Identifier: BSD-3-Clause

// What the weight of soft_orthogonal does to spectra that resemble each other: the diode in cross
// section (simulate/silicon_diode.hpp) at doses from 50 to 3,000 counts a position, with the
// weights 0 to 1 and with the one that choose_orthogonality picks. Prints a CSV row for each dose,
// kind of data and weight: means over the seeds, each seed a scan and a start of its own.
//
//   angle        between components and true ones, radians, mean of the three
//   correlation  of maps and true ones, mean of the three
//   overlap      largest cosine of two maps; the truth has what the row "truth" says
//   dip          the Si spectrum where SiO2 has its peak, over that at its own peak, over the same
//                of the truth: 1 where nothing is cut out
//   better       seeds in which both angle and correlation are better than with weight 0
//   weight_used  mean; the rule's own choice in the row "rule"
//
//   study_orthogonality [seeds [iterations [threads]]]
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "shared.hpp"

#include <xunmix/compare/agreement.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/survey/choose_orthogonality.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace
{
namespace xu = xunmix;
using image = xu::simulate::spectrum_image<std::uint16_t>;

const std::vector<double> weights{0.01, 0.05, 0.2, 1}; // 0 goes before them, the rule's after
const auto on_maps = xu::on_maps(xu::non_negative{});
const auto on_components = xu::on_components(xu::non_negative{});

struct outcome
{
    xu::agreement fit;
    double dip = 1;
    double weight = 0;
    std::size_t iterations = 0;
};

/// A spectrum where SiO2 has its peak over that where Si has its own.
double valley(study::curve spectrum, const image& truth)
{
    const auto peak = [&](std::size_t k)
    {
        const auto own = xu::slice(truth.components, k);
        return static_cast<std::size_t>(std::max_element(own.begin(), own.end()) - own.begin());
    };
    return spectrum[peak(1)] / spectrum[peak(0)];
}

outcome judge(const xu::result<float>& found, const image& truth, double weight)
{
    outcome out{.fit = xu::compare(found, truth), .weight = weight};
    const xu::tensor<double> components = found.components();
    out.dip = valley(xu::slice(components, out.fit.found[0]), truth) /
              valley(xu::slice(truth.components, 0), truth);
    out.iterations = found.iterations;
    return out;
}

/// What each weight, and then the rule, makes of one data matrix.
template <class M>
std::vector<outcome> try_weights(const M& x, const image& truth, const xu::options& options)
{
    const auto with = [&](double weight)
    {
        const auto found = xu::factorize(x, options, xu::soft_orthogonal{.weight = weight}, on_maps,
                                         on_components);
        return judge(found, truth, weight);
    };
    std::vector<outcome> out{with(0)};
    for (const double weight : weights)
        out.push_back(with(weight));
    const auto choice = xu::choose_orthogonality(x, options, xu::soft_orthogonal{}, weights,
                                                 on_maps, on_components);
    out.push_back(judge(choice.best, truth, choice.weight));
    return out;
}

/// The results of both kinds of data, Poisson-scaled first, for one seed.
std::vector<std::vector<outcome>> try_seed(double dose, std::uint64_t seed, std::size_t iterations)
{
    const auto truth = xu::simulate::silicon_diode({.dose = dose, .seed = seed, .threads = 1});
    const xu::dense<std::uint16_t> x(xu::unfold(truth.scan, xu::positions{0, 1}), 1);
    const xu::options options{.rank = 3,
                              .max_iterations = iterations,
                              .tolerance = 1e-7,
                              .patience = 10, // as with a weight, so that 0 has as long a run
                              .seed = seed,
                              .threads = 1};
    return {try_weights(xu::poisson_scaled(x, 1), truth, options), try_weights(x, truth, options)};
}

double mean_of(const std::vector<outcome>& all, auto what)
{
    std::vector<double> values;
    for (const auto& one : all)
        values.push_back(what(one));
    return study::mean(values);
}

void print(double dose, const char* data, const std::string& weight,
           const std::vector<outcome>& all, const std::vector<outcome>& plain)
{
    std::size_t better = 0;
    for (std::size_t s = 0; s < all.size(); ++s)
        better += all[s].fit.angle < plain[s].fit.angle &&
                  all[s].fit.correlation > plain[s].fit.correlation;
    const auto of = [&](auto what) { return mean_of(all, what); };
    std::printf("%g,%s,%s,%.4f,%.4f,%.4f,%.3f,%zu,%zu,%.3g,%.0f\n", dose, data, weight.c_str(),
                of([](const outcome& o) { return o.fit.angle; }),
                of([](const outcome& o) { return o.fit.correlation; }),
                of([](const outcome& o) { return o.fit.overlap; }),
                of([](const outcome& o) { return o.dip; }), better, all.size(),
                of([](const outcome& o) { return o.weight; }),
                of([](const outcome& o) { return static_cast<double>(o.iterations); }));
    std::fflush(stdout);
}

void print_truth()
{
    const auto truth = xu::simulate::silicon_diode();
    const auto own = xu::compare(truth.maps, truth.components, truth.maps, truth.components);
    std::printf("all,truth,,0,1,%.4f,1,,,,\n", own.overlap);
}

void study_dose(double dose, std::size_t seeds, std::size_t iterations, std::size_t threads)
{
    std::vector<std::vector<std::vector<outcome>>> found(seeds);
    xu::parallel_for(seeds, threads,
                     [&](std::size_t s, std::size_t)
                     { found[s] = try_seed(dose, s + 1, iterations); });
    for (std::size_t data = 0; data < 2; ++data)
        for (std::size_t w = 0; w < weights.size() + 2; ++w)
        {
            std::vector<outcome> all, plain;
            for (const auto& seed : found)
                all.push_back(seed[data][w]), plain.push_back(seed[data][0]);
            const std::string weight = w == 0                ? "0"
                                       : w <= weights.size() ? xu::detail::text(weights[w - 1])
                                                             : "rule";
            print(dose, data == 0 ? "poisson_scaled" : "unscaled", weight, all, plain);
        }
}
}

int main(int argc, char** argv)
{
    const std::size_t seeds = argc > 1 ? std::stoul(argv[1]) : 20;
    const std::size_t iterations = argc > 2 ? std::stoul(argv[2]) : 300;
    const std::size_t threads = argc > 3 ? std::stoul(argv[3]) : 2;
    std::printf("dose,data,weight,angle,correlation,overlap,dip,better,seeds,weight_used,"
                "iterations\n");
    print_truth();
    for (const double dose : {50.0, 100.0, 300.0, 1000.0, 3000.0})
        study_dose(dose, seeds, iterations, threads);
}
