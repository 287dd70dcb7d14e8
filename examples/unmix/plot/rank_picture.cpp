// SPDX-License-Identifier: BSD-3-Clause
#include "rank_picture.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include <xunmix/core/error.hpp>

namespace unmix
{
namespace
{
constexpr colour value_ink{0.12, 0.32, 0.53};
constexpr colour pick_ink{0.80, 0.25, 0.15};
constexpr colour beneath_ink{0.62, 0.62, 0.62};
constexpr colour bar_ink{0.95, 0.78, 0.35};
constexpr colour empty_ink{0.95, 0.95, 0.95};
constexpr double left = 54, top = 84, width = 164, height = 130, across = 60, down = 84;
constexpr double margin = 22;

/// The words in lines no wider than `most`.
std::vector<std::string> wrap(canvas& page, const std::string& words, const text_style& style,
                              double most)
{
    std::vector<std::string> lines{""};
    std::istringstream text(words);
    for (std::string word; text >> word;)
    {
        const std::string longer = lines.back() + (lines.back().empty() ? "" : " ") + word;
        if (lines.back().empty() || page.text_width(longer, style) <= most)
            lines.back() = longer;
        else
            lines.push_back(word);
    }
    return lines;
}

void draw_lines(canvas& page, point at, const std::vector<std::string>& lines,
                const text_style& style)
{
    for (const auto& line : lines)
    {
        page.text(at, line, style);
        at.y += 1.35 * style.size;
    }
}

/// Where ranks and values lie in a panel.
struct panel_scale
{
    box where;
    display_range ranks;
    display_range values;

    [[nodiscard]] point place(std::size_t rank, double value) const
    {
        return {where.x + ranks.place(static_cast<double>(rank)) * where.width,
                where.bottom() - values.place(value) * where.height};
    }
};

void draw_values(canvas& page, const panel_scale& at, const std::vector<std::size_t>& ranks,
                 const std::vector<double>& values, colour ink)
{
    std::vector<point> points;
    for (std::size_t i = 0; i < std::min(ranks.size(), values.size()); ++i)
        points.push_back(at.place(ranks[i], values[i]));
    page.curve(points, at.where, ink, 1.2);
    for (const point& p : points)
        if (std::isfinite(p.y) && p.y >= at.where.y && p.y <= at.where.bottom())
            page.dot(p, 2.2, ink);
}

/// A ring around the pick's value; nothing where the pick is not among the ranks.
void draw_pick(canvas& page, const panel_scale& at, const rank_panel& panel,
               const std::vector<std::size_t>& ranks)
{
    const auto found = panel.pick ? std::ranges::find(ranks, *panel.pick) : ranks.end();
    if (found == ranks.end())
        return;
    const double value = panel.values[static_cast<std::size_t>(found - ranks.begin())];
    if (!std::isfinite(value))
        return;
    const point p = at.place(*panel.pick, value);
    page.dot(p, 5.2, pick_ink);
    page.dot(p, 3.6, {1, 1, 1});
    page.dot(p, 2.2, value_ink);
}

/// The criterion's name and pick above its panel, then what its values are.
void draw_heading(canvas& page, const box& where, const rank_panel& panel)
{
    const std::string pick = panel.pick              ? fmt::to_string(*panel.pick)
                             : panel.why_not.empty() ? ""
                                                     : "–";
    page.text({where.x, where.y - 20}, panel.title, {.size = 10.5, .bold = true});
    page.text({where.right(), where.y - 20}, pick,
              {.size = 12, .bold = true, .ink = pick_ink, .side = align::right});
    page.text({where.x, where.y - 8}, panel.quantity, {.size = small_text, .ink = axis_ink});
}

void draw_panel(canvas& page, const rank_picture& what, const rank_panel& panel, const box& where)
{
    draw_heading(page, where, panel);
    const text_style style{.size = 9, .ink = axis_ink};
    const bool has_values = std::ranges::any_of(panel.values, [](double v) { return v == v; });
    if (!has_values)
    {
        page.fill(where, empty_ink);
        draw_lines(page, {where.x + 8, where.y + 18},
                   wrap(page, panel.why_not, style, where.width - 16), style);
        return;
    }
    const panel_scale at{.where = where,
                         .ranks = {.low = static_cast<double>(what.ranks.front()) - 0.5,
                                   .high = static_cast<double>(what.ranks.back()) + 0.5},
                         .values = panel.range};
    const double bar = std::min(where.width / (at.ranks.high - at.ranks.low), 22.0);
    const double middle = at.place(what.recommended, 0).x;
    page.fill({middle - bar / 2, where.y, bar, where.height}, bar_ink, 0.45);
    draw_counting_axis(page, where, at.ranks, "components");
    draw_y_axis(page, where, at.values, 4);
    if (std::isfinite(panel.threshold))
    {
        const double y = at.place(what.recommended, panel.threshold).y;
        page.curve({{where.x, y}, {where.right(), y}}, where, axis_ink, 0.7, 1, 3);
    }
    draw_values(page, at, what.ranks, panel.beneath, beneath_ink);
    draw_values(page, at, what.ranks, panel.values, value_ink);
    draw_pick(page, at, panel, what.ranks);
}

/// What bar and ring mean, from `at` on.
void draw_key(canvas& page, const rank_picture& what, point at)
{
    const text_style style{.size = 9, .ink = axis_ink};
    page.fill({at.x, at.y - 8, 12, 10}, bar_ink, 0.45);
    const std::string bar = fmt::format("recommended: {}", what.recommended);
    page.text({at.x + 17, at.y}, bar, style);
    at.x += 17 + page.text_width(bar, style) + 18;
    page.dot({at.x + 5, at.y - 3}, 5.2, pick_ink);
    page.dot({at.x + 5, at.y - 3}, 3.6, {1, 1, 1});
    page.text({at.x + 15, at.y}, "the criterion's own answer; dashed: its threshold", style);
}
}

void draw_ranks(const std::filesystem::path& path, const rank_picture& what)
{
    xunmix::detail::require<xunmix::invalid_argument>(
        !what.ranks.empty() && !what.panels.empty(),
        "a picture of criteria needs at least one rank and one criterion, got ", what.ranks.size(),
        " and ", what.panels.size());
    const std::size_t columns = std::clamp<std::size_t>((what.panels.size() + 1) / 2, 1, 5);
    const std::size_t rows = (what.panels.size() + columns - 1) / columns;
    const double right = left + static_cast<double>(columns) * (width + across) - across + margin;
    const double bottom = top + static_cast<double>(rows) * (height + down) - down + 42;
    canvas page(path, right, bottom);
    page.text({margin, 24}, what.title, {.size = 13, .bold = true});
    text_style style{.size = 10, .ink = axis_ink};
    while (style.size > 5 && page.text_width(what.subtitle, style) > right - 2 * margin)
        style.size -= 0.5;
    page.text({margin, 40}, what.subtitle, style);
    draw_key(page, what, {margin, 56});
    for (std::size_t i = 0; i < what.panels.size(); ++i)
        draw_panel(page, what, what.panels[i],
                   {left + static_cast<double>(i % columns) * (width + across),
                    top + 12 + static_cast<double>(i / columns) * (height + down), width, height});
    page.save();
}
}
