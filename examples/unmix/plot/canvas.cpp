// SPDX-License-Identifier: BSD-3-Clause
#include "canvas.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <cairo-svg.h>

namespace unmix
{
namespace
{
/// Pixels per unit of length: two, fewer on pages so large that they would take 20 million pixels
/// or more than Cairo has on a side.
double resolution_of(double width, double height)
{
    constexpr double most = 20e6, most_on_a_side = 32000;
    return std::min(
        {2.0, std::sqrt(most / (width * height)), most_on_a_side / std::max(width, height)});
}

/// The part [begin, end) of a row of `from` source pixels below target pixel `i` of `to`.
struct span
{
    std::size_t begin;
    std::size_t end;
};

span source_span(std::size_t i, std::size_t from, std::size_t to)
{
    const double ratio = static_cast<double>(from) / static_cast<double>(to);
    const auto place = static_cast<double>(i);
    if (ratio <= 1)
    {
        const auto nearest = std::min(static_cast<std::size_t>((place + 0.5) * ratio), from - 1);
        return {nearest, nearest + 1};
    }
    const auto begin = std::min(static_cast<std::size_t>(place * ratio), from - 1);
    const auto end = static_cast<std::size_t>(std::ceil((place + 1) * ratio - 1e-9));
    return {begin, std::clamp(end, begin + 1, from)};
}

/// The mean of what is there; NaN where nothing is.
double mean(const raster& source, span rows, span cols)
{
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t r = rows.begin; r < rows.end; ++r)
        for (std::size_t c = cols.begin; c < cols.end; ++c)
            if (const double value = source.values[r * source.cols + c]; !std::isnan(value))
            {
                sum += value;
                ++count;
            }
    return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

/// The points of a curve that can be told from each other: of those in a row within one pixel's
/// width the first, the highest, the lowest and the last. Cairo's time grows with the square of the
/// points that it draws on top of each other.
std::vector<point> distinct(const std::vector<point>& points, double resolution)
{
    const auto pixel = [=](const point& p) { return std::floor(resolution * p.x); };
    const auto seen = [](const point& p) { return std::isfinite(p.x) && std::isfinite(p.y); };
    std::vector<point> kept;
    for (auto first = points.begin(); first != points.end();)
    {
        auto last = first + 1;
        if (seen(*first))
            last =
                std::find_if(last, points.end(),
                             [&](const point& p) { return !seen(p) || pixel(p) != pixel(*first); });
        auto [high, low] = std::minmax_element(
            first, last, [](const point& a, const point& b) { return a.y < b.y; });
        if (low < high)
            std::swap(low, high);
        kept.push_back(*first);
        for (const auto next : {high, low, last - 1})
            if (next != first && (next->x != kept.back().x || next->y != kept.back().y))
                kept.push_back(*next);
        first = last;
    }
    return kept;
}

std::uint32_t packed(colour c)
{
    const auto part = [](double v) { return static_cast<std::uint32_t>(std::lround(255 * v)); };
    return part(c.red) << 16 | part(c.green) << 8 | part(c.blue);
}

cairo_surface_t* make_surface(const std::filesystem::path& file, bool svg, double width,
                              double height, double resolution)
{
    if (svg)
        return cairo_svg_surface_create(file.c_str(), width, height);
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                      static_cast<int>(std::ceil(resolution * width)),
                                      static_cast<int>(std::ceil(resolution * height)));
}
}

canvas::canvas(const std::filesystem::path& path, double width, double height)
    : path_(path)
    , file_(path)
    , resolution_(resolution_of(width, height))
    , surface_(make_surface(file_.temporary(), is_svg(), width, height, resolution_),
               &cairo_surface_destroy)
    , context_(cairo_create(surface_.get()), &cairo_destroy)
{
    check(cairo_surface_status(surface_.get()));
    if (!is_svg())
        cairo_scale(context_.get(), resolution_, resolution_);
    fill({0, 0, width, height}, {1, 1, 1});
    cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
}

bool canvas::is_svg() const
{
    return path_.extension() == ".svg";
}

void canvas::check(cairo_status_t status) const
{
    const char* const reason = status == CAIRO_STATUS_WRITE_ERROR && errno != 0
                                   ? std::strerror(errno)
                                   : cairo_status_to_string(status);
    xunmix::detail::require<xunmix::io_error>(status == CAIRO_STATUS_SUCCESS, "cannot write '",
                                              path_.string(), "': ", reason);
}

void canvas::choose_font(const text_style& style)
{
    cairo_select_font_face(context_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(context_.get(), style.size);
}

double canvas::text_width(const std::string& words, const text_style& style)
{
    choose_font(style);
    cairo_text_extents_t extents{};
    cairo_text_extents(context_.get(), words.c_str(), &extents);
    return extents.x_advance;
}

void canvas::text(point at, const std::string& words, const text_style& style)
{
    const double width = text_width(words, style);
    const double before = style.side == align::left    ? 0
                          : style.side == align::right ? width
                                                       : width / 2;
    cairo_t* const cr = context_.get();
    cairo_save(cr);
    cairo_translate(cr, at.x, at.y);
    if (style.upwards)
        cairo_rotate(cr, -std::acos(0.0));
    cairo_move_to(cr, -before, 0);
    cairo_set_source_rgb(cr, style.ink.red, style.ink.green, style.ink.blue);
    cairo_show_text(cr, words.c_str());
    cairo_restore(cr);
}

void canvas::line(point from, point to, colour ink, double width)
{
    cairo_t* const cr = context_.get();
    cairo_new_path(cr);
    cairo_move_to(cr, from.x, from.y);
    cairo_line_to(cr, to.x, to.y);
    cairo_set_source_rgb(cr, ink.red, ink.green, ink.blue);
    cairo_set_line_width(cr, width);
    cairo_stroke(cr);
}

void canvas::trace(const std::vector<point>& points)
{
    cairo_t* const cr = context_.get();
    cairo_new_path(cr);
    bool pen_down = false;
    for (const point& p : distinct(points, resolution_))
    {
        const bool seen = std::isfinite(p.x) && std::isfinite(p.y);
        if (seen && pen_down)
            cairo_line_to(cr, p.x, p.y);
        else if (seen)
            cairo_move_to(cr, p.x, p.y);
        pen_down = seen;
    }
}

void canvas::curve(const std::vector<point>& points, const box& within, colour ink, double width,
                   double opacity, double dash)
{
    cairo_t* const cr = context_.get();
    cairo_save(cr);
    cairo_rectangle(cr, within.x - width, within.y - width, within.width + 2 * width,
                    within.height + 2 * width);
    cairo_clip(cr);
    trace(points);
    cairo_set_source_rgba(cr, ink.red, ink.green, ink.blue, opacity);
    cairo_set_line_width(cr, width);
    cairo_set_dash(cr, &dash, dash > 0 ? 1 : 0, 0);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void canvas::area(const std::vector<point>& points, const box& within, double base, colour ink,
                  double opacity)
{
    std::vector<point> closed;
    for (const point& p : points)
        if (std::isfinite(p.x) && std::isfinite(p.y))
            closed.push_back({p.x, std::clamp(p.y, within.y, within.bottom())});
    if (closed.empty())
        return;
    closed.push_back({closed.back().x, base});
    closed.push_back({closed.front().x, base});
    cairo_t* const cr = context_.get();
    trace(closed);
    cairo_close_path(cr);
    cairo_set_source_rgba(cr, ink.red, ink.green, ink.blue, opacity);
    cairo_fill(cr);
}

void canvas::fill(const box& where, colour ink, double opacity)
{
    cairo_t* const cr = context_.get();
    cairo_new_path(cr);
    cairo_rectangle(cr, where.x, where.y, where.width, where.height);
    cairo_set_source_rgba(cr, ink.red, ink.green, ink.blue, opacity);
    cairo_fill(cr);
}

void canvas::frame(const box& where, colour ink, double width)
{
    cairo_t* const cr = context_.get();
    cairo_new_path(cr);
    cairo_rectangle(cr, where.x, where.y, where.width, where.height);
    cairo_set_source_rgb(cr, ink.red, ink.green, ink.blue);
    cairo_set_line_width(cr, width);
    cairo_stroke(cr);
}

void canvas::dot(point at, double radius, colour ink, double opacity)
{
    cairo_t* const cr = context_.get();
    cairo_new_path(cr);
    cairo_arc(cr, at.x, at.y, radius, 0, 4 * std::acos(0.0));
    cairo_set_source_rgba(cr, ink.red, ink.green, ink.blue, opacity);
    cairo_fill(cr);
}

void canvas::image(const raster& values, const box& where, colour_map colours)
{
    const auto pixels = [&](double length)
    { return static_cast<std::size_t>(std::max(1L, std::lround(resolution_ * length))); };
    const std::size_t width = pixels(where.width);
    const std::size_t height = pixels(where.height);
    const surface picture(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width),
                                                     static_cast<int>(height)),
                          &cairo_surface_destroy);
    check(cairo_surface_status(picture.get()));
    cairo_surface_flush(picture.get());
    unsigned char* const data = cairo_image_surface_get_data(picture.get());
    const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(picture.get()));
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x)
        {
            const double value = mean(values, source_span(y, values.rows, height),
                                      source_span(x, values.cols, width));
            const std::uint32_t pixel =
                packed(std::isnan(value) ? colour{0.85, 0.85, 0.85} : colours(value));
            std::copy_n(reinterpret_cast<const unsigned char*>(&pixel), sizeof pixel,
                        data + y * stride + x * sizeof pixel);
        }
    cairo_surface_mark_dirty(picture.get());
    cairo_t* const cr = context_.get();
    cairo_save(cr);
    cairo_translate(cr, std::round(resolution_ * where.x) / resolution_,
                    std::round(resolution_ * where.y) / resolution_);
    cairo_scale(cr, 1 / resolution_, 1 / resolution_);
    cairo_set_source_surface(cr, picture.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
}

void canvas::save()
{
    check(cairo_status(context_.get()));
    cairo_surface_flush(surface_.get());
    errno = 0; // Cairo does not say why it cannot write
    if (!is_svg())
        check(cairo_surface_write_to_png(surface_.get(), file_.temporary().c_str()));
    cairo_surface_finish(surface_.get());
    check(cairo_surface_status(surface_.get()));
    file_.commit();
}
}
