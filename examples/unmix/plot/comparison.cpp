// SPDX-License-Identifier: BSD-3-Clause
#include "comparison.hpp"
#include "panel.hpp"

#include <algorithm>
#include <span>

#include <xunmix/compare/agreement.hpp>
#include <xunmix/core/error.hpp>

namespace unmix
{
namespace
{
constexpr colour true_ink{0.45, 0.45, 0.45};
constexpr colour found_ink{0.80, 0.25, 0.15};
constexpr double left = 134, top = 66, width = 190, height = 96;
constexpr double to_map = 8, to_phase = 26, to_row = 12, margin = 18, below = 40;

double map_width(const comparison& what)
{
    const auto& shape = what.truth.maps.shape();
    return height * static_cast<double>(shape[2]) / static_cast<double>(shape[1]);
}

/// Where the spectrum of a phase lies in a row, the truth being row 0.
box spectrum_box(const comparison& what, std::size_t row, std::size_t phase)
{
    const double across = width + to_map + map_width(what) + to_phase;
    return {left + static_cast<double>(phase) * across,
            top + static_cast<double>(row) * (height + to_row), width, height};
}

void check(const comparison& what)
{
    using xunmix::detail::require;
    using xunmix::detail::shape_text;
    const auto &s = what.truth.components.shape(), &c = what.truth.maps.shape();
    require<xunmix::invalid_argument>(
        s.size() == 2 && c.size() == 3 && s[0] == c[0] && s[0] == what.phases.size(),
        "a comparison needs spectra (k, channels), maps (k, y, x) and k names of phases, got ",
        shape_text(s), ", ", shape_text(c), " and ", what.phases.size(), " names");
    for (const auto& row : what.rows)
        require<xunmix::invalid_argument>(
            row.components.shape() == s && row.maps.shape() == c, "the components and maps of ",
            row.name, " must have the truth's shapes, ", shape_text(s), " and ", shape_text(c),
            ", got ", shape_text(row.components.shape()), " and ", shape_text(row.maps.shape()));
}

/// From zero to a little above the highest of a phase's spectra, or maps, in all rows.
display_range range_of(const comparison& what, std::size_t phase, bool are_maps)
{
    const auto highest = [&](const comparison::found& row)
    { return std::ranges::max(xunmix::slice(are_maps ? row.maps : row.components, phase)); };
    if (are_maps)
        return {.low = 0, .high = highest(what.truth)};
    double high = highest(what.truth);
    for (const auto& row : what.rows)
        high = std::max(high, highest(row));
    return {.low = 0, .high = 1.06 * high};
}

void draw_spectrum(canvas& page, const comparison& what, std::span<const double> values,
                   const box& where, const display_range& up, colour ink, double thick, double dash)
{
    const display_range across{.low = what.energy.at(0), .high = what.energy.at(values.size() - 1)};
    std::vector<point> points;
    for (std::size_t i = 0; i < values.size(); ++i)
        points.push_back({where.x + across.place(what.energy.at(i)) * where.width,
                          where.bottom() - up.place(values[i]) * where.height});
    page.curve(points, where, ink, thick, 1, dash);
    if (dash > 0)
        return;
    const std::string label = what.energy.name + " (" + what.energy.units + ")";
    const double last = spectrum_box(what, what.rows.size(), 0).y;
    draw_x_axis(page, where, across, label, where.y >= last);
    page.line({where.x, where.y}, {where.x, where.bottom()}, axis_ink, 0.8);
}

void draw_map(canvas& page, const comparison& what, std::span<const double> values,
              const box& where, double high)
{
    const auto& shape = what.truth.maps.shape();
    raster shades{.rows = shape[1], .cols = shape[2]};
    for (const double v : values)
        shades.values.push_back(v / high);
    page.image(shades, where, &viridis);
    page.frame(where, {0.5, 0.5, 0.5}, 0.5);
}

/// Row 0 is the truth.
void draw_row(canvas& page, const comparison& what, std::size_t row)
{
    const auto& shown = row == 0 ? what.truth : what.rows[row - 1];
    page.text({margin, spectrum_box(what, row, 0).y + height / 2}, shown.name,
              {.size = 10.5, .bold = true});
    for (std::size_t k = 0; k < what.phases.size(); ++k)
    {
        const box where = spectrum_box(what, row, k);
        const auto up = range_of(what, k, false);
        draw_spectrum(page, what, xunmix::slice(shown.components, k), where, up,
                      row == 0 ? true_ink : found_ink, 1.2, 0);
        if (row > 0)
            draw_spectrum(page, what, xunmix::slice(what.truth.components, k), where, up, true_ink,
                          1, 3);
        draw_map(page, what, xunmix::slice(shown.maps, k),
                 {where.right() + to_map, where.y, map_width(what), height},
                 range_of(what, k, true).high);
    }
}

void draw_key(canvas& page, point at)
{
    const text_style style{.size = 9, .ink = axis_ink};
    for (const bool is_true : {false, true})
    {
        const box sample{at.x, at.y - 8, 24, 10};
        page.curve({{at.x, at.y - 3}, {at.x + 24, at.y - 3}}, sample,
                   is_true ? true_ink : found_ink, 1.3, 1, is_true ? 3 : 0);
        const std::string name = is_true ? "truth" : "found";
        page.text({at.x + 29, at.y}, name, style);
        at.x += 29 + page.text_width(name, style) + 16;
    }
    page.text(at, "maps from 0 to the highest of the truth", style);
}
}

void draw_comparison(const std::filesystem::path& path, const comparison& what)
{
    check(what);
    const box last = spectrum_box(what, what.rows.size(), what.phases.size() - 1);
    canvas page(path, last.right() + to_map + map_width(what) + margin, last.bottom() + below);
    page.text({margin, 24}, what.title, {.size = 13, .bold = true});
    draw_key(page, {margin, 42});
    for (std::size_t k = 0; k < what.phases.size(); ++k)
        page.text({spectrum_box(what, 0, k).x, top - 6}, what.phases[k],
                  {.size = 10.5, .bold = true});
    for (std::size_t row = 0; row <= what.rows.size(); ++row)
        draw_row(page, what, row);
    page.save();
}
}
