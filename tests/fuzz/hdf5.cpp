// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as an HDF5 file: a scan whose axes can be drawn, or an error.
#include "input_file.hpp"

#include <cmath>
#include <cstdlib>

#include <xunmix/io/hdf5.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try
    {
        const auto scan = xunmix::read_hdf5(input_file(data, size));
        for (const auto& axis : scan.axes)
            for (const std::size_t i : {std::size_t{0}, axis.size})
                if (axis.size > 0 && !std::isfinite(axis.at(i == 0 ? 0 : i - 1)))
                    std::abort();
    }
    catch (const xunmix::error&)
    {
    }
    return 0;
}
