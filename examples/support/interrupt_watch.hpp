// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace support
{
/// Turns an interrupt, which a signal handler may note in a variable and no more, into a stop.
class interrupt_watch
{
  public:
    explicit interrupt_watch(const std::function<bool()>& interrupted)
        : thread_(
              [this, interrupted](const std::stop_token& ends)
              {
                  while (!ends.stop_requested() && !interrupted())
                      std::this_thread::sleep_for(std::chrono::milliseconds(20));
                  if (interrupted())
                      source_.request_stop();
              })
    {
    }
    [[nodiscard]] std::stop_token token() const
    {
        return source_.get_token();
    }

  private:
    std::stop_source source_;
    std::jthread thread_;
};
}
