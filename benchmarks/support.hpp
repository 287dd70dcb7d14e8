// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What the benchmarks share: the benchmark scan and its start, the streaming read that bounds every
// iteration, medians, and memory.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <xunmix/core/blas.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/io/npy.hpp>

namespace bench
{
namespace xu = xunmix;

/// Where benchmarks/run keeps the scan: $XUNMIX_BENCHMARK_DATA, else build/benchmark-data.
inline std::filesystem::path data_folder()
{
    const char* folder = std::getenv("XUNMIX_BENCHMARK_DATA");
    return folder ? folder : "build/benchmark-data";
}

/// A tensor from the data folder, of elements T.
template <class T>
xu::tensor<T> load(const std::string& name)
{
    return std::get<xu::tensor<T>>(xu::read_npy(data_folder() / name));
}

/// The benchmark scan (y, x, v, u), 100 x 100 positions of 128 x 128 pixels.
template <class T>
xu::tensor<T> load_scan()
{
    return load<T>(std::is_same_v<T, float> ? "scan_f32.npy" : "scan_u16.npy");
}

/// The start that is common to all programs compared, at rank 7.
inline xu::given common_start()
{
    const auto maps = load<float>("start_maps.npy"),
               components = load<float>("start_components.npy");
    const std::size_t n = maps.shape(0), k = maps.shape(1);
    auto c = xu::tensor<double>::from_shape({k, 100, 100});
    auto s = xu::tensor<double>::from_shape({k, 128, 128});
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j)
            c.data()[j * n + i] = static_cast<double>(maps(i, j));
    std::copy(components.data(), components.data() + components.size(), s.data());
    return {.maps = c, .components = s};
}

template <class Work>
double seconds_of(Work&& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
    return values[values.size() / 2];
}

/// A line of the process's status, in bytes.
inline double memory(const std::string& line)
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (double kib = 0; word == line && status >> kib)
            return kib * 1024;
    return 0;
}

/// Highest resident memory of the process so far, bytes.
inline double peak_memory()
{
    return memory("VmHWM:");
}

/// Resident memory of the process now, bytes.
inline double resident_memory()
{
    return memory("VmRSS:");
}

/// Adds up `bytes` of memory as 8-byte words: the fastest an iteration that reads X could be.
inline std::uint64_t read(const void* memory, std::size_t bytes, std::size_t threads)
{
    const auto* words = static_cast<const std::uint64_t*>(memory);
    constexpr std::size_t parts = 64;
    const std::size_t count = bytes / sizeof(std::uint64_t);
    std::uint64_t sums[parts];
    xu::parallel_for(parts, threads,
                     [&](std::size_t p, std::size_t)
                     {
                         std::uint64_t sum = 0;
                         for (std::size_t i = p * count / parts; i < (p + 1) * count / parts; ++i)
                             sum += words[i];
                         sums[p] = sum;
                     });
    std::uint64_t total = 0;
    for (std::uint64_t s : sums)
        total += s;
    return total;
}

/// C = op(A) op(B) in one call of OpenBLAS with its own threads, row-major: what a bare BLAS takes.
/// (xunmix's own calls are small, so that their bits do not depend on those threads.)
inline void bare_blas(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n,
                      std::size_t k, const float* a, std::size_t lda, const float* b,
                      std::size_t ldb, float* c, std::size_t ldc)
{
    const auto op = [](bool transposed) { return transposed ? cxxblas::Trans : cxxblas::NoTrans; };
    using xu::blas::index;
    cxxblas::gemm<xt::blas_index_t>(cxxblas::RowMajor, op(transpose_a), op(transpose_b), index(m),
                                    index(n), index(k), 1.0F, a, index(lda), b, index(ldb), 0.0F, c,
                                    index(ldc));
}

/// X S and X^T C by BLAS, in the layout that is faster there: factors as k x n and k x m, each
/// overwritten with its product.
inline void multiply_by_blas(const float* x, std::vector<float>& c, std::vector<float>& s,
                             std::size_t k)
{
    const std::size_t n = c.size() / k, m = s.size() / k;
    bare_blas(false, true, k, n, m, s.data(), m, x, m, c.data(), n);
    bare_blas(false, false, k, m, n, c.data(), n, x, m, s.data(), m);
}
}
