// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace unmix
{
/// Red, green and blue, each from 0 to 1.
struct colour
{
    double red = 0;
    double green = 0;
    double blue = 0;
};

using colour_map = colour (*)(double);

/// Perceptually uniform maps of 0..1, dark to bright; values outside are clamped. Both are by
/// S. van der Walt and N. Smith (CC0), sampled at 33 points and interpolated.
colour viridis(double value);
colour magma(double value);
}
