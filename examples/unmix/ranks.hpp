// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace unmix
{
/// "2:15", "7", "2,4,8" and mixtures, ascending. Throws CLI::ValidationError.
std::vector<std::size_t> read_ranks(const std::string& text);
}
