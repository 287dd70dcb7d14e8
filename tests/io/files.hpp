// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "../support.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

using support::message_of;

/// A folder of its own for a test's files, removed with them at the end.
class scratch_folder
{
  public:
    scratch_folder()
        : path_(std::filesystem::temp_directory_path() /
                ("xunmix-test-" + std::to_string(std::random_device{}())))
    {
        std::filesystem::create_directories(path_);
    }

    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    std::filesystem::path operator/(const std::string& name) const
    {
        return path_ / name;
    }

    [[nodiscard]] std::size_t count() const
    {
        using iterator = std::filesystem::directory_iterator;
        return static_cast<std::size_t>(std::distance(iterator(path_), iterator()));
    }

  private:
    std::filesystem::path path_;
};

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary).write(bytes.data(), std::ssize(bytes));
}

inline std::string read_bytes(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A file of the data folder: $XUNMIX_DATA, else ../shared/data from the project's root. Empty,
/// with a message, where it is missing: the test that asked is then skipped.
inline std::filesystem::path data_file(const std::string& name)
{
    const char* folder = std::getenv("XUNMIX_DATA");
    auto path =
        std::filesystem::path(folder != nullptr ? folder : XUNMIX_SOURCE_DIR "/../shared/data") /
        name;
    if (std::filesystem::exists(path))
        return path;
    std::cout << "skipped: no " << name << " in $XUNMIX_DATA or ../shared/data\n";
    return {};
}
