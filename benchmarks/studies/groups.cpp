// SPDX-License-Identifier: BSD-3-Clause

// Into how many interleaved groups an iteration should cut its read of X: from the common start of
// the benchmark scan the reads to relative errors 0.183 and 0.1778; over random starts how many
// come within 0.1 % of the best objective known for their rank, after how many reads and seconds.
// Takes about four minutes for twenty starts at rank 7.
//
//   groups [starts [iterations [rank...]]]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "../support.hpp"

#include <xunmix/xunmix.hpp>

namespace
{
namespace xu = xunmix;

struct contestant
{
    std::size_t groups;
    bool extrapolates;

    std::string name() const
    {
        return std::to_string(groups) + (extrapolates ? " groups" : " groups, not extrapolated");
    }
};

/// What a start came to: its objective after each read, and the seconds of one.
struct course
{
    std::vector<double> objectives;
    double seconds = 0;

    /// Reads until the objective is at most this, 0 if it never is.
    std::size_t reads_to(double objective) const
    {
        const auto at = std::find_if(objectives.begin(), objectives.end(),
                                     [&](double o) { return o <= objective; });
        return at == objectives.end() ? 0 : static_cast<std::size_t>(at - objectives.begin()) + 1;
    }
};

template <class... Start>
course run(const xu::dense<float>& x, const contestant& c, std::size_t rank, std::size_t iterations,
           std::uint64_t seed, const Start&... start)
{
    auto solver =
        xu::make_solver(x,
                        {.rank = rank,
                         .max_iterations = iterations,
                         .tolerance = 0,
                         .groups = c.groups,
                         .seed = seed},
                        xu::hals{.extrapolate = c.extrapolates}, start...,
                        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    course out;
    while (solver.status() == xu::status::running)
    {
        solver.step();
        out.objectives.push_back(solver.current().objective);
    }
    out.seconds = solver.current().seconds / static_cast<double>(iterations);
    return out;
}

void print_common_start(const xu::dense<float>& x, const std::vector<contestant>& all)
{
    std::printf("| from the common start | reads to 0.183 | to 0.1778 |\n|---|---|---|\n");
    for (const contestant& c : all)
    {
        const course found = run(x, c, 7, 40, 0, bench::common_start());
        const auto reads = [&](double error)
        { return found.reads_to(error * error * x.squared_norm()); };
        std::printf("| %s | %zu | %zu |\n", c.name().c_str(), reads(0.183), reads(0.1778));
    }
}

void print_random_starts(const xu::dense<float>& x, const std::vector<contestant>& all,
                         std::size_t rank, std::size_t starts, std::size_t iterations)
{
    std::vector<std::vector<course>> found;
    double best = std::numeric_limits<double>::infinity();
    for (const contestant& c : all)
    {
        found.emplace_back();
        for (std::size_t i = 1; i <= starts; ++i)
            found.back().push_back(run(x, c, rank, iterations, i));
        for (const course& one : found.back())
            best = std::min(best, *std::min_element(one.objectives.begin(), one.objectives.end()));
        std::fprintf(stderr, "rank %zu, %s done\n", rank, c.name().c_str());
    }
    std::printf("\n| rank %zu, %zu starts | arrive | median reads | s a read | s an arrival |\n"
                "|---|---|---|---|---|\n",
                rank, starts);
    for (std::size_t c = 0; c < all.size(); ++c)
    {
        std::vector<double> reads, seconds;
        for (const course& one : found[c])
        {
            seconds.push_back(one.seconds);
            if (const std::size_t needed = one.reads_to(1.001 * best))
                reads.push_back(static_cast<double>(needed));
        }
        const double second = bench::median(seconds),
                     share = static_cast<double>(reads.size()) / static_cast<double>(starts);
        if (reads.empty())
            std::printf("| %s | 0 | | %.3f | |\n", all[c].name().c_str(), second);
        else
            std::printf("| %s | %zu | %.0f | %.3f | %.2f |\n", all[c].name().c_str(), reads.size(),
                        bench::median(reads), second, bench::median(reads) * second / share);
    }
}
}

int main(int argc, char** argv)
{
    const std::size_t starts = argc > 1 ? std::stoul(argv[1]) : 20;
    const std::size_t iterations = argc > 2 ? std::stoul(argv[2]) : 40;
    std::vector<std::size_t> ranks;
    for (int a = 3; a < argc; ++a)
        ranks.push_back(std::stoul(argv[a]));
    if (ranks.empty())
        ranks.push_back(7);
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(xu::unfold(scan, xu::positions{0, 1}));
    std::vector<contestant> all;
    for (const bool extrapolates : {false, true})
        for (const std::size_t groups : {1, 4, 8, 16, 32})
            all.push_back({groups, extrapolates});
    print_common_start(x, all);
    for (const std::size_t rank : ranks)
        print_random_starts(x, all, rank, starts, iterations);
}
