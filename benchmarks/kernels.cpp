// SPDX-License-Identifier: BSD-3-Clause

// The two kernels under every iteration. products: one thread on one block of rows that stays in
// the caches, in GFLOP/s, for every type of elements. beside_blas: both products of a whole matrix
// with a narrow factor, by dense and by cblas_sgemm in alternation with two threads; where their
// ratio passes 1, BLAS would be the better choice.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "support.hpp"

#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/kernels.hpp>

namespace
{
namespace xu = xunmix;
namespace kernels = xu::kernels;

void count_products(benchmark::State& state, std::size_t multiply_adds)
{
    state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(multiply_adds),
                                                  benchmark::Counter::kIsIterationInvariantRate,
                                                  benchmark::Counter::kIs1000);
}

/// One block of 24 rows of 4,096 elements, and a factor.
template <class T>
struct cached_block
{
    using F = xu::factor_value_t<T>;
    static constexpr std::size_t count = 24, columns = 4096;

    std::size_t rank;
    kernels::panel_plan<F> plan{columns, {}};
    xu::buffer<T> elements{};
    xu::buffer<F> packed{}, coefficients{}, products{};
    xu::buffer<xu::simd::pack<F>> registers{};
    std::vector<const T*> rows{};

    explicit cached_block(std::size_t k)
        : rank(k)
    {
        T* x = elements.get(count * columns);
        std::fill_n(x, count * columns, T{1});
        for (std::size_t r = 0; r < count; ++r)
            rows.push_back(x + r * columns);
        std::fill_n(packed.get(columns * rank), columns * rank, F(1e-9));
        std::fill_n(coefficients.get(count * rank), count * rank, F(1e-9));
        products.get(count * rank);
        registers.get(count * rank);
    }
    kernels::row_block<T> block() const
    {
        return {rows.data(), count};
    }
};

template <class T>
void dot_rows(benchmark::State& state)
{
    cached_block<T> b(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
    {
        kernels::dot_rows(b.block(), b.plan, b.packed.data(), b.rank, b.products.data(), b.count,
                          b.registers.data());
        benchmark::ClobberMemory();
    }
    count_products(state, b.count * b.columns * b.rank);
}

template <class T>
void accumulate_rows(benchmark::State& state)
{
    cached_block<T> b(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
    {
        kernels::accumulate_rows(b.block(), b.plan, b.coefficients.data(), b.rank, b.packed.data(),
                                 false);
        benchmark::ClobberMemory();
    }
    count_products(state, b.count * b.columns * b.rank);
}

void beside_blas(benchmark::State& state)
{
    constexpr std::size_t n = 4096, m = 16384, threads = 2;
    static const xu::tensor<float> scan = []
    {
        auto x = xu::tensor<float>::from_shape({n, m});
        for (std::size_t i = 0; i < x.size(); ++i)
            x.data()[i] = static_cast<float>(i * 2654435761U >> 20 & 0xFF);
        return x;
    }();
    static const xu::dense<float> x(xu::unfold(scan, xu::positions{0}), threads);
    const auto k = static_cast<std::size_t>(state.range(0));
    xu::sweep_workspace<float> work{.threads = threads};
    std::vector<float> c(n * k, 1e-3f), s(m * k, 1e-3f), out_c(n * k), out_s(m * k);
    const auto narrow = [k](auto& values, std::size_t rows)
    { return xu::factor_ref(values.data(), rows, k, rows); };
    std::vector<double> ours, theirs;
    for (auto _ : state)
    {
        ours.push_back(bench::seconds_of(
            [&]
            {
                x.multiply(narrow(s, m), narrow(out_c, n), work);
                x.multiply_transposed(narrow(c, n), narrow(out_s, m), work);
            }));
        auto their_c = c, their_s = s;
        theirs.push_back(
            bench::seconds_of([&] { bench::multiply_by_blas(scan.data(), their_c, their_s, k); }));
        state.SetIterationTime(ours.back());
    }
    state.counters["dense_s"] = bench::median(ours);
    state.counters["gemms_s"] = bench::median(theirs);
    state.counters["dense/gemms"] = bench::median(ours) / bench::median(theirs);
}
}

#define XUNMIX_FOR_RANKS(kernel)                                                                   \
    BENCHMARK(kernel<float>)->Arg(7)->Arg(20)->Arg(64);                                            \
    BENCHMARK(kernel<double>)->Arg(7)->Arg(20)->Arg(64);                                           \
    BENCHMARK(kernel<std::uint8_t>)->Arg(7)->Arg(20)->Arg(64);                                     \
    BENCHMARK(kernel<std::uint16_t>)->Arg(7)->Arg(20)->Arg(64);                                    \
    BENCHMARK(kernel<std::uint32_t>)->Arg(7)->Arg(20)->Arg(64)

XUNMIX_FOR_RANKS(dot_rows);
XUNMIX_FOR_RANKS(accumulate_rows);
BENCHMARK(beside_blas)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Arg(7)
    ->Arg(16)
    ->Arg(32)
    ->Arg(64)
    ->Arg(128)
    ->Arg(256)
    ->UseManualTime()
    ->Iterations(7)
    ->Unit(benchmark::kMillisecond);
