// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "colour_map.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <cairo.h>

#include <xunmix/io/replacement.hpp>

namespace unmix
{
struct point
{
    double x = 0;
    double y = 0;
};

/// Left, top, width, height in units of 1/72 inch; y runs down.
struct box
{
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;

    [[nodiscard]] double right() const
    {
        return x + width;
    }

    [[nodiscard]] double bottom() const
    {
        return y + height;
    }
};

enum class align
{
    left,
    centre,
    right
};

struct text_style
{
    double size = 10;
    bool bold = false;
    colour ink = {0.13, 0.13, 0.13};
    align side = align::left;
    bool upwards = false; ///< turned to be read from below to above
};

/// Rows of values; NaN stands for "nothing here".
struct raster
{
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<double> values = {};
};

/// A white page drawn with Cairo, PNG at twice the nominal resolution (less where it is huge) or
/// SVG as the file's ending says. The file appears, whole, on `save()`. Throws xunmix::io_error
/// where it cannot be written.
class canvas
{
  public:
    canvas(const std::filesystem::path& path, double width, double height);

    /// `at` lies on the baseline.
    void text(point at, const std::string& words, const text_style& style = {});
    [[nodiscard]] double text_width(const std::string& words, const text_style& style = {});

    void line(point from, point to, colour ink, double width);
    /// Gaps where a coordinate is NaN; nothing is drawn outside `within`. In dashes of length
    /// `dash` where that is not 0.
    void curve(const std::vector<point>& points, const box& within, colour ink, double width,
               double opacity = 1, double dash = 0);
    /// The area between the curve and the level y = `base`.
    void area(const std::vector<point>& points, const box& within, double base, colour ink,
              double opacity);
    void fill(const box& where, colour ink, double opacity = 1);
    void frame(const box& where, colour ink, double width);
    void dot(point at, double radius, colour ink, double opacity = 1);
    /// Values from 0 to 1 through `colours`, NaN light grey. Enlarged by repeating pixels, reduced
    /// by averaging.
    void image(const raster& values, const box& where, colour_map colours);

    void save();

  private:
    [[nodiscard]] bool is_svg() const;
    void choose_font(const text_style& style);
    void trace(const std::vector<point>& points);
    void check(cairo_status_t status) const;

    using surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
    using context = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;

    std::filesystem::path path_;
    xunmix::replacement file_;
    double resolution_;
    surface surface_;
    context context_;
};
}
