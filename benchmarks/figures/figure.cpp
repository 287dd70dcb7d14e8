// SPDX-License-Identifier: BSD-3-Clause

// The figures of benchmarks/README.md that need no other program, one a call, each on the last line
// of its output. Both sides of a ratio are timed in alternation in one process; medians.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>

#include "figure.hpp"

#include <xunmix/survey/survey.hpp>
#include <xunmix/xunmix.hpp>

namespace figures
{
namespace
{
/// An iteration on elements T beside a streaming read of the float scan.
template <class T>
void iteration()
{
    const auto floats = bench::load_scan<float>();
    const auto scan = bench::load_scan<T>();
    auto solver = warm_solver(unfolded(scan), 7, 2, on_maps, on_components);
    const auto s =
        alternate({[&] { bench::read(floats.data(), bytes(floats), 2); }, [&] { solver.step(); }});
    std::printf("one read of float32 %.4f s, iteration with objective %.4f s\n", s[0], s[1]);
    std::printf("figure: %.3f iteration / read\n", s[1] / s[0]);
}

/// So many multiply-adds of whole registers, spread over two threads, without any memory: the
/// fastest that arithmetic could be.
float multiply_adds(std::size_t count)
{
    using pack = xu::simd::pack<float>;
    constexpr std::size_t chains = 16, parts = 64; // enough chains to hide the latency
    volatile float next_to_nothing = 1e-12f;
    std::array<float, parts> results{};
    xu::parallel_for(parts, 2,
                     [&](std::size_t part, std::size_t)
                     {
                         const pack x = pack::broadcast(next_to_nothing);
                         pack sums[chains];
                         for (std::size_t c = 0; c < chains; ++c)
                             sums[c] = pack::broadcast(static_cast<float>(c + 1));
                         for (std::size_t i = 0; i < count / chains / parts; ++i)
                             xu::simd::unrolled<chains>([&](std::size_t c)
                                                        { sums[c].add_product(sums[c], x); });
                         for (const pack& sum : sums)
                             results[part] += sum.sum();
                     });
    return std::accumulate(results.begin(), results.end(), 0.0f);
}

/// An iteration beside the multiply-adds of its two products.
template <class T>
void arithmetic()
{
    constexpr std::size_t rank = 7;
    const auto scan = bench::load_scan<T>();
    auto solver = warm_solver(unfolded(scan), rank, 2, on_maps, on_components);
    const std::size_t count = 2 * scan.size() * rank / xu::simd::lanes<float>;
    float result = 0;
    const auto s = alternate({[&] { result += multiply_adds(count); }, [&] { solver.step(); }});
    std::printf("%.0f million multiply-adds of %zu numbers %.4f s (sum %g), iteration %.4f s\n",
                1e-6 * static_cast<double>(count), xu::simd::lanes<float>, s[0],
                static_cast<double>(result), s[1]);
    std::printf("figure: %.3f iteration / its multiply-adds\n", s[1] / s[0]);
}

/// Principal component analysis to rank 20 beside its products with X in bare BLAS: six of them, 30
/// columns wide.
void pca()
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    constexpr std::size_t width = 30;
    const std::size_t n = x.rows(), m = x.cols();
    std::vector<float> left(n * width), right(m * width, 1);
    const auto products = [&]
    {
        for (int round = 0; round < 3; ++round)
        {
            bench::bare_blas(false, false, n, width, m, scan.data(), m, right.data(), width,
                             left.data(), width);
            bench::bare_blas(true, false, m, width, n, scan.data(), m, left.data(), width,
                             right.data(), width);
            std::fill(right.begin(), right.end(), 1.0f);
        }
    };
    const auto s = alternate({products, [&] { xu::pca(x, {.rank = 20, .threads = 2}); }});
    std::printf("products %.3f s, analysis %.3f s\n", s[0], s[1]);
    std::printf("figure: %.3f pca / its products in bare BLAS\n", s[1] / s[0]);
}

#ifdef XUNMIX_HAS_KISSFFT
/// Similarity of 30 patterns under rotation.
void similarity()
{
    const auto scan = bench::load_scan<float>();
    auto patterns = xu::tensor<float>::from_shape({30, 128, 128});
    std::copy_n(scan.data(), patterns.size(), patterns.data());
    const auto s = alternate({[&] { xu::similarity(patterns, {.threads = 2}); }});
    std::printf("figure: %.1f ms\n", 1e3 * s[0]);
}
#else
void similarity()
{
    throw std::runtime_error("built without KissFFT (libkissfft-dev)");
}
#endif

template <class T>
void threads(std::size_t rank)
{
    const auto scan = bench::load_scan<T>();
    const xu::dense<T> x(unfolded(scan));
    auto one = warm_solver(x, rank, 1, on_maps, on_components);
    auto two = warm_solver(x, rank, 2, on_maps, on_components);
    const auto s = alternate({[&] { one.step(); }, [&] { two.step(); },
                              [&] { bench::read(scan.data(), bytes(scan), 1); },
                              [&] { bench::read(scan.data(), bytes(scan), 2); }});
    std::printf("rank %zu: 1 thread %.4f s, 2 threads %.4f s; a read gains %.2f\n", rank, s[0],
                s[1], s[2] / s[3]);
    std::printf("figure: %.3f speed-up\n", s[0] / s[1]);
}

/// Time from the common start to a relative error.
void reach(double error)
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    std::vector<double> seconds;
    std::size_t iterations = 0;
    for (std::size_t i = 0; i < 5; ++i)
    {
        const double mse = error * error * x.squared_norm() / static_cast<double>(scan.size());
        const auto found = xu::factorize(
            x, {.rank = 7, .max_iterations = 300, .tolerance = 0, .threads = 2}, xu::hals{},
            bench::common_start(), on_maps, on_components, xu::stop_below{mse});
        seconds.push_back(found.seconds);
        iterations = found.iterations;
        if (found.mse > mse)
            std::printf("not reached: mse %g instead of %g\n", found.mse, mse);
    }
    std::printf("relative error %g in %zu iterations\n", error, iterations);
    std::printf("figure: %.3f s\n", bench::median(seconds));
}

template <class T>
void memory()
{
    const auto scan = bench::load_scan<T>();
    const double before = bench::peak_memory();
    const auto found = xu::factorize(
        unfolded(scan), {.rank = 7, .max_iterations = 20, .tolerance = 0, .threads = 2}, xu::hals{},
        on_maps, on_components);
    std::printf("after loading %.3f of the scan, %zu iterations\n",
                before / static_cast<double>(bytes(scan)), found.iterations);
    std::printf("figure: %.3f peak memory / scan\n",
                bench::peak_memory() / static_cast<double>(bytes(scan)));
}

/// Least mse of each rank in a table that benchmarks/studies/reference printed.
std::map<std::size_t, double> read_reference(const char* path)
{
    std::map<std::size_t, double> out;
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    for (std::size_t rank = 0; std::getline(file, line);)
        if (double mse = 0; std::sscanf(line.c_str(), "%zu,%lf", &rank, &mse) == 2)
            out[rank] = mse;
    return out;
}

/// Uesugi's whole study; with a reference its worst excess over that.
void survey(const char* reference)
{
    const auto scan = bench::load_scan<float>();
    double seconds = 0;
    const auto found = [&]
    {
        xu::survey_state<float> s;
        seconds = bench::seconds_of(
            [&] {
                s = xu::survey(unfolded(scan), {.threads = 2}, xu::hals{}, on_maps, on_components);
            });
        return s;
    }();
    const auto best = read_reference(reference);
    double worst = -1;
    std::printf("rank,minimum,mean,standard deviation,near best,pca,scaled pca,reference\n");
    for (const auto& r : found.ranks)
    {
        const auto known = best.find(r.rank);
        std::printf("%zu,%.7g,%.7g,%.2g,%zu,%.7g,%.7g,%.7g\n", r.rank, r.minimum(), r.mean(),
                    r.spread(), r.near_best(), found.pca_mse(r.rank), found.scaled_pca_mse(r.rank),
                    known == best.end() ? 0.0 : known->second);
        if (known != best.end())
            worst = std::max(worst, r.minimum() / known->second - 1);
    }
    std::printf("worst excess over the reference %.4f %% (%zu ranks known)\n", 100 * worst,
                best.size());
    std::printf("peak memory / scan %.3f\n",
                bench::peak_memory() / static_cast<double>(bytes(scan)));
    std::printf("figure: %.1f s\n", seconds);
}

/// Time per iteration and position when the scan holds so many times the positions.
void positions(std::size_t times)
{
    const auto scan = bench::load_scan<std::uint16_t>();
    auto large = xu::tensor<std::uint16_t>::from_shape({100 * times, 100, 128, 128});
    for (std::size_t i = 0; i < times; ++i)
        std::memcpy(large.data() + i * scan.size(), scan.data(), bytes(scan));
    auto small_solver = warm_solver(unfolded(scan), 7, 2, on_maps, on_components);
    auto large_solver = warm_solver(unfolded(large), 7, 2, on_maps, on_components);
    const auto s = alternate({[&] { small_solver.step(); }, [&] { large_solver.step(); }});
    std::printf("%.2f GB: %.4f s, %.2f GB: %.4f s\n", static_cast<double>(bytes(scan)) * 1e-9, s[0],
                static_cast<double>(bytes(large)) * 1e-9, s[1]);
    std::printf("figure: %.3f time per position / that of the small scan\n",
                s[1] / s[0] / static_cast<double>(times));
}

const std::map<std::string, std::function<void(const char*)>> known{
    {"iteration-f32", [](const char*) { iteration<float>(); }},
    {"iteration-u16", [](const char*) { iteration<std::uint16_t>(); }},
    {"arithmetic-f32", [](const char*) { arithmetic<float>(); }},
    {"arithmetic-u16", [](const char*) { arithmetic<std::uint16_t>(); }},
    {"two-reads", [](const char*) { two_reads(); }},
    {"constraints", [](const char*) { constraints(); }},
    {"similarity", [](const char*) { similarity(); }},
    {"smooth", [](const char*) { smoothing(); }},
    {"soft-orthogonal", [](const char*) { soft_orthogonality(); }},
    {"ard", [](const char*) { relevance(); }},
    {"scaled", [](const char*) { scaling(); }},
    {"pca", [](const char*) { pca(); }},
    {"threads-f32", [](const char* rank) { threads<float>(std::stoul(rank)); }},
    {"threads-u16", [](const char* rank) { threads<std::uint16_t>(std::stoul(rank)); }},
    {"reach", [](const char* error) { reach(std::stod(error)); }},
    {"vca", [](const char*) { vca(); }},
    {"memory-f32", [](const char*) { memory<float>(); }},
    {"memory-u16", [](const char*) { memory<std::uint16_t>(); }},
    {"survey", [](const char* reference) { survey(reference); }},
    {"positions", [](const char* times) { positions(std::stoul(times)); }},
};
}
}

int main(int argc, char** argv)
{
    const auto chosen = figures::known.find(argc > 1 ? argv[1] : "");
    const std::string argument = argc > 2 ? argv[2] : "";
    const bool takes_one = chosen != figures::known.end() &&
                           (chosen->first.starts_with("threads") || chosen->first == "reach" ||
                            chosen->first == "positions");
    if (chosen == figures::known.end() || (takes_one && argument.empty()))
    {
        std::fprintf(stderr,
                     "usage: figure NAME [ARGUMENT]\n"
                     "iteration-f32 | iteration-u16 | arithmetic-f32 | arithmetic-u16 | "
                     "two-reads | constraints | similarity | smooth | soft-orthogonal | ard | "
                     "scaled | pca | vca | threads-f32 RANK | "
                     "threads-u16 RANK | reach ERROR | memory-f32 | memory-u16 | "
                     "survey [REFERENCE.csv] | positions TIMES\n");
        return 2;
    }
    try
    {
        chosen->second(argument.c_str());
    }
    catch (const std::exception& e)
    {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
