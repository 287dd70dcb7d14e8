// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <ios>
#include <random>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include <xunmix/core/error.hpp>

namespace xunmix
{
/// A file that appears whole or not at all: write to `temporary()`, in the folder of the target,
/// then `commit()` renames it over the target. Without a commit the destructor removes it, and an
/// older file of that name stays as it was.
class replacement
{
  public:
    explicit replacement(std::filesystem::path target)
        : target_(std::move(target))
        , temporary_(target_)
    {
        std::random_device device;
        std::ostringstream suffix;
        suffix << '.' << std::hex << device() << ".part";
        temporary_ += suffix.str();
    }

    replacement(const replacement&) = delete;
    replacement& operator=(const replacement&) = delete;

    ~replacement()
    {
        std::error_code ignored;
        if (!committed_)
            std::filesystem::remove(temporary_, ignored);
    }

    /// Whether a path has the form of temporary(): what a program that was killed leaves behind.
    [[nodiscard]] static bool is_temporary(const std::filesystem::path& path)
    {
        const std::string suffix = path.stem().extension().string();
        return path.extension() == ".part" && suffix.size() > 1 && suffix.size() <= 9 &&
               suffix.find_first_not_of("0123456789abcdef", 1) == suffix.npos;
    }

    [[nodiscard]] const std::filesystem::path& temporary() const noexcept
    {
        return temporary_;
    }

    /// Throws io_error where the target cannot be replaced.
    void commit()
    {
        std::error_code failure;
        std::filesystem::rename(temporary_, target_, failure);
        detail::require<io_error>(!failure, "cannot write '", target_.string(),
                                  "': ", failure.message());
        committed_ = true;
    }

  private:
    std::filesystem::path target_;
    std::filesystem::path temporary_;
    bool committed_ = false;
};

/// Writes a file through `write(std::ostream&)`, whole or not at all. Throws io_error with the
/// system's reason: no such folder, no permission, no space left.
template <class Write>
void write_file(const std::filesystem::path& path, Write&& write)
{
    replacement file(path);
    errno = 0;
    std::ofstream out(file.temporary(), std::ios::binary);
    try
    {
        if (out)
            std::forward<Write>(write)(out);
    }
    catch (const error&) // of a stream that cannot be written is what is said below, with reason
    {
        if (out)
            throw;
    }
    out.close();
    detail::require<io_error>(!out.fail(), "cannot write '", path.string(),
                              "': ", std::generic_category().message(errno));
    file.commit();
}
}
