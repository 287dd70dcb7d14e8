// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace unmix
{
using json = nlohmann::ordered_json;

/// The value that a text holds; a discarded one where it is no JSON.
json parse_json(const std::string& text);
/// One line, or, where `indent` is not negative, a line a member. Text that is no UTF-8 is mended.
std::string text_of(const json& value, int indent = -1);
}
