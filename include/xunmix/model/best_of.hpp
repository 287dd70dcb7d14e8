// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>

#include <xunmix/core/finite.hpp>

namespace xunmix
{
/// Which of several starts ended best, in whatever order they end: the one with the least
/// objective, of equals the earlier start. One that is not finite is the best only while no other
/// has ended.
class best_of
{
  public:
    /// Whether this start is the best of those that have ended, itself included.
    bool offer(double objective, std::size_t start)
    {
        const bool better = !start_ || (xunmix::is_finite(objective) &&
                                        (!is_finite() || objective < objective_ ||
                                         (!(objective > objective_) && start < *start_)));
        if (better)
        {
            objective_ = objective;
            start_ = start;
        }
        return better;
    }
    /// 0 before any has ended.
    std::size_t start() const
    {
        return start_.value_or(0);
    }
    /// Whether one has ended with a finite objective.
    bool is_finite() const
    {
        return start_ && xunmix::is_finite(objective_);
    }

  private:
    std::optional<std::size_t> start_;
    double objective_ = 0;
};
}
