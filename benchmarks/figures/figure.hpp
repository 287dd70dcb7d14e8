// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What the figures of benchmarks/README.md share.
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

#include "../support.hpp"

#include <xunmix/xunmix.hpp>

namespace figures
{
namespace xu = xunmix;

inline const auto on_maps = xu::on_maps(xu::non_negative{});
inline const auto on_components = xu::on_components(xu::non_negative{});

template <class T>
auto unfolded(const xu::tensor<T>& scan)
{
    return xu::unfold(scan, xu::positions{0, 1});
}

template <class T>
std::size_t bytes(const xu::tensor<T>& scan)
{
    return scan.size() * sizeof(T);
}

/// A solver two iterations old: what it allocates, it has.
template <class M, class U, class... Constraints>
auto warm_solver_of(const M& x, std::size_t rank, std::size_t threads, U update,
                    const Constraints&... c)
{
    auto s = xu::make_solver(
        x, {.rank = rank, .max_iterations = 100000, .tolerance = 0, .seed = 1, .threads = threads},
        std::move(update), c...);
    s.step();
    s.step();
    return s;
}
template <class M, class... Constraints>
auto warm_solver(const M& x, std::size_t rank, std::size_t threads, const Constraints&... c)
{
    return warm_solver_of(x, rank, threads, xu::hals{}, c...);
}

/// Medians of the seconds that each of several works takes, done in turn.
inline std::vector<double> alternate(const std::vector<std::function<void()>>& works)
{
    constexpr std::size_t repetitions = 15;
    std::vector<std::vector<double>> seconds(works.size());
    for (std::size_t i = 0; i < repetitions; ++i)
        for (std::size_t w = 0; w < works.size(); ++w)
            seconds[w].push_back(bench::seconds_of(works[w]));
    std::vector<double> out;
    for (auto& s : seconds)
        out.push_back(bench::median(s));
    return out;
}

// What updates and constraints cost, in updates.cpp.
void two_reads();
void constraints();
void smoothing();
void soft_orthogonality();
void relevance();
void scaling();

// Starts, in starts.cpp.
void vca();
}
