// SPDX-License-Identifier: BSD-3-Clause
#include "relevances.hpp"
#include "axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <xunmix/core/error.hpp>

namespace unmix
{
namespace
{
constexpr box plot{70, 62, 466, 280};
constexpr double page_width = 580, page_height = 384;
constexpr colour dead_ink{0.62, 0.62, 0.62};

using trace = std::vector<std::vector<double>>;

void check(const trace& values)
{
    using xunmix::detail::require;
    require<xunmix::invalid_argument>(!values.empty() && !values.front().empty(),
                                      "there are no relevances to draw: the trace has ",
                                      values.size(), " iterations; pass it to factorize by name");
    for (const auto& line : values)
        require<xunmix::invalid_argument>(line.size() == values.front().size(),
                                          "the relevances of one picture are of one run; got ",
                                          values.front().size(), " components, then ", line.size());
}

/// What each component has in the end; 0 for what is not finite.
std::vector<double> last_of(const trace& values)
{
    std::vector<double> last = values.back();
    std::ranges::replace_if(
        last, [](double v) { return !std::isfinite(v); }, 0.0);
    return last;
}

/// From the highest down to the lowest that lives, and at least two decades further; five decades
/// at most.
display_range relevance_range(const trace& values, double dead_below)
{
    double high = 0;
    for (const auto& line : values)
        for (const double v : line)
            high = std::isfinite(v) ? std::max(high, v) : high;
    high = high > 0 ? 2 * high : 1;
    const double largest = std::ranges::max(last_of(values));
    const double low = std::clamp(dead_below * largest / 3, 1e-5 * high, 1e-2 * high);
    return {.low = low, .high = high, .scale = display::logarithmic};
}

/// Of one component; below the picture where its relevance is.
std::vector<point> points_of(const trace& values, std::size_t component,
                             const display_range& iterations, const display_range& up)
{
    std::vector<point> points;
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        const double v = values[i][component];
        points.push_back(
            {plot.x + iterations.place(static_cast<double>(i + 1)) * plot.width,
             v > up.low ? plot.bottom() - up.place(v) * plot.height : plot.bottom() + 4});
    }
    return points;
}

/// Number `i` of `count` colours that can be told apart on white.
colour ink_of(std::size_t i, std::size_t count)
{
    return viridis(count > 1 ? 0.85 * static_cast<double>(i) / static_cast<double>(count - 1)
                             : 0.3);
}

/// Components by their last relevance, the largest first.
std::vector<std::size_t> order_of(const std::vector<double>& last)
{
    std::vector<std::size_t> order(last.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order,
                             [&](std::size_t a, std::size_t b) { return last[a] > last[b]; });
    return order;
}

/// The numbers 1, 2, ... at the right ends of their lines, moved apart where those are too close.
void draw_numbers(canvas& page, const std::vector<point>& ends, std::size_t count)
{
    double last = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < ends.size(); ++i)
    {
        last = std::max(ends[i].y + 3, last + 10);
        page.text({ends[i].x + 6, last}, fmt::to_string(i + 1),
                  {.size = 9, .bold = true, .ink = ink_of(i, count)});
    }
}
}

void draw_relevances(const std::filesystem::path& path, const relevances& what)
{
    check(what.trace);
    const auto last = last_of(what.trace);
    const auto order = order_of(last);
    const auto alive = static_cast<std::size_t>(std::ranges::count_if(
        last, [&](double v) { return v > 0 && v >= what.dead_below * last[order.front()]; }));
    const display_range up = relevance_range(what.trace, what.dead_below);
    const display_range iterations{
        .low = 1, .high = static_cast<double>(std::max<std::size_t>(what.trace.size(), 2))};

    canvas page(path, page_width, page_height);
    page.text({plot.x, 24}, what.title, {.size = 13, .bold = true});
    page.text({plot.x, 44},
              fmt::format("{} of {} components stay; grey: those that die out", alive, last.size()),
              {.size = 9.5, .ink = axis_ink});
    draw_x_axis(page, plot, iterations, "iteration", true);
    draw_y_axis(page, plot, up, 6);
    page.text({16, plot.y + plot.height / 2}, "relevance: mean of the map",
              {.size = 10, .side = align::centre, .upwards = true});
    std::vector<point> ends;
    for (std::size_t i = order.size(); i-- > 0;)
    {
        const auto points = points_of(what.trace, order[i], iterations, up);
        page.curve(points, plot, i < alive ? ink_of(i, alive) : dead_ink, i < alive ? 1.8 : 1);
        if (i < alive)
            ends.insert(ends.begin(), points.back());
    }
    draw_numbers(page, ends, alive);
    page.save();
}
}
