// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>

#include <xunmix/core/function_ref.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xunmix
{
/// Number of threads that a request stands for: 0 means what OpenMP would take, 1 without OpenMP.
inline std::size_t thread_count(std::size_t requested)
{
#ifdef _OPENMP
    return requested ? requested : static_cast<std::size_t>(std::max(1, omp_get_max_threads()));
#else
    (void)requested;
    return 1;
#endif
}

/// Calls work(task, worker) for every task in [0, tasks), on at most `threads` OpenMP threads
/// (serially where the host compiles without OpenMP). Which worker gets which task is not fixed:
/// results must not depend on it. A task that throws does not stop the others; the first exception
/// caught is thrown here when all are done.
inline void parallel_for(std::size_t tasks, std::size_t threads,
                         function_ref<void(std::size_t, std::size_t)> work)
{
#ifdef _OPENMP
    const std::size_t workers = std::min(thread_count(threads), tasks);
    if (workers > 1)
    {
        const int team = static_cast<int>(workers);
        std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1) num_threads(team)
        for (std::size_t task = 0; task < tasks; ++task)
        {
            try
            {
                work(task, static_cast<std::size_t>(omp_get_thread_num()));
            }
            catch (...)
            {
#pragma omp critical(xunmix_failure)
                if (!failure)
                    failure = std::current_exception();
            }
        }
        if (failure)
            std::rethrow_exception(failure);
        return;
    }
#else
    (void)threads;
#endif
    for (std::size_t task = 0; task < tasks; ++task)
        work(task, std::size_t{0});
}
}
