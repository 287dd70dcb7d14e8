// SPDX-License-Identifier: BSD-3-Clause
#include "figure.hpp"

namespace unmix
{
namespace
{
constexpr colour ink{0.12, 0.32, 0.53};
constexpr double left = 70, top = 52, width = 400, height = 280, between = 90;

/// Values above zero against their numbers, from `first` on.
void draw_panel(canvas& page, const box& where, const std::vector<double>& values,
                std::size_t first, const std::string& x_name, const std::string& y_name)
{
    const display_range up = positive_axis_range(values);
    const display_range across{.low = static_cast<double>(first) - 0.5,
                               .high = static_cast<double>(first + values.size()) - 0.5};
    std::vector<point> points;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] > 0)
            points.push_back({where.x + across.place(static_cast<double>(first + i)) * where.width,
                              where.bottom() - up.place(values[i]) * where.height});
    draw_counting_axis(page, where, across, x_name);
    draw_y_axis(page, where, up, 6);
    page.curve(points, where, ink, 1.2);
    for (const point& p : points)
        page.dot(p, 2.4, ink);
    page.text({where.x - 54, where.y + where.height / 2}, y_name,
              {.size = 10, .side = align::centre, .upwards = true});
}
}

void draw_scree(const std::filesystem::path& path, const scree& what)
{
    const box first{left, top, width, height}, second{first.right() + between, top, width, height};
    canvas page(path, second.right() + 24, top + height + 42);
    page.text({left, 24}, what.title, {.size = 13, .bold = true});
    draw_panel(page, first, what.variances, 1, "component", "variance");
    draw_panel(page, second, what.mse, 0, "number of components", what.quantity);
    page.save();
}
}
