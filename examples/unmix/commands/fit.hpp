// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/result.hpp>

namespace unmix
{
/// How one start went.
struct run
{
    std::uint64_t seed = 0;
    std::string status;
    std::size_t iterations = 0;
    std::size_t best_iteration = 0;
    std::size_t rises = 0; ///< iterations that raised the objective
    double mse = 0;        ///< weighted where the data are
    double divergence = 0; ///< with --beta; else NaN
    double seconds = 0;
    std::vector<xunmix::record> history;

    /// What the run made small.
    [[nodiscard]] double misfit() const
    {
        return std::isnan(divergence) ? mse : divergence;
    }
};

/// All starts, and the factors of the best.
struct outcome
{
    std::vector<run> runs;
    std::size_t best = 0;
    xunmix::tensor<double> maps;                 ///< (k, positions...), masked places NaN
    xunmix::tensor<double> components;           ///< (k, channels...), masked places NaN
    std::string noise;                           ///< the noise model used, or "beta divergence B"
    std::vector<std::vector<double>> relevances; ///< of all components, iteration by iteration,
                                                 ///< where the algorithm finds how many there are
    std::size_t negative_data = 0;
    bool one_read = false;

    /// Components that the best start kept.
    [[nodiscard]] std::size_t rank() const
    {
        return maps.shape(0);
    }
};

/// Runs all starts on the scan until the user interrupts; what was found until then counts. Throws
/// xunmix::error.
outcome fit(const input& in, const arguments& a);

/// What `unmix` without a word does: one factorization, its files and pictures. Throws
/// xunmix::error.
void run_fit(const arguments& a);
}
