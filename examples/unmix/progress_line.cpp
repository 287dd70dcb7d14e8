// SPDX-License-Identifier: BSD-3-Clause
#include "progress_line.hpp"

#include <cmath>
#include <iostream>

#include <fmt/format.h>

#include <unistd.h>

namespace unmix
{
progress_line::progress_line()
    : is_terminal_(isatty(STDERR_FILENO) != 0)
{
}

progress_line::~progress_line()
{
    renew("");
}

void progress_line::renew(const std::string& line) const
{
    if (is_terminal_)
        std::clog << '\r' << line << "\033[K" << std::flush;
}

void progress_line::add(const std::string& line) const
{
    if (!is_terminal_)
        std::clog << line << std::endl;
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
}
