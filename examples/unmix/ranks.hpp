// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace unmix
{
/// The ranks of a survey and of a rank report where nobody names others.
constexpr const char *usual_ranks_of_survey = "2:15", *usual_ranks_of_report = "1:10";

/// "2:15", "7", "2,4,8" and mixtures, ascending. Throws CLI::ValidationError.
std::vector<std::size_t> read_ranks(const std::string& text);
}
