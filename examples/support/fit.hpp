// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/io/scan_file.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/unfold/mask.hpp>

namespace support
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

/// Runs all starts on a scan of whatever type, until `interrupted` says so; what was found until
/// then counts. `keep` masks channels where it is false.
outcome fit(const xunmix::any_tensor& scan, const std::vector<std::size_t>& positions,
            const std::optional<xunmix::tensor<bool>>& keep, const arguments& a,
            const std::function<bool()>& interrupted);
}
