// SPDX-License-Identifier: BSD-3-Clause
#include "run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace unmix
{
namespace fs = std::filesystem;

namespace
{
void remove_empty(const std::vector<fs::path>& folders)
{
    std::error_code not_empty;
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder)
        fs::remove(*folder, not_empty);
}
}

run_folder::run_folder(fs::path path, pictures wanted)
    : path_(std::move(path))
    , wanted_(wanted)
{
    try
    {
        make();
        lock();
    }
    catch (...)
    {
        remove_empty(made_);
        throw;
    }
    remove_leftovers();
}

run_folder::~run_folder()
{
    if (locked_ >= 0)
        close(locked_);
    remove_empty(made_);
}

/// The folder, and a file in it to see whether that can be written.
void run_folder::make()
{
    if (path_.empty())
        throw xunmix::io_error("the output needs the name of a folder, got ''");
    std::error_code failure;
    for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, failure);
         folder = folder.parent_path())
        made_.insert(made_.begin(), folder);
    const std::string name = "'" + path_.string() + "'";
    xunmix::detail::require<xunmix::io_error>(
        !fs::exists(path_, failure) || fs::is_directory(path_, failure), "cannot write to ", name,
        ": it is a file, the output needs a folder");
    fs::create_directories(path_, failure);
    if (!failure)
    {
        const xunmix::replacement trial(path_ / "trial");
        errno = 0;
        if (!std::ofstream(trial.temporary()).is_open())
            failure = std::error_code(errno, std::generic_category());
    }
    xunmix::detail::require<xunmix::io_error>(!failure, "cannot write to folder ", name, ": ",
                                              failure.message());
}

/// The kernel gives the lock back when the program ends, however it ends. File systems that have no
/// locks go without.
void run_folder::lock()
{
    locked_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (locked_ < 0 || flock(locked_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return;
    close(locked_);
    throw xunmix::io_error("cannot write to folder '" + path_.string() +
                           "': another run of unmix is writing to it; wait for its end, or give "
                           "another --output");
}

void run_folder::remove_leftovers() const
{
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path_, ignored))
        if (xunmix::replacement::is_temporary(entry.path()))
            fs::remove(entry.path(), ignored);
}

void run_folder::note(const std::string& name)
{
    if (std::ranges::find(written_, name) == written_.end())
        written_.push_back(name);
}

std::string run_folder::summary() const
{
    std::string words = "Written to " + path_.string() + ":";
    for (const std::string& name : written_)
        words += " " + name;
    return words + "\n";
}

void run_folder::write_picture(const std::string& name,
                               const std::function<void(const fs::path&)>& draw)
{
    if (wanted_ == pictures::none)
    {
        std::error_code not_there;
        fs::remove(path_ / name, not_there);
        return;
    }
    try
    {
        draw(path_ / name);
        note(name);
    }
    catch (const std::exception& failure)
    {
        std::cerr << "unmix: warning: no picture " << name << ": " << failure.what() << '\n';
    }
}

void run_folder::write_text(const std::string& name, const std::string& text)
{
    xunmix::write_file(path_ / name, [&](std::ostream& out) { out << text; });
    note(name);
}

void run_folder::write_json(const std::string& name, const json& value)
{
    write_text(name, text_of(value, 2) + "\n");
}

void run_folder::write_csv(const std::string& name, const table& values)
{
    std::string text;
    const auto end_line = [&]
    {
        if (!text.empty() && text.back() == ',')
            text.back() = '\n';
    };
    for (const std::string& column : values.columns)
        text += column + ",";
    end_line();
    for (const auto& row : values.rows)
    {
        for (const cell& value : row)
            text += value.text + ",";
        end_line();
    }
    write_text(name, text);
}
}
