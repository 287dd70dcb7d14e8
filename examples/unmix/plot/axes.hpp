// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "canvas.hpp"

#include <string>
#include <vector>

namespace unmix
{
/// How values are spread over brightness, or over the height of a curve.
enum class display
{
    automatic,
    linear,
    square_root,
    logarithmic
};

std::string display_name(display scale);

/// What is drawn darkest and brightest.
struct display_range
{
    double low = 0;
    double high = 1;
    display scale = display::linear;

    /// `low` to 0, `high` to 1, on the scale.
    [[nodiscard]] double place(double value) const;
};

/// Ticks within the range, at most `count` + 1 of them, no two closer than 1/`count` or so.
std::vector<double> ticks_of(const display_range& range, int count);

/// Of all finite values, with a margin of 4 % of the axis at either end; logarithmic where the
/// highest is over `most` times the lowest and all are above zero.
display_range axis_range(const std::vector<double>& values, double most = 3);

/// Of the values above zero and of zero, the former only where both are there: an exact fit must
/// not take the logarithmic scale, where the highest is over 10 times the lowest, from the rest.
display_range positive_axis_range(std::vector<double> values);

/// Ticks and labels of the x axis below `where`, of the y axis to its left.
void draw_x_axis(canvas& page, const box& where, const display_range& range,
                 const std::string& label, bool with_labels);
/// With ticks at whole numbers only, for an axis that counts.
void draw_counting_axis(canvas& page, const box& where, const display_range& range,
                        const std::string& label);
void draw_y_axis(canvas& page, const box& where, const display_range& range, int count);

inline constexpr colour axis_ink{0.25, 0.25, 0.25};
inline constexpr double small_text = 8.5;
}
