// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

/// The bytes that the fuzzer made up as a file, for readers that take a path; in memory, and gone
/// when the program ends.
inline std::filesystem::path input_file(const std::uint8_t* data, std::size_t size)
{
    static const struct file
    {
        std::filesystem::path path = "/dev/shm/xunmix-fuzz-" + std::to_string(getpid());
        ~file()
        {
            std::error_code ignored;
            std::filesystem::remove(path, ignored);
        }
    } here;
    std::ofstream(here.path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    return here.path;
}
