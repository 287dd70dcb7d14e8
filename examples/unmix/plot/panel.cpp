// SPDX-License-Identifier: BSD-3-Clause
#include "panel.hpp"

#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace unmix
{
namespace
{
constexpr colour curve_ink{0.12, 0.32, 0.53};

std::vector<double> finite_values(const std::vector<double>& values, double above)
{
    std::vector<double> kept;
    std::ranges::copy_if(values, std::back_inserter(kept),
                         [above](double v) { return std::isfinite(v) && v > above; });
    return kept;
}

/// Of values that it reorders; `fraction` from 0 to 1. 0 where there are none.
double percentile(std::vector<double>& values, double fraction)
{
    if (values.empty())
        return 0;
    const double place = fraction * static_cast<double>(values.size() - 1);
    const auto at = values.begin() + std::lround(place);
    std::ranges::nth_element(values, at);
    return *at;
}

/// Where index i of the axis lies; the index itself where the axis has no steps.
double coordinate(const xunmix::axis& along, std::size_t i)
{
    const bool known = along.scale != 0 || !along.values.empty();
    return known ? along.at(i) : static_cast<double>(i);
}

std::string axis_label(const xunmix::axis& along, const std::string& fallback)
{
    const std::string name = along.name.empty() ? fallback : along.name;
    return along.units.empty() ? name : name + " (" + along.units + ")";
}

/// Tensors of more than two axes: their images side by side, in a grid near to a square.
struct tiling
{
    std::size_t count = 1;
    std::size_t across = 1;
    std::size_t rows = 1;
    std::size_t cols = 1;

    [[nodiscard]] std::size_t down() const
    {
        return (count + across - 1) / across;
    }
};

constexpr std::size_t gap = 1; ///< pixels between tiles

tiling tile(const std::vector<std::size_t>& shape)
{
    tiling grid{.rows = shape[shape.size() - 2], .cols = shape[shape.size() - 1]};
    for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis)
        grid.count *= shape[axis];
    const auto ideal = std::sqrt(static_cast<double>(grid.count * grid.rows) /
                                 static_cast<double>(std::max<std::size_t>(grid.cols, 1)));
    grid.across = std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(ideal)), 1,
                                          std::max<std::size_t>(grid.count, 1));
    return grid;
}

std::vector<double> tiled(const double* values, const tiling& grid)
{
    const std::size_t width = grid.across * (grid.cols + gap) - gap;
    const std::size_t height = grid.down() * (grid.rows + gap) - gap;
    std::vector<double> image(width * height, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t t = 0; t < grid.count; ++t)
        for (std::size_t r = 0; r < grid.rows; ++r)
        {
            const std::size_t y = t / grid.across * (grid.rows + gap) + r;
            const std::size_t x = t % grid.across * (grid.cols + gap);
            std::copy_n(values + (t * grid.rows + r) * grid.cols, grid.cols,
                        image.data() + y * width + x);
        }
    return image;
}

/// Width over height of one pixel: from the axes where both have the same units, else 1.
double pixel_aspect(const std::vector<xunmix::axis>& axes)
{
    if (axes.size() < 2)
        return 1;
    const xunmix::axis& y = axes[axes.size() - 2];
    const xunmix::axis& x = axes[axes.size() - 1];
    const double ratio = std::abs(x.scale / y.scale);
    const bool comparable = y.units == x.units && !y.units.empty() && std::isfinite(ratio);
    return comparable && ratio > 0 ? ratio : 1;
}

/// The length in round numbers that fills up to a third of the image's width.
void draw_scale_bar(canvas& page, const panels& set, const box& where)
{
    const double step = std::abs(set.along.scale);
    if (set.along.units.empty() || step == 0 || where.width < 60 || where.height < 50)
        return;
    const double unit = where.width / (step * static_cast<double>(set.cols));
    const double length = round_down(where.width / 3 / unit);
    const text_style style{.size = small_text, .ink = {1, 1, 1}, .side = align::centre};
    const std::string label = short_number(length) + " " + set.along.units;
    const double width = std::max(length * unit, page.text_width(label, style)) + 8;
    const box plate{where.right() - width - 4, where.bottom() - 23, width, 19};
    page.fill(plate, {0, 0, 0}, 0.55);
    const double middle = plate.x + width / 2;
    page.text({middle, plate.y + 10}, label, style);
    page.fill({middle - length * unit / 2, plate.y + 13.5, length * unit, 2}, {1, 1, 1});
}
}

display choose_display(const std::vector<std::vector<double>>& factors, bool are_curves)
{
    std::vector<double> ratios;
    for (const auto& values : factors)
    {
        std::vector<double> positive = finite_values(values, 0);
        const double typical = percentile(positive, 0.95);
        if (typical > 0)
            ratios.push_back(std::ranges::max(positive) / typical);
    }
    const double ratio = percentile(ratios, 0.5);
    if (are_curves)
        return ratio > 30 ? display::square_root : display::linear;
    return ratio > 60 ? display::logarithmic : ratio > 6 ? display::square_root : display::linear;
}

display_range image_range(const std::vector<double>& values, display scale)
{
    std::vector<double> seen = finite_values(values, -std::numeric_limits<double>::infinity());
    if (seen.empty())
        return {};
    const auto [least, most] = std::ranges::minmax(seen);
    if (most <= 0)
        scale = display::linear;
    const double least_high = most / (scale == display::linear        ? 4
                                      : scale == display::square_root ? 16
                                                                      : 100);
    const double high = most > 0 ? std::max(percentile(seen, 0.998), least_high) : most;
    if (scale == display::logarithmic)
    {
        std::vector<double> positive = finite_values(values, 0);
        return {std::clamp(percentile(positive, 0.05), 1e-3 * high, 1e-1 * high), high, scale};
    }
    if (scale == display::linear && (least < 0 || least > 0.5 * high))
        return {percentile(seen, 0.002), high, scale};
    return {0, high, scale};
}

display_range curve_range(const std::vector<double>& values, display scale)
{
    const std::vector<double> seen =
        finite_values(values, -std::numeric_limits<double>::infinity());
    if (seen.empty())
        return {};
    const auto [least, most] = std::ranges::minmax(seen);
    if (scale == display::logarithmic && most > 0)
        return image_range(values, scale);
    const double extent = std::max(most, 0.0) - std::min(least, 0.0);
    const double margin = extent > 0 ? 0.06 * extent : 0.5;
    const double low = scale == display::linear && least < 0 ? least - margin : 0;
    const double high = std::max(most, 0.0) + margin;
    return {low, high, scale == display::square_root ? scale : display::linear};
}

panels make_panels(const xunmix::tensor<double>& factors, const std::vector<xunmix::axis>& axes,
                   display scale, colour_map colours)
{
    const std::vector<std::size_t> shape(factors.shape().begin() + 1, factors.shape().end());
    const std::size_t count = factors.shape()[0];
    const std::size_t size = count > 0 ? factors.size() / count : 0;
    panels set{.colours = colours};
    if (axes.size() == shape.size() && !axes.empty())
        set.along = axes.back();
    const tiling grid = shape.size() > 1 ? tile(shape) : tiling{};
    if (shape.size() > 1)
    {
        set.rows = grid.down() * (grid.rows + gap) - gap;
        set.cols = grid.across * (grid.cols + gap) - gap;
        set.aspect =
            pixel_aspect(axes) * static_cast<double>(set.cols) / static_cast<double>(set.rows);
    }
    for (std::size_t i = 0; i < count; ++i)
    {
        const double* const first = factors.data() + i * size;
        set.values.push_back(set.is_curve() ? std::vector<double>(first, first + size)
                                            : tiled(first, grid));
    }
    const display chosen = choose_display(set.values, set.is_curve());
    set.scale = scale == display::automatic ? chosen : scale;
    for (const auto& values : set.values)
        set.ranges.push_back(set.is_curve() ? curve_range(values, set.scale)
                                            : image_range(values, set.scale));
    return set;
}

void draw_image(canvas& page, const panels& set, std::size_t index, const box& where,
                bool with_scale_bar)
{
    const display_range& range = set.ranges[index];
    raster shades{.rows = set.rows, .cols = set.cols};
    for (const double value : set.values[index])
        shades.values.push_back(range.place(value));
    page.image(shades, where, set.colours);
    page.frame(where, {0.5, 0.5, 0.5}, 0.5);
    if (with_scale_bar)
        draw_scale_bar(page, set, where);
    const std::string text = short_number(range.low) + " – " + short_number(range.high);
    text_style style{.size = small_text, .ink = {1, 1, 1}};
    const double width = page.text_width(text, style);
    if (where.width >= width + 14 && where.height >= 28)
    {
        page.fill({where.x + 4, where.y + 4, width + 6, 12.5}, {0, 0, 0}, 0.55);
        page.text({where.x + 7, where.y + 13.3}, text, style);
        return;
    }
    style = {.size = small_text, .ink = axis_ink, .side = align::centre};
    page.text({where.x + where.width / 2, where.bottom() + 11}, text, style);
}

void draw_curve(canvas& page, const panels& set, std::size_t index, const box& where,
                bool with_x_labels, const std::string& x_name)
{
    const std::vector<double>& values = set.values[index];
    const display_range& range = set.ranges[index];
    const double first = coordinate(set.along, 0);
    const double last = coordinate(set.along, values.empty() ? 0 : values.size() - 1);
    const display_range across{.low = std::min(first, last), .high = std::max(first, last)};
    std::vector<point> points;
    for (std::size_t i = 0; i < values.size(); ++i)
        points.push_back({where.x + across.place(coordinate(set.along, i)) * where.width,
                          where.bottom() - range.place(values[i]) * where.height});
    const double zero = where.bottom() - range.place(std::max(range.low, 0.0)) * where.height;
    page.area(points, where, zero, curve_ink, 0.15);
    if (range.low < 0)
        page.line({where.x, zero}, {where.right(), zero}, axis_ink, 0.4);
    page.curve(points, where, curve_ink, 0.9);
    if (points.size() <= 40)
        for (const point& p : points)
            if (!std::isnan(p.y))
                page.dot(p, 1.8, curve_ink);
    draw_x_axis(page, where, across, axis_label(set.along, x_name), with_x_labels);
    draw_y_axis(page, where, range, std::max(2, static_cast<int>(where.height / 32)));
}
}
