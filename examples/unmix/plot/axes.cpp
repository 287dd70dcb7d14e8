// SPDX-License-Identifier: BSD-3-Clause
#include "axes.hpp"

#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace unmix
{
namespace
{
/// 2 to 9 times each power of ten, on a logarithmic scale of few decades.
std::vector<double> minor_ticks(const display_range& range)
{
    std::vector<double> ticks;
    if (range.scale != display::logarithmic || range.high > 1e6 * range.low)
        return ticks;
    for (double power = std::pow(10.0, std::floor(std::log10(range.low))); power < range.high;
         power *= 10)
        for (int factor = 2; factor < 10; ++factor)
            if (const double tick = factor * power; tick >= range.low && tick <= range.high)
                ticks.push_back(tick);
    return ticks;
}

/// Labels are empty where there are none.
void draw_ticks_below(canvas& page, const box& where, const display_range& range,
                      const std::vector<double>& ticks, const std::vector<std::string>& labels)
{
    page.line({where.x, where.bottom()}, {where.right(), where.bottom()}, axis_ink, 0.8);
    for (std::size_t i = 0; i < ticks.size(); ++i)
    {
        const double x = where.x + range.place(ticks[i]) * where.width;
        page.line({x, where.bottom()}, {x, where.bottom() + 3}, axis_ink, 0.8);
        if (!labels.empty())
            page.text({x, where.bottom() + 13}, labels[i],
                      {.size = small_text, .ink = axis_ink, .side = align::centre});
    }
}

void draw_label_below(canvas& page, const box& where, const std::string& label)
{
    page.text({where.x + where.width / 2, where.bottom() + 27}, label,
              {.size = 10, .side = align::centre});
}
}

std::string display_name(display scale)
{
    return scale == display::logarithmic   ? "logarithmic"
           : scale == display::square_root ? "square-root"
                                           : "linear";
}

double display_range::place(double value) const
{
    const auto spread = [this](double v)
    {
        if (scale == display::logarithmic)
            return std::log10(std::max(v, low));
        return scale == display::square_root ? std::sqrt(std::max(v, 0.0)) : v;
    };
    const double extent = spread(high) - spread(low);
    if (std::isnan(value) || !(extent > 0))
        return std::isnan(value) ? value : 0;
    return (spread(value) - spread(low)) / extent;
}

std::vector<double> ticks_of(const display_range& range, int count)
{
    if (range.scale == display::logarithmic)
        return logarithmic_ticks(range.low, range.high, count);
    if (range.scale == display::linear)
        return linear_ticks(range.low, range.high, count);
    std::vector<double> ticks{0};
    for (const double tick : linear_ticks(0, range.high, 10))
        if (range.place(tick) - range.place(ticks.back()) > 0.9 / count)
            ticks.push_back(tick);
    return ticks;
}

display_range axis_range(const std::vector<double>& values, double most)
{
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const double value : values)
        if (std::isfinite(value))
        {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    if (!(low <= high))
        return {};
    if (low > 0 && high > most * low)
    {
        const double margin = std::pow(high / low, 0.04);
        return {low / margin, high * margin, display::logarithmic};
    }
    const double extent = is_resolved(low, high) ? high - low : std::max(std::abs(high), 1e-300);
    return {low - 0.04 * extent, high + 0.04 * extent, display::linear};
}

display_range positive_axis_range(std::vector<double> values)
{
    if (std::ranges::any_of(values, [](double v) { return v > 0; }))
        std::erase_if(values, [](double v) { return v <= 0; });
    return axis_range(values, 10);
}

void draw_x_axis(canvas& page, const box& where, const display_range& range,
                 const std::string& label, bool with_labels)
{
    const auto ticks = ticks_of(range, std::max(2, static_cast<int>(where.width / 55)));
    for (const double tick : minor_ticks(range))
    {
        const double x = where.x + range.place(tick) * where.width;
        page.line({x, where.bottom()}, {x, where.bottom() + 1.8}, axis_ink, 0.6);
    }
    draw_ticks_below(page, where, range, ticks,
                     with_labels ? tick_labels(ticks) : std::vector<std::string>());
    if (with_labels)
        draw_label_below(page, where, label);
}

void draw_counting_axis(canvas& page, const box& where, const display_range& range,
                        const std::string& label)
{
    const double most = std::max(1.0, where.width / 24);
    const double step = std::ceil(std::max(1.0, (range.high - range.low) / most));
    std::vector<double> ticks;
    for (double tick = std::ceil(range.low); tick <= range.high; tick += step)
        ticks.push_back(tick);
    draw_ticks_below(page, where, range, ticks, tick_labels(ticks));
    draw_label_below(page, where, label);
}

void draw_y_axis(canvas& page, const box& where, const display_range& range, int count)
{
    const auto ticks = ticks_of(range, count);
    const auto labels = tick_labels(ticks, range.scale == display::logarithmic);
    page.line({where.x, where.y}, {where.x, where.bottom()}, axis_ink, 0.8);
    for (const double tick : minor_ticks(range))
    {
        const double y = where.bottom() - range.place(tick) * where.height;
        page.line({where.x - 1.8, y}, {where.x, y}, axis_ink, 0.6);
    }
    for (std::size_t i = 0; i < ticks.size(); ++i)
    {
        const double y = where.bottom() - range.place(ticks[i]) * where.height;
        page.line({where.x - 3, y}, {where.x, y}, axis_ink, 0.8);
        page.text({where.x - 5, y + 3}, labels[i],
                  {.size = small_text, .ink = axis_ink, .side = align::right});
    }
}
}
