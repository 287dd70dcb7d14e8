// SPDX-License-Identifier: BSD-3-Clause

// One hals iteration on a 4D-STEM scan (100 x 100 positions, 128 x 128 detector, rank 7), beside
// what bounds it: one streaming read of the scan, and the two bare matrix products by BLAS. All
// three are timed in alternation; the counters are medians over the repetitions.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include "support.hpp"

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

namespace
{
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment)
{
    ++allocations;
    const std::size_t whole = (size + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, std::max(whole, alignment));
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
}

void* operator new(std::size_t size)
{
    return counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

namespace
{
namespace xu = xunmix;
constexpr std::size_t rank = 7, threads = 2;

template <class T>
const xu::simulate::simulated_scan<T>& simulated()
{
    static const auto scan = xu::simulate::nanosheets<T>({.threads = threads});
    return scan;
}

template <class T>
void hals_iteration(benchmark::State& state)
{
    const auto& x = simulated<T>().scan;
    auto solver = xu::make_solver(
        xu::unfold(x, xu::positions{0, 1}),
        {.rank = rank, .max_iterations = 1000, .tolerance = 0, .threads = threads}, xu::hals{},
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    solver.step();
    const double memory = bench::peak_memory();
    std::vector<float> c(x.shape(0) * x.shape(1) * rank, 1), s(x.shape(2) * x.shape(3) * rank, 1);
    std::vector<double> reads, products, steps;
    std::size_t allocated = 0;
    for (auto _ : state)
    {
        reads.push_back(bench::seconds_of(
            [&]
            { benchmark::DoNotOptimize(bench::read(x.data(), x.size() * sizeof(T), threads)); }));
        if constexpr (std::is_same_v<T, float>)
            products.push_back(
                bench::seconds_of([&] { bench::multiply_by_blas(x.data(), c, s, rank); }));
        const std::size_t before = allocations;
        const double seconds = bench::seconds_of([&] { solver.step(); });
        allocated += allocations - before;
        steps.push_back(seconds);
        state.SetIterationTime(steps.back());
    }
    const auto bytes = static_cast<double>(x.size() * sizeof(T) + (c.size() + s.size()) * 4);
    state.counters["read_s"] = bench::median(reads);
    state.counters["hals_s"] = bench::median(steps);
    state.counters["hals/read"] = bench::median(steps) / bench::median(reads);
    if (!products.empty())
    {
        state.counters["gemms_s"] = bench::median(products);
        state.counters["hals/gemms"] = bench::median(steps) / bench::median(products);
    }
    state.counters["allocations"] = static_cast<double>(allocated);
    state.counters["peak/(scan+factors)"] = memory / bytes;
}
}

// float first: the peak is of the whole process.
BENCHMARK(hals_iteration<float>)->UseManualTime()->Iterations(15)->Unit(benchmark::kMillisecond);
BENCHMARK(hals_iteration<std::uint16_t>)
    ->UseManualTime()
    ->Iterations(15)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
