// SPDX-License-Identifier: BSD-3-Clause
#include "survey_progress.hpp"

#include <utility>

#include <fmt/format.h>

namespace unmix
{
survey_progress::survey_progress(std::vector<std::size_t> ranks, std::size_t starts,
                                 std::size_t done)
    : ranks_(std::move(ranks))
    , starts_(starts)
    , first_(done)
    , rank_done_(done)
{
}

/// An iteration's time grows about as the rank.
std::string survey_progress::time_left() const
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
    return done > 0 && left > 0
               ? ", about " + duration_text(watch_.seconds() * left / done) + " left"
               : "";
}

std::string survey_progress::place() const
{
    return fmt::format("rank {} ({} of {}): ", ranks_[rank_done_], rank_done_ + 1, ranks_.size());
}

void survey_progress::start_ended(const xunmix::run_record& run)
{
    ++starts_done_;
    if (run.mse < best_)
        best_ = run.mse;
    line_.renew(fmt::format("{}{} of {} starts, least mse {:g}{}", place(), starts_done_, starts_,
                            best_, time_left()));
}

void survey_progress::rank_ended(double minimum, std::size_t near_best)
{
    const auto done = fmt::format("{}{} starts, minimum mse {:g}, {} near the best", place(),
                                  starts_, minimum, near_best);
    ++rank_done_;
    starts_done_ = 0;
    best_ = std::numeric_limits<double>::infinity();
    line_.add(done + time_left());
}
}
