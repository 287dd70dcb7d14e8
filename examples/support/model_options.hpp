// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <CLI/CLI.hpp>

// The options that say what is minimised, how and from where, for one factorization and for
// surveys.
namespace support
{
void describe_preparation(CLI::App& app, arguments& a);
void describe_model(CLI::App& app, arguments& a);
void describe_starts(CLI::App& app, arguments& a);

/// Throws CLI::ValidationError for options that contradict each other, where CLI11 does not do it
/// by itself.
void check_model(const CLI::App& app, const arguments& a);
}
