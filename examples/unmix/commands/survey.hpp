// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"
#include "run_folder.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/model/result.hpp>
#include <xunmix/survey/survey_result.hpp>

namespace unmix
{
/// What a survey found at one rank, whatever the factors' type.
struct rank_numbers
{
    std::size_t rank = 0;
    std::vector<xunmix::run_record> runs;
    std::size_t best_start = 0;
    double minimum = 0; ///< mse of the best factorization
    double mean = 0, deviation = 0;
    std::size_t near_best = 0; ///< starts within 0.1 % of the best
    double pca = 0;
    double scaled_pca = 0; ///< NaN where there is none
    std::string status;    ///< of the best factorization
    std::size_t iterations = 0;
    std::string warning;
};

struct survey_outcome
{
    std::vector<rank_numbers> ranks; ///< those done, ascending
    std::optional<std::size_t> crossing;
    std::size_t resumed = 0;     ///< ranks that an earlier survey had done
    std::size_t compression = 0; ///< directions kept
    std::size_t negative_data = 0;
    std::string noise; ///< the noise model used
    double seconds = 0;
};

/// Surveys the scan until the user interrupts; ranks done until then count. After each rank the
/// folder gets survey.state and the best factors of that rank. Progress goes to std::clog. Throws
/// xunmix::error, also for a state to resume that does not fit.
survey_outcome survey(const input& in, const arguments& a, const run_folder& folder);

/// What `unmix survey` does, its files and pictures. Throws xunmix::error.
void run_survey(const arguments& a);
}
