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
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace unmix
{
namespace fs = std::filesystem;

namespace
{
[[noreturn]] void refuse(const fs::path& folder, const std::string& why)
{
    throw xunmix::io_error("cannot write to folder '" + folder.string() + "': " + why);
}

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
        constexpr int most_tries = 1000;
        for (int i = 0; i < most_tries && !take(); ++i)
            release();
        try_writing();
    }
    catch (...)
    {
        remove_empty(made_);
        release();
        throw;
    }
    remove_leftovers();
}

/// An empty folder goes while nobody else can have it.
run_folder::~run_folder()
{
    remove_empty(made_);
    release();
}

void run_folder::release()
{
    if (locked_ >= 0)
        close(locked_);
    locked_ = -1;
}

/// Throws xunmix::io_error where the folder cannot be made.
void run_folder::make()
{
    if (path_.empty())
        throw xunmix::io_error("the output needs the name of a folder, got ''");
    std::error_code failure;
    made_.clear();
    for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, failure);
         folder = folder.parent_path())
        made_.insert(made_.begin(), folder);
    xunmix::detail::require<xunmix::io_error>(
        !fs::exists(path_, failure) || fs::is_directory(path_, failure), "cannot write to '",
        path_.string(), "': it is a file, the output needs a folder");
    fs::create_directories(path_, failure);
    // A parent that another run has just removed, empty, is made in the next try.
    if (failure && failure != std::errc::no_such_file_or_directory)
        refuse(path_, failure.message());
}

/// Makes the folder and locks it; false where another run, which had it and wrote nothing, has
/// removed it in between. The kernel gives the lock back when the program ends, however it ends.
/// File systems that have no locks go without.
bool run_folder::take()
{
    make();
    locked_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (locked_ < 0)
        return errno != ENOENT;
    if (flock(locked_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    {
        made_.clear(); // it belongs to the other run, which may not have written anything yet
        refuse(path_, "another run of unmix is writing to it; wait for its end, or give another "
                      "--output");
    }
    struct stat locked = {};
    struct stat named = {};
    return fstat(locked_, &locked) == 0 && stat(path_.c_str(), &named) == 0 &&
           locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/// Throws xunmix::io_error where a file in the folder cannot be written.
void run_folder::try_writing() const
{
    const xunmix::replacement trial(path_ / "trial");
    errno = 0;
    if (!std::ofstream(trial.temporary()).is_open())
        refuse(path_, std::error_code(errno, std::generic_category()).message());
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
