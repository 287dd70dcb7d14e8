// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "progress_line.hpp"
#include "stopwatch.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <xunmix/survey/survey_result.hpp>

namespace unmix
{
/// Tells how far a survey is: on a terminal after every start, elsewhere after every rank.
class survey_progress
{
  public:
    /// `done` of the ranks were surveyed earlier.
    survey_progress(std::vector<std::size_t> ranks, std::size_t starts, std::size_t done);

    void start_ended(const xunmix::run_record& run);
    void rank_ended(double minimum, std::size_t near_best);

  private:
    [[nodiscard]] std::string time_left() const;
    [[nodiscard]] std::string place() const;

    progress_line line_;
    std::vector<std::size_t> ranks_;
    std::size_t starts_;
    std::size_t first_;
    std::size_t rank_done_;
    std::size_t starts_done_ = 0;
    double best_ = std::numeric_limits<double>::infinity();
    stopwatch watch_;
};
}
