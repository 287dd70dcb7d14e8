// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <cstdint>

#include <CLI/CLI.hpp>

// The options that say what is minimised, how and from where, for one factorization and for
// surveys.
namespace support
{
/// Checks that a text is a whole number from `least` to `most`, in digits: by itself CLI11 takes -1
/// for the largest number there is.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

constexpr std::uint64_t most_components = 8192, most_starts = 1'000'000,
                        most_iterations = 1'000'000'000, most_threads = 1024;

void describe_preparation(CLI::App& app, arguments& a);
void describe_model(CLI::App& app, arguments& a);
void describe_starts(CLI::App& app, arguments& a);

/// Throws CLI::ValidationError for options that contradict each other, where CLI11 does not do it
/// by itself.
void check_model(const CLI::App& app, const arguments& a);
}
