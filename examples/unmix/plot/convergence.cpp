// SPDX-License-Identifier: BSD-3-Clause
#include "figure.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace unmix
{
namespace
{
constexpr double page_width = 560;
constexpr double page_height = 380;
constexpr box plot{70, 40, page_width - 70 - 24, page_height - 40 - 42};
constexpr colour best_ink{0.80, 0.25, 0.15};
constexpr colour other_ink{0.12, 0.32, 0.53};

/// Whether the best curve falls by nine tenths of its descent within a tenth of its iterations.
bool falls_early(const convergence& what)
{
    if (what.best >= what.curves.size() || what.curves[what.best].size() < 20)
        return false;
    const auto& values = what.curves[what.best];
    const double descent = values.front() - values.back();
    return values.front() - values[values.size() / 10] > 0.9 * descent && descent > 0;
}

display_range iteration_range(const convergence& what)
{
    std::size_t longest = 2;
    for (const auto& values : what.curves)
        longest = std::max(longest, values.size());
    const auto first = static_cast<double>(what.first_iteration);
    const bool logarithmic = first > 0 && falls_early(what);
    return {first, first + static_cast<double>(longest - 1),
            logarithmic ? display::logarithmic : display::linear};
}

/// At the upper right: which start is the best of how many, and the value it ends at.
void draw_key(canvas& page, const convergence& what)
{
    if (what.best >= what.curves.size() || what.curves[what.best].empty())
        return;
    const std::string best =
        what.curves.size() == 1
            ? ""
            : fmt::format("start {}, best of {}, ", what.best + 1, what.curves.size());
    const text_style style{.size = 9, .ink = axis_ink, .side = align::right};
    const std::string text = best + "ends at " + short_number(what.curves[what.best].back(), 4);
    page.text({plot.right(), plot.y + 4}, text, style);
    const double left = plot.right() - page.text_width(text, style) - 6;
    page.line({left - 20, plot.y + 1}, {left, plot.y + 1}, best_ink, 1.6);
}
}

void draw_convergence(const std::filesystem::path& path, const convergence& what)
{
    std::vector<double> all;
    for (const auto& values : what.curves)
        all.insert(all.end(), values.begin(), values.end());
    const display_range range = axis_range(all);
    const display_range iterations = iteration_range(what);
    canvas page(path, page_width, page_height);
    page.text({plot.x, 24}, what.title, {.size = 13, .bold = true});
    const auto draw = [&](std::size_t start, colour ink, double width, double opacity)
    {
        std::vector<point> points;
        const auto& values = what.curves[start];
        for (std::size_t i = 0; i < values.size(); ++i)
            points.push_back(
                {plot.x +
                     plot.width * iterations.place(static_cast<double>(i + what.first_iteration)),
                 std::isfinite(values[i]) ? plot.bottom() - plot.height * range.place(values[i])
                                          : std::numeric_limits<double>::quiet_NaN()});
        page.curve(points, plot, ink, width, opacity);
        return points;
    };
    for (std::size_t start = 0; start < what.curves.size(); ++start)
        if (start != what.best)
            draw(start, other_ink, 0.8, 0.35);
    if (what.best < what.curves.size())
        draw(what.best, best_ink, 1.6, 1);
    draw_x_axis(page, plot, iterations, "iteration", true);
    draw_y_axis(page, plot, range, 6);
    draw_key(page, what);
    page.text({16, plot.y + plot.height / 2}, what.quantity,
              {.size = 10, .side = align::centre, .upwards = true});
    page.save();
}
}
