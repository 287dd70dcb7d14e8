// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace unmix
{
/// Tells how long ago it was made.
class stopwatch
{
  public:
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(clock::now() - begin_).count();
    }

  private:
    using clock = std::chrono::steady_clock;
    clock::time_point begin_ = clock::now();
};
}
