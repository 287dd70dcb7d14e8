// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "axes.hpp"
#include "canvas.hpp"

#include <string>
#include <vector>

#include <xunmix/io/scan_file.hpp>

namespace unmix
{
/// The scale on which all these factors can be read: r is the maximum over the 95th percentile of
/// the values above zero, its median over the factors. Images: linear up to r = 6, square root
/// up to 60, logarithmic above. Curves: linear up to r = 30, square root above.
display choose_display(const std::vector<std::vector<double>>& factors, bool are_curves);

/// For images. `high` is the 99.8th percentile, so that a direct beam or a hot pixel does not
/// darken the rest, but no less than 1/4 (linear), 1/16 (square root), 1/100 (logarithmic) of the
/// maximum. `low` is 0; on a linear scale the 0.2th percentile where there are negative values or
/// nothing is near zero; on a logarithmic scale the 5th percentile of the values above zero, within
/// 1 to 3 decades below `high`.
display_range image_range(const std::vector<double>& values, display scale);

/// For curves: from 0, or a little below a negative minimum, to a little above the maximum.
display_range curve_range(const std::vector<double>& values, display scale);

/// Factors of one kind, all the components or all the maps: images or, where their tensor has one
/// axis only, curves. Tensors of three axes and more become the tiles of one image.
struct panels
{
    std::vector<std::vector<double>> values = {}; ///< one list for each factor
    std::size_t rows = 0;                         ///< of an image; 0 for curves
    std::size_t cols = 0;
    double aspect = 1; ///< width over height of an image as it is drawn
    std::vector<display_range> ranges = {};
    display scale = display::linear;
    colour_map colours = &viridis;
    xunmix::axis along = {}; ///< of the curve, or from left to right in the image

    [[nodiscard]] bool is_curve() const
    {
        return rows == 0;
    }
};

/// `factors` is (k, axes...), C order; `axes` describes the others than the first and may be empty.
panels make_panels(const xunmix::tensor<double>& factors, const std::vector<xunmix::axis>& axes,
                   display scale, colour_map colours);

/// Image `index` with its range as inset numbers, or below where there is no room inside.
void draw_image(canvas& page, const panels& set, std::size_t index, const box& where,
                bool with_scale_bar);

/// Curve `index` in the box of its axes; labels of the x axis on demand.
void draw_curve(canvas& page, const panels& set, std::size_t index, const box& where,
                bool with_x_labels, const std::string& x_name);
}
