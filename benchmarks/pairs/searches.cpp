// SPDX-License-Identifier: BSD-3-Clause
// Surveys, decompositions, starts and clusters.
#include "rows.hpp"

namespace pairs
{
namespace
{
measurement survey(std::size_t repetitions, const xu::survey_options& options)
{
    return {repetitions, [options, x = matrix()]
            { xu::survey(x, options, xu::hals{}, on_maps, on_components); }};
}

/// Few starts that run to their end, each on one thread.
measurement small_survey()
{
    return survey(3, {.ranks = {3, 7},
                      .starts = 4,
                      .max_iterations = 20,
                      .tolerance = 0,
                      .threads = threads,
                      .compress = {.power_iterations = 1, .polish = 3}});
}

/// Solvers that share each read of X: eight starts of rank 7.
measurement batch()
{
    return survey(1, {.ranks = {7},
                      .starts = 8,
                      .max_iterations = 8,
                      .tolerance = 0,
                      .threads = threads,
                      .exact = true,
                      .compress = {.size = 8, .power_iterations = 0}});
}

measurement principal_components()
{
    return {5, [x = matrix()] { xu::pca(x, {.rank = 20, .threads = threads}); }};
}

/// So few positions that the decomposition is exact.
measurement exact_components()
{
    constexpr std::size_t positions = 128, channels = 64000;
    auto data = xu::tensor<float>::from_shape({positions, channels});
    mix(data.data(), positions, channels, 100,
        [](std::size_t i, std::size_t c) { return i * channels + c; });
    const xu::dense<float> x(xu::unfold(std::move(data), xu::positions{0}), threads);
    return {3, [x] { xu::pca(x, {.rank = 20, .threads = threads}); }};
}

/// Many positions of few channels.
measurement vertices()
{
    constexpr std::size_t n = 220000, m = 64, k = 4;
    auto data = xu::tensor<float>::from_shape({n, m});
    mix(data.data(), n, m, 100, [](std::size_t i, std::size_t c) { return i * m + c; });
    const xu::dense<float> x(xu::unfold(std::move(data), xu::positions{0}), threads);
    return {3,
            [x, maps = std::vector<float>(n * k), components = std::vector<float>(m * k)]() mutable
            {
                xu::random_engine engine(1);
                typename xu::dense<float>::workspace work{.threads = threads};
                xu::vca{}(x, xu::factor_ref<float>(maps.data(), n, k, n),
                          xu::factor_ref<float>(components.data(), m, k, m), engine, work);
            }};
}

/// 30 patterns under rotation.
measurement similarity()
{
    constexpr std::size_t patterns = 30, extent = 128;
    auto data = xu::tensor<float>::from_shape({patterns, extent, extent});
    mix(data.data(), patterns, extent * extent, 100,
        [](std::size_t i, std::size_t c) { return i * extent * extent + c; });
    return {19, [data] { xu::similarity(data, {.threads = threads}); }};
}
}

std::vector<row> searches()
{
    return {
        {"survey", small_survey},  {"batch", batch},  {"pca", principal_components},
        {"svd", exact_components}, {"vca", vertices}, {"similarity", similarity},
    };
}
}
