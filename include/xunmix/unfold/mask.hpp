// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/data_summary.hpp>

// Shapes to mask with. A mask is a boolean tensor that is true where the data counts; the shapes
// give one with inside(extents) and outside(extents). Coordinates are in pixels, (0, 0) is the
// centre of the first pixel, and the first coordinate goes along the first axis.
namespace xunmix
{
using image_extents = std::array<std::size_t, 2>;
using image_point = std::array<double, 2>;

namespace detail
{
/// The boolean image that is `wanted` on the shape and its opposite elsewhere.
template <class Shape>
tensor<bool> mask_image(const Shape& shape, const image_extents& extents, bool wanted)
{
    shape.validate();
    auto image = tensor<bool>::from_shape({extents[0], extents[1]});
    for (std::size_t i = 0; i < extents[0]; ++i)
        for (std::size_t j = 0; j < extents[1]; ++j)
            image(i, j) =
                shape.contains({static_cast<double>(i), static_cast<double>(j)}) == wanted;
    return image;
}

inline void check_finite(const char* what, std::initializer_list<double> numbers)
{
    for (const double x : numbers)
        require<invalid_argument>(is_finite(x), what, " are numbers of pixels, got ", x);
}

inline double squared_distance(const image_point& a, const image_point& b)
{
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
}
}

/// All points within `radius` of `center`: the direct beam, for one.
struct disk
{
    image_point center{};
    double radius = 0;

    bool contains(const image_point& x) const
    {
        return detail::squared_distance(x, center) <= radius * radius;
    }
    /// Throws invalid_argument for a negative radius, NaN and infinities.
    void validate() const
    {
        detail::check_finite("a disk's centre and radius", {center[0], center[1], radius});
        detail::require<invalid_argument>(radius >= 0, "a disk's radius must not be negative, got ",
                                          radius);
    }
    /// True on the disk: only what lies on it counts.
    tensor<bool> inside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, true);
    }
    /// True off the disk: what lies on it is masked.
    tensor<bool> outside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, false);
    }
};

/// All points between two radii around `center`, both included: an annular detector.
struct annulus
{
    image_point center{};
    double inner = 0;
    double outer = 0;

    bool contains(const image_point& x) const
    {
        const double d = detail::squared_distance(x, center);
        return inner * inner <= d && d <= outer * outer;
    }
    /// Throws invalid_argument unless 0 <= inner <= outer, for NaN and infinities.
    void validate() const
    {
        detail::check_finite("an annulus's centre and radii", {center[0], center[1], inner, outer});
        detail::require<invalid_argument>(0 <= inner && inner <= outer,
                                          "an annulus needs 0 <= inner <= outer, got inner ", inner,
                                          " and outer ", outer);
    }
    tensor<bool> inside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, true);
    }
    tensor<bool> outside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, false);
    }
};

/// All points from `first` to `last`, both included.
struct rectangle
{
    image_point first{};
    image_point last{};

    bool contains(const image_point& x) const
    {
        return first[0] <= x[0] && x[0] <= last[0] && first[1] <= x[1] && x[1] <= last[1];
    }
    /// Throws invalid_argument unless first <= last along both axes, for NaN and infinities.
    void validate() const
    {
        detail::check_finite("a rectangle's corners", {first[0], first[1], last[0], last[1]});
        detail::require<invalid_argument>(
            first[0] <= last[0] && first[1] <= last[1],
            "a rectangle's first corner must not lie beyond its last, "
            "got (",
            first[0], ", ", first[1], ") and (", last[0], ", ", last[1], ")");
    }
    tensor<bool> inside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, true);
    }
    tensor<bool> outside(const image_extents& extents) const
    {
        return detail::mask_image(*this, extents, false);
    }
};
}
