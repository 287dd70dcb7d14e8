// SPDX-License-Identifier: BSD-3-Clause
#include "run_folder.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace support
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

run_folder::run_folder(fs::path path)
    : path_(std::move(path))
{
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
    if (!failure)
        return;
    remove_empty(made_);
    throw xunmix::io_error("cannot write to folder " + name + ": " + failure.message());
}

run_folder::~run_folder()
{
    remove_empty(made_);
}

void run_folder::write_text(const std::string& name, const std::string& text) const
{
    xunmix::write_file(path_ / name, [&](std::ostream& out) { out << text; });
}

void run_folder::write_json(const std::string& name, const nlohmann::ordered_json& value) const
{
    using json = nlohmann::ordered_json;
    write_text(name, value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

void run_folder::write_csv(const std::string& name, const table& values) const
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
