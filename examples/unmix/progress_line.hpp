// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <xunmix/survey/survey_result.hpp>

namespace unmix
{
/// Tells std::clog how far a survey is: on a terminal in one line that renews itself after every
/// start, elsewhere in a line a rank.
class progress_line
{
  public:
    /// `done` of the ranks were surveyed earlier.
    progress_line(std::vector<std::size_t> ranks, std::size_t starts, std::size_t done);
    /// Removes the line that renews itself.
    ~progress_line();
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    void start_ended(const xunmix::run_record& run);
    void rank_ended(double minimum, std::size_t near_best);

  private:
    [[nodiscard]] double seconds() const;
    [[nodiscard]] std::string time_left() const;
    [[nodiscard]] std::string place() const;
    void renew(const std::string& line) const;

    std::vector<std::size_t> ranks_;
    std::size_t starts_;
    std::size_t first_;
    std::size_t rank_done_;
    std::size_t starts_done_ = 0;
    double best_ = std::numeric_limits<double>::infinity();
    bool is_terminal_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Puts a line in the place of the last on std::clog, a terminal; empty to remove it.
void renew_line(const std::string& line);

/// "0.4 s", "95 s", "3 min 20 s", "2 h 5 min"
std::string duration_text(double seconds);
}
