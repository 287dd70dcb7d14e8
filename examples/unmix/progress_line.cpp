// SPDX-License-Identifier: BSD-3-Clause
#include "progress_line.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace unmix
{
void renew_line(const std::string& line)
{
    std::clog << '\r' << line << "\033[K" << std::flush;
}

std::string duration_text(double seconds)
{
    const auto whole = static_cast<long>(std::lround(seconds));
    if (seconds < 9.95)
        return fmt::format("{:g} s", std::round(10 * seconds) / 10);
    if (whole < 100)
        return fmt::format("{} s", whole);
    if (whole < 6000)
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

progress_line::progress_line(std::vector<std::size_t> ranks, std::size_t starts, std::size_t done)
    : ranks_(std::move(ranks))
    , starts_(starts)
    , first_(done)
    , rank_done_(done)
    , is_terminal_(isatty(STDERR_FILENO) != 0)
{
}

progress_line::~progress_line()
{
    renew("");
}

double progress_line::seconds() const
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

/// An iteration's time grows about as the rank.
std::string progress_line::time_left() const
{
    double done = 0, left = 0;
    for (std::size_t i = first_; i < ranks_.size(); ++i)
    {
        const double share = i < rank_done_ ? 1
                             : i > rank_done_
                                 ? 0
                                 : static_cast<double>(starts_done_) / static_cast<double>(starts_);
        done += share * static_cast<double>(ranks_[i]);
        left += (1 - share) * static_cast<double>(ranks_[i]);
    }
    return done > 0 && left > 0 ? ", about " + duration_text(seconds() * left / done) + " left"
                                : "";
}

std::string progress_line::place() const
{
    return fmt::format("rank {} ({} of {}): ", ranks_[rank_done_], rank_done_ + 1, ranks_.size());
}

void progress_line::renew(const std::string& line) const
{
    if (is_terminal_)
        renew_line(line);
}

void progress_line::start_ended(const xunmix::run_record& run)
{
    ++starts_done_;
    if (run.mse < best_)
        best_ = run.mse;
    renew(fmt::format("{}{} of {} starts, least mse {:g}{}", place(), starts_done_, starts_, best_,
                      time_left()));
}

void progress_line::rank_ended(double minimum, std::size_t near_best)
{
    if (!is_terminal_)
        std::clog << fmt::format("{}{} starts, minimum mse {:g}, {} near the best", place(),
                                 starts_, minimum, near_best);
    ++rank_done_;
    starts_done_ = 0;
    best_ = std::numeric_limits<double>::infinity();
    if (!is_terminal_)
        std::clog << time_left() << std::endl;
}
}
