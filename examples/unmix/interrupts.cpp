// SPDX-License-Identifier: BSD-3-Clause
#include "interrupts.hpp"

#include <chrono>
#include <csignal>

namespace unmix
{
namespace
{
volatile std::sig_atomic_t interrupts = 0;

void interrupt(int signal)
{
    interrupts = 1;
    std::signal(signal, SIG_DFL);
}
}

void end_on_signals()
{
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    if (std::signal(SIGHUP, interrupt) == SIG_IGN)
        std::signal(SIGHUP, SIG_IGN); // as nohup wants it
}

bool interrupted()
{
    return interrupts != 0;
}

interrupt_watch::interrupt_watch()
    : thread_(
          [this](const std::stop_token& ends)
          {
              constexpr std::chrono::milliseconds pause(20);
              while (!ends.stop_requested() && !interrupted())
                  std::this_thread::sleep_for(pause);
              if (interrupted())
                  source_.request_stop();
          })
{
}
}
