// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

// Every option of the program, declared once: its name, for which commands it is, where its value
// goes, what the help says and what the report calls it.
namespace unmix
{
constexpr std::uint64_t most_components = 8192, most_starts = 1'000'000,
                        most_iterations = 1'000'000'000;

/// The whole number that a text is, in digits; nothing where it is something else.
std::optional<std::uint64_t> read_whole(std::string_view text);

/// Adds the options of a command to its command line, in the order of the table.
void declare_options(CLI::App& app, arguments& a);

/// Names of options that principal component analysis has no use for: it has no iterations, starts,
/// constraints.
std::vector<std::string> options_unknown_to_pca();

/// The options that the numbers of this run depend on, and no others, as the report has them.
json describe_method(const arguments& a);

/// All that the report says of the options of this run.
json describe_options(const arguments& a);
}
