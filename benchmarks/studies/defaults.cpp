// SPDX-License-Identifier: BSD-3-Clause

// Which update, with which options, is the best default: over many random starts of the benchmark
// scan at several ranks, how often a start comes within 0.1 % of the best objective known for its
// rank, and after how many iterations. On compressed data, which takes the same steps to five
// digits; the seconds are the iterations times the median of an iteration on X. Takes minutes.
//
//   defaults [starts [iterations]]
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "../support.hpp"

#include <xunmix/xunmix.hpp>

namespace
{
namespace xu = xunmix;
using xu::hals;

const xu::constraint_on<xu::side::maps, xu::non_negative> maps{};
const xu::constraint_on<xu::side::components, xu::non_negative> components{};

struct trial
{
    std::vector<double> objectives;
};

struct contestant
{
    std::string name;
    double seconds = 0; ///< of an iteration on X at rank 7
    std::map<std::size_t, std::vector<trial>> trials{};
};

template <class M, class U>
auto start(const M& x, U update, std::size_t rank, std::size_t iterations, std::uint64_t seed,
           std::size_t threads)
{
    const xu::options opt{.rank = rank,
                          .max_iterations = iterations,
                          .tolerance = 0,
                          .seed = seed,
                          .threads = threads};
    if constexpr (std::is_same_v<U, xu::als>)
        return xu::make_solver(x, opt, update, maps,
                               xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    else
        return xu::make_solver(x, opt, update, maps, components);
}

template <class M>
struct study
{
    const M& x;
    const xu::compressed<M>& small;
    std::vector<std::size_t> ranks;
    std::size_t starts, iterations;
    std::vector<contestant> contestants{};

    template <class U>
    void add(const std::string& name, U update)
    {
        contestant c{.name = name};
        auto solver = start(x, update, 7, 15, 1, 2);
        std::vector<double> seconds;
        while (solver.status() == xu::status::running)
            seconds.push_back(bench::seconds_of([&] { solver.step(); }));
        c.seconds = bench::median(seconds);
        for (std::size_t rank : ranks)
        {
            c.trials[rank].resize(starts);
            xu::parallel_for(starts, 2,
                             [&](std::size_t i, std::size_t)
                             {
                                 auto s = start(small, update, rank, iterations, i + 1, 1);
                                 while (s.status() == xu::status::running)
                                 {
                                     s.step();
                                     c.trials[rank][i].objectives.push_back(s.state().objective);
                                 }
                             });
        }
        std::fprintf(stderr, "%s done\n", name.c_str());
        contestants.push_back(std::move(c));
    }

    double best(std::size_t rank) const
    {
        double least = 1e300;
        for (const auto& c : contestants)
            for (const auto& t : c.trials.at(rank))
                for (double objective : t.objectives)
                    least = std::min(least, objective);
        return least;
    }
    void print() const
    {
        std::printf("| update | s / iteration |");
        for (std::size_t rank : ranks)
            std::printf(" rank %zu: share | iterations | s | s / share |", rank);
        std::printf("\n|---|---|");
        for (std::size_t i = 0; i < ranks.size(); ++i)
            std::printf("---|---|---|---|");
        std::printf("\n");
        for (const auto& c : contestants)
        {
            std::printf("| %s | %.4f |", c.name.c_str(), c.seconds);
            for (std::size_t rank : ranks)
                print_cells(c, rank);
            std::printf("\n");
        }
    }
    void print_cells(const contestant& c, std::size_t rank) const
    {
        std::vector<double> arrivals;
        for (const auto& t : c.trials.at(rank))
        {
            const auto at = std::find_if(t.objectives.begin(), t.objectives.end(),
                                         [&](double o) { return o <= best(rank) * 1.001; });
            if (at != t.objectives.end())
                arrivals.push_back(static_cast<double>(at - t.objectives.begin() + 1));
        }
        if (arrivals.empty())
        {
            std::printf(" 0/%zu | | | |", starts);
            return;
        }
        const double iterations_needed = bench::median(arrivals);
        const double share = static_cast<double>(arrivals.size()) / static_cast<double>(starts);
        std::printf(" %zu/%zu | %.0f | %.2f | %.2f |", arrivals.size(), starts, iterations_needed,
                    iterations_needed * c.seconds, iterations_needed * c.seconds / share);
    }
};
}

int main(int argc, char** argv)
{
    const std::size_t starts = argc > 1 ? std::stoul(argv[1]) : 20;
    const std::size_t iterations = argc > 2 ? std::stoul(argv[2]) : 100;
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(xu::unfold(scan, xu::positions{0, 1}));
    const xu::compressed<xu::dense<float>> small(x, 48);
    study<xu::dense<float>> s{x, small, {4, 5, 7, 8, 10, 15}, starts, iterations};
    for (const bool extrapolate : {false, true})
        for (const std::size_t rounds : {1, 2, 3, 4, 6, 10})
            s.add("hals, " + std::to_string(rounds) + " rounds" +
                      (extrapolate ? ", extrapolated" : ""),
                  hals{.rounds = rounds, .extrapolate = extrapolate});
    s.add("als", xu::als{});
    s.add("bpp", xu::bpp{});
    s.add("multiplicative", xu::multiplicative{});
    s.print();
}
