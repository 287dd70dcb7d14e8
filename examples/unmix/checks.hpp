// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <CLI/CLI.hpp>

namespace unmix
{
/// Throws CLI::ValidationError for options that contradict each other, or do not go with a command,
/// where CLI11 does not do it by itself. `app` is what has read them.
void check_options(const CLI::App& app, const arguments& a);
}
