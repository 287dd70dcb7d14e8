// SPDX-License-Identifier: BSD-3-Clause
#include "figure.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

namespace unmix
{
namespace
{
constexpr double page_margin = 18;
constexpr double header = 52;       ///< title and legend
constexpr double label_height = 15; ///< above a pair
constexpr double y_label_width = 38;
constexpr double x_label_height = 26;
constexpr double caption_height = 14; ///< below images too small for inset numbers

/// The sizes of one panel of a kind; `plot` is the image or the area within the axes.
struct panel_size
{
    double before = 0;
    double width = 0;
    double height = 0;

    [[nodiscard]] double whole() const
    {
        return before + width;
    }
};

/// Images keep their aspect within 1:8 and 8:1 and fit a frame 2.2 times as wide as high.
panel_size size_of(const panels& set, double row_height, double curve_width)
{
    if (set.is_curve())
        return {.before = y_label_width, .width = curve_width, .height = row_height};
    const double aspect = std::clamp(set.aspect, 1.0 / 8, 8.0);
    const double width = std::min(row_height * aspect, 2.2 * row_height);
    return {.before = 0, .width = width, .height = width / aspect};
}

/// How k pairs share the page.
struct layout
{
    std::size_t columns = 1;
    std::size_t rows = 1;
    bool downwards = false; ///< numbered down the columns, so that curves share an x axis
    panel_size component = {};
    panel_size map = {};
    double row_height = 0;
    double row_gap = 12;
    double bottom = 0; ///< below the last row, for x labels

    [[nodiscard]] double pair_width() const
    {
        return component.whole() + 8 + std::max(map.whole(), 60.0);
    }

    [[nodiscard]] double width() const
    {
        const auto count = static_cast<double>(columns);
        return std::ceil(
            std::max(2 * page_margin + count * pair_width() + (count - 1) * 26, 420.0));
    }

    [[nodiscard]] double height() const
    {
        const auto count = static_cast<double>(rows);
        const double body = count * (label_height + row_height + row_gap) - row_gap;
        return std::ceil(header + body + bottom + page_margin);
    }

    /// Upper left corner of pair i, its label included.
    [[nodiscard]] point corner(std::size_t i) const
    {
        const auto column = static_cast<double>(downwards ? i / rows : i % columns);
        const auto row = static_cast<double>(downwards ? i % rows : i / columns);
        const double content =
            static_cast<double>(columns) * (pair_width() + 26) - 26 + 2 * page_margin;
        const double indent = page_margin + (width() - content) / 2;
        return {indent + column * (pair_width() + 26),
                header + row * (label_height + row_height + row_gap)};
    }

    [[nodiscard]] bool ends_column(std::size_t i, std::size_t count) const
    {
        return i + 1 == count || (i + 1) % rows == 0;
    }
};

bool has_captions(const panels& set, const panel_size& size)
{
    return !set.is_curve() && (size.width < 80 || size.height < 28);
}

layout arrange(const panels& components, const panels& maps, std::size_t columns)
{
    const std::size_t count = components.values.size();
    const bool any_curve = components.is_curve() || maps.is_curve();
    const bool roomy = count <= 4;
    layout page{
        .columns = columns,
        .rows = (count + columns - 1) / columns,
        .downwards = any_curve,
    };
    page.row_height = any_curve ? (roomy ? 130 : 100) : (roomy ? 190 : 140);
    page.component = size_of(components, page.row_height, columns == 1 ? 430 : 330);
    page.map = size_of(maps, page.row_height, 220);
    if (!any_curve)
        page.row_height = std::max(page.component.height, page.map.height);
    if (has_captions(components, page.component) || has_captions(maps, page.map))
        page.row_gap += caption_height;
    page.bottom = any_curve ? x_label_height : page.row_gap - 12;
    if (any_curve)
        page.columns = (count + page.rows - 1) / page.rows;
    return page;
}

/// The number of columns that comes nearest to a page of 3:2 without many empty places.
layout best_layout(const panels& components, const panels& maps)
{
    const std::size_t count = components.values.size();
    layout best = arrange(components, maps, 1);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t columns = 1; columns <= std::min<std::size_t>(count, 6); ++columns)
    {
        const layout page = arrange(components, maps, columns);
        const auto places = static_cast<double>(page.columns * page.rows);
        const double cost = std::abs(std::log(page.width() / page.height() / 1.5)) +
                            0.5 * (places / static_cast<double>(count) - 1);
        if (cost < least)
        {
            least = cost;
            best = page;
        }
    }
    return best;
}

/// Shrunk to 9 points, then cut in the middle, until it fits.
void draw_title(canvas& page, point at, std::string title, double width)
{
    text_style style{.size = 13, .bold = true};
    while (style.size > 9 && page.text_width(title, style) > width)
        style.size -= 0.5;
    std::string shown = title;
    const auto is_inner = [](char byte)
    { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
    while (title.size() > 8 && page.text_width(shown, style) > width)
    {
        std::size_t middle = title.size() / 2;
        std::size_t end = middle + 1;
        while (middle > 0 && is_inner(title[middle]))
            --middle;
        while (end < title.size() && is_inner(title[end]))
            ++end;
        title.erase(middle, end - middle);
        std::size_t cut = title.size() / 2;
        while (cut > 0 && is_inner(title[cut]))
            --cut;
        shown = title.substr(0, cut) + "…" + title.substr(cut);
    }
    page.text(at, shown, style);
}

/// What the numbers of `set` look like, images with a colour bar; returns where the next may begin.
double draw_key(canvas& page, point at, const std::string& name, const panels& set)
{
    constexpr std::size_t steps = 64;
    raster ramp{.rows = 1, .cols = steps};
    for (std::size_t i = 0; i < steps; ++i)
        ramp.values.push_back(static_cast<double>(i) / (steps - 1));
    const box bar{at.x, at.y - 7.5, set.is_curve() ? -5.0 : 48.0, 8};
    if (!set.is_curve())
    {
        page.image(ramp, bar, set.colours);
        page.frame(bar, {0.5, 0.5, 0.5}, 0.5);
    }
    const std::string text = name + ", " + display_name(set.scale) + " scale";
    const text_style style{.size = 9, .ink = axis_ink};
    page.text({bar.right() + 5, at.y}, text, style);
    return bar.right() + 5 + page.text_width(text, style) + 20;
}

/// Where a panel's image or curve lies, in a place with its corner at `at`.
box panel_box(const panel_size& size, point at, double row_height)
{
    return {at.x + size.before, at.y + label_height + (row_height - size.height) / 2, size.width,
            size.height};
}

void draw_panel(canvas& page, const panels& set, std::size_t i, const panel_size& size, point at,
                double row_height, bool last_in_column, const std::string& x_name)
{
    const box where = panel_box(size, at, row_height);
    if (set.is_curve())
        draw_curve(page, set, i, where, last_in_column, x_name);
    else
        draw_image(page, set, i, where, i == 0);
}

/// Around the middle of a Fourier transform.
void draw_circle(canvas& page, const panels& set, const box& where, double radius)
{
    const auto middle = [](std::size_t n)
    { return (static_cast<double>(n / 2) + 0.5) / static_cast<double>(n); };
    const point centre{where.x + middle(set.cols) * where.width,
                       where.y + middle(set.rows) * where.height};
    constexpr int corners = 120;
    std::vector<point> points;
    for (int i = 0; i <= corners; ++i)
    {
        const double angle = 2 * std::numbers::pi * i / corners;
        points.push_back({centre.x + radius * where.width * std::cos(angle),
                          centre.y + radius * where.width * std::sin(angle)});
    }
    page.curve(points, where, {1, 1, 1}, 1);
}
}

void draw_montage(const std::filesystem::path& path, const montage& what)
{
    using xunmix::detail::shape_text;
    const auto& shape = what.components.shape();
    const auto& map_shape = what.maps.shape();
    xunmix::detail::require<xunmix::invalid_argument>(
        shape.size() > 1 && map_shape.size() > 1 && shape[0] == map_shape[0] &&
            what.components.size() > 0 && what.maps.size() > 0,
        "a montage needs components (k, channels...) and maps (k, positions...) of one k; given ",
        shape_text(shape), " and ", shape_text(map_shape));
    const panels components = make_panels(what.components, what.channel_axes,
                                          what.component_display, what.component_colours);
    const panels maps = make_panels(what.maps, what.position_axes, what.map_display, &viridis);
    const layout grid = best_layout(components, maps);
    canvas page(path, grid.width(), grid.height());
    draw_title(page, {page_margin, 24}, what.title, grid.width() - 2 * page_margin);
    const double next = draw_key(page, {page_margin, 41}, what.component_name, components);
    draw_key(page, {next, 41}, what.map_name, maps);
    const std::size_t count = components.values.size();
    for (std::size_t i = 0; i < count; ++i)
    {
        const point at = grid.corner(i);
        const bool last = grid.ends_column(i, count);
        const std::string label = i < what.labels.size() ? what.labels[i] : fmt::to_string(i + 1);
        page.text({at.x + grid.component.before, at.y + 10}, label, {.size = 10.5, .bold = true});
        draw_panel(page, components, i, grid.component, at, grid.row_height, last, "channel");
        const point beside{at.x + grid.component.whole() + 8, at.y};
        draw_panel(page, maps, i, grid.map, beside, grid.row_height, last, "position");
        if (what.map_circle > 0 && !maps.is_curve())
            draw_circle(page, maps, panel_box(grid.map, beside, grid.row_height), what.map_circle);
    }
    page.save();
}
}
