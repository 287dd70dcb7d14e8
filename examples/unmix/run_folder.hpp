// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "json.hpp"

#include <concepts>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <xunmix/io/npy.hpp>

namespace unmix
{
/// A word, or a number with as many digits as it takes to read the same one back.
struct cell
{
    std::string text;

    cell(std::integral auto number)
        : text(fmt::to_string(number))
    {
    }
    cell(std::floating_point auto number)
        : text(fmt::to_string(number))
    {
    }
    cell(std::string word)
        : text(std::move(word))
    {
    }
};

/// Rows below named columns.
struct table
{
    std::vector<std::string> columns;
    std::vector<std::vector<cell>> rows = {};
};

/// The folder that a run writes to. Made, and tried for writing, before the work starts; files
/// appear in it one by one, each whole or not at all, over older ones of the same name; other files
/// in it stay as they are. A folder that was made here and is still empty in the end is removed.
///
/// While the object lives no other run can have the folder, so that their files never mix. What a
/// run that was killed left half-written in it is removed.
class run_folder
{
  public:
    /// Throws xunmix::io_error where the folder cannot be made or written to, or another run has
    /// it.
    explicit run_folder(std::filesystem::path path, pictures wanted = pictures::drawn);
    ~run_folder();
    run_folder(const run_folder&) = delete;
    run_folder& operator=(const run_folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept
    {
        return path_;
    }

    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const
    {
        return path_ / name;
    }

    /// All four throw xunmix::io_error where the file cannot be written.
    template <class E>
    void write_array(const std::string& name, const E& values)
    {
        xunmix::write_npy(path_ / name, values);
        note(name);
    }

    void write_text(const std::string& name, const std::string& text);
    /// Indented; text that is not UTF-8 gets replacement characters, NaN becomes null.
    void write_json(const std::string& name, const json& value);
    void write_csv(const std::string& name, const table& values);
    /// Calls draw(path of the file). A picture that cannot be drawn costs a warning on the standard
    /// error, and nothing else: numbers are written before pictures. Where none are wanted, one of
    /// an earlier run, which would not belong to these numbers, is removed.
    void write_picture(const std::string& name,
                       const std::function<void(const std::filesystem::path&)>& draw);

    /// "Written to FOLDER: maps.npy report.json": what was, in that order.
    [[nodiscard]] std::string summary() const;

  private:
    void note(const std::string& name);
    void make();
    [[nodiscard]] bool take();
    void release();
    void try_writing() const;
    void remove_leftovers() const;

    std::filesystem::path path_;
    pictures wanted_;
    std::vector<std::filesystem::path> made_; ///< by this object, outermost first
    std::vector<std::string> written_;
    int locked_ = -1; ///< the open folder, as a file descriptor
};
}
