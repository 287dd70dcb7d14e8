// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a .npy file: an array, or an error.
#include "input_file.hpp"

#include <xunmix/io/npy.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto path = input_file(data, size);
    try
    {
        static_cast<void>(xunmix::read_npy(path));
        static_cast<void>(xunmix::read_npy_as<std::uint16_t>(path));
    }
    catch (const xunmix::error&)
    {
    }
    return 0;
}
