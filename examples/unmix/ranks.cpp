// SPDX-License-Identifier: BSD-3-Clause
#include "ranks.hpp"
#include "options.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

namespace unmix
{
namespace
{
std::size_t read_number(std::string_view text)
{
    const auto value = read_whole(text);
    if (!value)
        throw CLI::ValidationError("--ranks",
                                   fmt::format("cannot read \"{}\"; write first and last rank as "
                                               "2:15, one rank as 7, or a list as 2,4,8",
                                               text));
    if (*value < 1 || *value > most_components)
        throw CLI::ValidationError(
            "--ranks", fmt::format("a rank is a number of components, from 1 to {}; got {}",
                                   most_components, text));
    return static_cast<std::size_t>(*value);
}
}

std::vector<std::size_t> read_ranks(const std::string& text)
{
    std::vector<std::size_t> ranks;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');)
    {
        const auto colon = std::min(part.find(':'), part.size());
        const std::size_t first = read_number(std::string_view(part).substr(0, colon));
        const std::size_t last =
            colon == part.size() ? first : read_number(std::string_view(part).substr(colon + 1));
        if (first > last)
            throw CLI::ValidationError(
                "--ranks", fmt::format("{} is empty: its first rank is above its last; write {}:{}",
                                       part, last, first));
        for (std::size_t rank = first; rank <= last; ++rank)
            ranks.push_back(rank);
    }
    std::sort(ranks.begin(), ranks.end());
    return ranks;
}
}
