// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "../io/files.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

/// How a run of the program unmix ended.
struct program_run
{
    int exit_code = 0;
    std::string output; ///< standard output and standard error
};

/// Runs unmix with arguments as a shell takes them, after `before`: what the shell is to do first.
inline program_run run_unmix_with(const std::string& before, const std::string& arguments)
{
    const std::string command = before + "'" XUNMIX_PROGRAM "' " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr)
        throw std::runtime_error("cannot start unmix");
    program_run run;
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe))
        run.output.append(buffer, count);
    const int status = pclose(pipe);
    run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return run;
}

inline program_run run_unmix(const std::string& arguments)
{
    return run_unmix_with("", arguments);
}
