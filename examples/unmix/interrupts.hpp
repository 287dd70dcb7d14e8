// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <thread>

namespace unmix
{
/// From here on the first Ctrl-C, SIGTERM or SIGHUP ends the run after the iteration under way, a
/// second one the program.
void end_on_signals();
/// Whether such a signal came.
bool interrupted();

/// Turns an interrupt, which a signal handler may note in a variable and no more, into a stop.
class interrupt_watch
{
  public:
    interrupt_watch();
    [[nodiscard]] std::stop_token token() const
    {
        return source_.get_token();
    }

  private:
    std::stop_source source_;
    std::jthread thread_;
};
}
