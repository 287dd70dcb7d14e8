// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "axes.hpp"

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace unmix
{
/// One criterion's value at each rank, and the rank that it picks.
struct rank_panel
{
    std::string title;
    std::string quantity = {};        ///< what the values are
    std::vector<double> values = {};  ///< one a rank; NaN leaves a gap
    std::vector<double> beneath = {}; ///< others to draw in grey below them; may be empty
    std::optional<std::size_t> pick = {};
    double threshold = std::numeric_limits<double>::quiet_NaN(); ///< a line; NaN: none
    display_range range = {};
    std::string why_not = {}; ///< a criterion without an answer says so instead of the values
};

/// Criteria for the number of components, side by side.
struct rank_picture
{
    std::vector<std::size_t> ranks = {}; ///< ascending
    std::size_t recommended = 0;
    std::vector<rank_panel> panels = {};
    std::string title = {}, subtitle = {};
};

/// A panel for each criterion over the ranks, its pick ringed in red, the recommended rank a pale
/// bar in all of them. Throws xunmix::invalid_argument where there are no ranks or no panels.
void draw_ranks(const std::filesystem::path& path, const rank_picture& what);
}
