// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#if __has_include(<sys/wait.h>) && __has_include(<unistd.h>)
#define XUNMIX_HAS_FORK 1
#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace xunmix::detail
{
/// Does the work in a process of its own, which begins as a copy of this one, and forgets what it
/// did: false where that process crashed or computed longer than so many seconds. An exception
/// counts as survival. (True without trying where there is no fork.) The work must not start
/// threads, nor wait for those of this process, which the copy does not have.
template <class Work>
bool survives([[maybe_unused]] Work&& work, [[maybe_unused]] unsigned seconds)
{
#ifdef XUNMIX_HAS_FORK
    const pid_t child = fork();
    if (child < 0) // no process to be had: nothing is known
        return true;
    if (child == 0)
    {
        for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGXCPU})
            std::signal(signal, SIG_DFL);
        const rlimit none{0, 0}, time{seconds, seconds + 1};
        setrlimit(RLIMIT_CORE, &none);
        setrlimit(RLIMIT_CPU, &time);
        try
        {
            work();
        }
        catch (...)
        {
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return true;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
#else
    return true;
#endif
}
}
