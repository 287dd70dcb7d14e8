// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Rows whose time two versions of the library are compared in, see `compare`. Only names that older
// versions have, too, are used here.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/xunmix.hpp>

namespace pairs
{
namespace xu = xunmix;

constexpr std::size_t threads = 2;
inline const auto on_maps = xu::on_maps(xu::non_negative{});
inline const auto on_components = xu::on_components(xu::non_negative{});

/// What is measured: the median time of `work` over so many repetitions. Their number is part of
/// the row, so both versions do the same iterations.
struct measurement
{
    std::size_t repetitions = 1;
    std::function<void()> work;
};

/// A row of the table; `prepare` makes its data.
struct row
{
    std::string name;
    std::function<measurement()> prepare;
};

/// Fills the rows of a matrix with mixtures of `components` patterns, positive everywhere, and
/// noise. `top` is about its largest value. `at(i, c)` is where an element lies.
template <class T, class Place>
void mix(T* x, std::size_t rows, std::size_t channels, double top, Place at)
{
    constexpr std::size_t components = 5;
    constexpr float noise = 0.1F;
    xu::random_engine engine(1);
    std::vector<float> maps(rows * components), patterns(components * channels);
    const auto draw = [&](float& value)
    { value = static_cast<float>(std::pow(xu::uniform01(engine), 3)); };
    std::for_each(maps.begin(), maps.end(), draw);
    std::for_each(patterns.begin(), patterns.end(), draw);
    const float unit = static_cast<float>(top) / 3;
    const auto fill = [&](std::size_t i, std::size_t)
    {
        const float* share = maps.data() + i * components;
        auto state = static_cast<std::uint32_t>(i);
        for (std::size_t c = 0; c < channels; ++c)
        {
            state = state * 1664525U + 1013904223U;
            float sum = noise * 0x1p-24F * static_cast<float>(state >> 8U);
            for (std::size_t j = 0; j < components; ++j)
                sum += share[j] * patterns[j * channels + c];
            x[at(i, c)] = static_cast<T>(unit * sum);
        }
    };
    xu::parallel_for(rows, threads, fill);
}

/// A scan (y, x, v, u) of 59 MB as float32, 58 MB as uint16.
template <class T>
xu::tensor<T> scan(double top = 100)
{
    constexpr std::size_t height = 40, width = sizeof(T) == 2 ? 78 : 40, extent = 96;
    auto out = xu::tensor<T>::from_shape({height, width, extent, extent});
    mix(out.data(), height * width, extent * extent, top,
        [](std::size_t i, std::size_t c) { return i * extent * extent + c; });
    return out;
}

/// The same as a matrix, which owns it.
template <class T>
xu::unfolded<T> unfolded_scan()
{
    return xu::unfold(scan<T>(), xu::positions{0, 1});
}
inline xu::dense<float> matrix()
{
    return xu::dense<float>(unfolded_scan<float>(), threads);
}

struct of_rank
{
    std::size_t rank = 7, workers = threads;
};

/// Iterations of a solver, of which one is done before.
template <class Data, class U, class... Constraints>
measurement iterations(std::size_t repetitions, const Data& x, const of_rank& model, U update,
                       const Constraints&... constraints)
{
    auto made = xu::make_solver(x,
                                {.rank = model.rank,
                                 .max_iterations = 10000,
                                 .tolerance = 0,
                                 .seed = 1,
                                 .threads = model.workers},
                                std::move(update), constraints...);
    auto solver = std::make_shared<decltype(made)>(std::move(made));
    solver->step();
    return {repetitions, [solver]
            {
                solver->step();
                if (solver->status() != xu::status::running)
                    throw std::runtime_error("the solver has ended, nothing is measured");
            }};
}

// The rows, by what they are about.
std::vector<row> updates();
std::vector<row> constraints();
std::vector<row> layouts();
std::vector<row> searches();
}
