// SPDX-License-Identifier: BSD-3-Clause

// The copy that unfold() and packed() make where a scan's axes do not allow a view, beside memcpy
// of as much by as many threads. Both write into memory that is there already ("warm"), or into
// fresh memory, whose pages the system has yet to provide ("fresh", as in use). The two are timed
// in alternation; the counters are medians over the repetitions.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <xunmix/unfold/unfold.hpp>

namespace
{
namespace xu = xunmix;

/// A scan of 100 x 100 positions and 128 x 128 channels, however its axes lie.
struct scan_order
{
    std::string name;
    std::vector<std::size_t> shape, positions;
};

const scan_order transposed{"(v,u,y,x)", {128, 128, 100, 100}, {2, 3}};
const scan_order interleaved{"(y,v,x,u)", {100, 128, 100, 128}, {2, 0}};
const scan_order scattered{"(u,y,v,x)", {128, 100, 128, 100}, {1, 3}};
constexpr std::size_t size = 128 * 128 * 100 * 100;

template <class Work>
double seconds_of(Work&& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
    return values[values.size() / 2];
}

template <class T>
const std::vector<T>& numbers()
{
    static const auto filled = []
    {
        std::vector<T> x(size);
        for (std::size_t i = 0; i < size; ++i)
            x[i] = static_cast<T>(i * 2654435761U >> 12 & 0xFFF);
        return x;
    }();
    return filled;
}

template <class T>
void copy_straight(T* to, std::size_t threads)
{
    xu::parallel_for(
        threads, threads,
        [&](std::size_t part, std::size_t)
        {
            const std::size_t first = part * size / threads, last = (part + 1) * size / threads;
            std::memcpy(to + first, numbers<T>().data() + first, (last - first) * sizeof(T));
        });
}

/// Rows of X, then its columns, as they lie in the scan.
std::vector<xu::detail::strided_axis> axes_of(const scan_order& order)
{
    std::vector<std::ptrdiff_t> strides(order.shape.size(), 1);
    for (std::size_t a = strides.size() - 1; a > 0; --a)
        strides[a - 1] = strides[a] * static_cast<std::ptrdiff_t>(order.shape[a]);
    auto x = xu::detail::arrange(order.shape, strides, xu::positions(order.positions));
    x.rows.insert(x.rows.end(), x.cols.begin(), x.cols.end());
    return x.rows;
}

template <class T>
void copy_permuted(T* to, const scan_order& order, std::size_t threads)
{
    xu::detail::permuted_copy<T>(numbers<T>().data(), axes_of(order), to, threads)();
}

template <class T>
void unfolding(benchmark::State& state, const scan_order& order, bool fresh)
{
    const auto threads = static_cast<std::size_t>(state.range(0));
    numbers<T>();
    auto memory = fresh ? nullptr : xu::detail::aligned_array<T>(size);
    if (memory)
        std::memset(memory.get(), 1, size * sizeof(T));
    const auto timed = [&](auto&& copy)
    {
        const double seconds = seconds_of(
            [&]
            {
                if (fresh)
                    memory = xu::detail::aligned_array<T>(size);
                copy(memory.get());
            });
        benchmark::DoNotOptimize(memory[size / 3]);
        if (fresh)
            memory.reset();
        return seconds;
    };
    std::vector<double> straight, permuted, ratios;
    for (auto _ : state)
    {
        straight.push_back(timed([&](T* to) { copy_straight(to, threads); }));
        permuted.push_back(timed([&](T* to) { copy_permuted(to, order, threads); }));
        ratios.push_back(permuted.back() / straight.back());
        state.SetIterationTime(permuted.back());
    }
    state.counters["memcpy_s"] = median(straight);
    state.counters["copy_s"] = median(permuted);
    state.counters["copy/memcpy"] = median(ratios);
}

template <class T>
void add(const std::string& type)
{
    for (const auto& order : {transposed, interleaved, scattered})
        for (bool fresh : {false, true})
            benchmark::RegisterBenchmark(
                (order.name + " " + type + (fresh ? ", fresh" : ", warm")).c_str(),
                [=](benchmark::State& state) { unfolding<T>(state, order, fresh); })
                ->ArgName("threads")
                ->Arg(1)
                ->Arg(2)
                ->UseManualTime()
                ->Iterations(15)
                ->Unit(benchmark::kMillisecond);
}
}

int main(int argc, char** argv)
{
    add<float>("float32");
    add<std::uint16_t>("uint16");
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
