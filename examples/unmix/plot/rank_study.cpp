// SPDX-License-Identifier: BSD-3-Clause
#include "figure.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

namespace unmix
{
namespace
{
constexpr colour mark_ink{0.45, 0.45, 0.45};
constexpr colour minimum_ink{0, 0, 0};
constexpr colour mean_ink{0.12, 0.32, 0.53};
constexpr colour pca_ink{0.80, 0.25, 0.15};
constexpr colour counts_ink{0.10, 0.50, 0.30};
constexpr colour other_inks[] = {
    {0.12, 0.32, 0.53}, {0.55, 0.30, 0.60}, {0.75, 0.50, 0.05}, {0.45, 0.45, 0.45}};
constexpr double mark_radius = 2;
constexpr double mark_opacity = 0.35;

using at_rank = rank_study::at_rank;

/// A value at each rank, as a line with marks.
struct series
{
    std::string name;
    std::vector<point> values; ///< x: the rank, y: the value
    colour ink;
    double dash = 0;
    double radius = 2.6; ///< of the marks
};

struct chart
{
    const rank_study* study;
    std::vector<series> lines; ///< the last one on top
    bool with_starts = false;
    bool with_crossing = false;
};

/// The ranks from `first` on in a panel of their own.
struct view
{
    box where;
    std::size_t first = 0;
    display_range across = {};
    display_range up = {};

    [[nodiscard]] point place(double rank, double value) const
    {
        return {where.x + across.place(rank) * where.width,
                where.bottom() - up.place(value) * where.height};
    }
};

std::vector<double> values_of(const chart& what, std::size_t first)
{
    std::vector<double> values;
    for (std::size_t i = first; i < what.study->ranks.size(); ++i)
    {
        const auto& r = what.study->ranks[i];
        if (what.with_starts)
            values.insert(values.end(), r.starts.begin(), r.starts.end());
    }
    for (const auto& line : what.lines)
        for (const point& p : line.values)
            if (first < what.study->ranks.size() &&
                p.x >= static_cast<double>(what.study->ranks[first].rank))
                values.push_back(p.y);
    return values;
}

/// The first rank of the plateau: whose minimum lies above the least of all by less than 3 % of the
/// whole descent. The number of ranks where there is nothing to enlarge: no descent to a third or
/// less, fewer than three ranks after it, or another such descent among them.
std::size_t plateau(const rank_study& what)
{
    const auto& ranks = what.ranks;
    if (ranks.size() < 4)
        return ranks.size();
    double least = ranks.front().minimum;
    for (const auto& r : ranks)
        least = std::min(least, r.minimum);
    const double descent = ranks.front().minimum - least;
    const auto first = static_cast<std::size_t>(
        std::ranges::find_if(ranks,
                             [&](const at_rank& r) { return r.minimum - least < 0.03 * descent; }) -
        ranks.begin());
    const bool is_deep = ranks.front().minimum > 3 * least;
    const bool is_plateau = first + 3 <= ranks.size() && ranks[first].minimum <= 3 * least;
    return is_deep && is_plateau ? first : ranks.size();
}

view make_view(const chart& what, const box& where, std::size_t first)
{
    const auto& ranks = what.study->ranks;
    view v{.where = where, .first = first};
    if (first < ranks.size())
        v.across = {.low = static_cast<double>(ranks[first].rank) - 0.5,
                    .high = static_cast<double>(ranks.back().rank) + 0.5};
    v.up = positive_axis_range(values_of(what, first));
    return v;
}

void draw_starts(canvas& page, const view& v, const std::vector<double>& values, double rank,
                 double opacity)
{
    const double spread = values.size() > 1 ? 0.3 / static_cast<double>(values.size() - 1) : 0;
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        const double aside = values.size() > 1 ? spread * static_cast<double>(i) - 0.15 : 0;
        const point at = v.place(rank + aside, values[i]);
        if (at.y >= v.where.y && at.y <= v.where.bottom())
            page.dot(at, mark_radius, mark_ink, opacity);
    }
}

void draw_line(canvas& page, const view& v, const series& line)
{
    std::vector<point> points;
    for (const point& p : line.values)
        if (p.x >= v.across.low && p.x <= v.across.high)
            points.push_back(v.place(p.x, p.y));
    page.curve(points, v.where, line.ink, 1.3, 1, line.dash);
    for (const point& p : points)
        if (p.y >= v.where.y && p.y <= v.where.bottom())
            page.dot(p, line.radius, line.ink);
}

void draw_crossing(canvas& page, const view& v, std::size_t rank)
{
    const double x = v.place(static_cast<double>(rank), v.up.low).x;
    if (x < v.where.x)
        return;
    page.curve({{x, v.where.y}, {x, v.where.bottom()}}, v.where, axis_ink, 0.8, 1, 2);
    page.text({x + 5, v.where.y + 9}, fmt::format("crossing: {}", rank),
              {.size = 9, .ink = axis_ink});
}

void draw_view(canvas& page, const chart& what, const view& v)
{
    const auto& ranks = what.study->ranks;
    draw_counting_axis(page, v.where, v.across, "number of components");
    if (v.first > 0)
        page.text(
            {v.where.right(), v.where.y - 6},
            fmt::format("enlarged: {} to {} components", ranks[v.first].rank, ranks.back().rank),
            {.size = 9, .ink = axis_ink, .side = align::right});
    draw_y_axis(page, v.where, v.up, 6);
    if (what.with_crossing && what.study->crossing)
        draw_crossing(page, v, *what.study->crossing);
    if (what.with_starts)
        for (std::size_t i = v.first; i < ranks.size(); ++i)
        {
            const auto rank = static_cast<double>(ranks[i].rank);
            draw_starts(page, v, ranks[i].dropped, rank, mark_opacity / 2);
            draw_starts(page, v, ranks[i].starts, rank, mark_opacity);
        }
    for (const auto& line : what.lines)
        draw_line(page, v, line);
}

std::string starts_name(const rank_study& what)
{
    const bool some_dropped =
        std::ranges::any_of(what.ranks, [](const at_rank& r) { return !r.dropped.empty(); });
    return std::string("each start") + (what.is_polished ? ", on compressed data" : "") +
           (some_dropped ? " (pale: dropped early)" : "");
}

/// In one row: a sample of each line and its name.
void draw_legend(canvas& page, const chart& what, point at)
{
    const text_style style{.size = 9, .ink = axis_ink};
    const auto entry = [&](const std::string& name)
    {
        page.text({at.x, at.y}, name, style);
        at.x += page.text_width(name, style) + 16;
    };
    if (what.with_starts)
    {
        page.dot({at.x + 3, at.y - 3}, mark_radius, mark_ink, 2 * mark_opacity);
        at.x += 10;
        entry(starts_name(*what.study));
    }
    for (const auto& line : what.lines)
    {
        const box sample{at.x, at.y - 8, 24, 10};
        page.curve({{at.x, at.y - 3}, {at.x + 24, at.y - 3}}, sample, line.ink, 1.3, 1, line.dash);
        page.dot({at.x + 12, at.y - 3}, line.radius, line.ink);
        at.x += 29;
        entry(line.name);
    }
}

void draw(const std::filesystem::path& path, const chart& what)
{
    constexpr double width = 560, height = 300, top = 64, left = 70, between = 60, right = 24;
    const std::size_t last_ranks = plateau(*what.study);
    const bool two = last_ranks < what.study->ranks.size();
    const box whole{left, top, two ? 400 : width, height};
    const box end{whole.right() + between, top, 400, height};
    canvas page(path, (two ? end.right() : whole.right()) + right, top + height + 42);
    text_style title{.size = 13, .bold = true};
    while (title.size > 6 && page.text_width(what.study->title, title) > whole.width + right)
        title.size -= 0.5;
    page.text({left, 24}, what.study->title, title);
    draw_legend(page, what, {left, 45});
    draw_view(page, what, make_view(what, whole, 0));
    if (two)
        draw_view(page, what, make_view(what, end, last_ranks));
    page.text({16, top + height / 2}, what.study->quantity,
              {.size = 10, .side = align::centre, .upwards = true});
    page.save();
}

std::vector<point> points_of(const rank_study& what, double at_rank::*value)
{
    std::vector<point> out;
    for (const auto& r : what.ranks)
        out.push_back({static_cast<double>(r.rank), r.*value});
    return out;
}

series minimum_of(const rank_study& what)
{
    return {.name = what.name + (what.is_polished ? "minimum (best start, polished)" : "minimum"),
            .values = points_of(what, &at_rank::minimum),
            .ink = minimum_ink};
}

/// In inks of their own, as many as there are, then again.
std::vector<series> others_of(const rank_study& what)
{
    std::vector<series> out;
    for (const auto& other : what.others)
    {
        auto& line = out.emplace_back();
        line.name = other.name;
        line.ink = other_inks[(out.size() - 1) % std::size(other_inks)];
        for (std::size_t i = 0; i < other.ranks.size(); ++i)
            line.values.push_back({static_cast<double>(other.ranks[i]), other.values[i]});
    }
    return out;
}
}

void draw_mse_scatter(const std::filesystem::path& path, const rank_study& what)
{
    draw(path, {.study = &what,
                .lines = {minimum_of(what),
                          {.name = "mean of the starts",
                           .values = points_of(what, &at_rank::mean),
                           .ink = mean_ink,
                           .dash = 4,
                           .radius = 0}},
                .with_starts = true});
}

void draw_mse_pca(const std::filesystem::path& path, const rank_study& what)
{
    chart pca{.study = &what, .lines = others_of(what), .with_crossing = true};
    pca.lines.push_back(minimum_of(what));
    if (std::ranges::any_of(what.ranks,
                            [](const at_rank& r) { return std::isfinite(r.scaled_pca); }))
        pca.lines.push_back({.name = "PCA scaled for counts",
                             .values = points_of(what, &at_rank::scaled_pca),
                             .ink = counts_ink,
                             .radius = 2});
    pca.lines.push_back({.name = "PCA (least squares: lower bound)",
                         .values = points_of(what, &at_rank::pca),
                         .ink = pca_ink,
                         .dash = 3,
                         .radius = 1.5});
    draw(path, pca);
}
}
