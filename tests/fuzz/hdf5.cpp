// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as an HDF5 file: a scan whose axes can be drawn, or an error.
#include "input_file.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <xunmix/io/hdf5.hpp>

#include <pthread.h>
#include <sanitizer/common_interface_defs.h>

/// What libhdf5 forgets of a damaged file, some hundred bytes, is not for this library to mend.
extern "C" const char* __lsan_default_suppressions() // NOLINT(bugprone-reserved-identifier)
{
    return "leak:libhdf5\n";
}

namespace
{
/// Errors in the process that tries a file are what it is for: they are not reported.
const int quiet_trials = pthread_atfork(nullptr, nullptr,
                                        []
                                        {
                                            __sanitizer_set_death_callback(nullptr);
                                            std::freopen("/dev/null", "w", stderr);
                                        });
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try
    {
        const auto scan = xunmix::read_hdf5(input_file(data, size), {.in_trial = true});
        for (const auto& axis : scan.axes)
            if (axis.size > 0 && !std::isfinite(axis.at(axis.size - 1) - axis.at(0)))
                std::abort();
    }
    catch (const xunmix::error&)
    {
    }
    return 0;
}
