// SPDX-License-Identifier: BSD-3-Clause
#include "json.hpp"

#include <nlohmann/json.hpp>

// The one place that reads and writes JSON: it takes long to compile.
namespace unmix
{
json parse_json(const std::string& text)
{
    return json::parse(text, nullptr, false);
}

std::string text_of(const json& value, int indent)
{
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}
}
