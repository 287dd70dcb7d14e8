// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/permute.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// The axes of a tensor that are positions, the slowest first: positions{0, 1} for a (y, x, ...)
/// scan. The remaining axes, in their order, are the channels. One axis gives the mode-n unfolding
/// of tensor methods.
struct positions
{
    positions(std::initializer_list<std::size_t> list)
        : axes(list)
    {
    }
    explicit positions(std::vector<std::size_t> list)
        : axes(std::move(list))
    {
    }
    std::vector<std::size_t> axes;
};

namespace detail
{
/// Throws unless `axes` names different axes of a tensor of the given shape and leaves a channel.
inline void check_positions(const std::vector<std::size_t>& axes,
                            std::span<const std::size_t> shape)
{
    const auto rank = shape.size();
    require<invalid_argument>(rank >= 2, "unfolding needs a tensor of at least 2 axes, got ", rank,
                              "; a scan has axes of positions and axes of channels");
    require<invalid_argument>(!axes.empty() && axes.size() < rank, "of the ", rank,
                              " axes at least one must be a position and one a channel, got ",
                              axes.size(), " position axes ", shape_text(axes));
    for (std::size_t a = 0; a < axes.size(); ++a)
    {
        require<invalid_argument>(axes[a] < rank, "position axis ", axes[a],
                                  " is out of range: the tensor ", shape_text(shape),
                                  " has axes 0 to ", rank - 1);
        require<invalid_argument>(std::count(axes.begin(), axes.end(), axes[a]) == 1,
                                  "position axis ", axes[a], " is named twice in ",
                                  shape_text(axes));
    }
    for (std::size_t a = 0; a < rank; ++a)
        require<invalid_argument>(shape[a] > 0, "axis ", a, " of the tensor ", shape_text(shape),
                                  " is empty; every axis needs at least one element");
}

/// The axes of X's rows and columns in memory, and their meaning.
struct arrangement
{
    unfolding how{};
    std::vector<strided_axis> rows{}, cols{};
};

inline arrangement arrange(const std::vector<std::size_t>& shape,
                           const std::vector<std::ptrdiff_t>& strides, const positions& where)
{
    arrangement x{.how = {.positions = {}, .channels = {}, .axes = where.axes}};
    for (std::size_t a = 0; a < shape.size(); ++a)
        if (std::find(where.axes.begin(), where.axes.end(), a) == where.axes.end())
            x.how.axes.push_back(a);
    for (std::size_t i = 0; i < shape.size(); ++i)
    {
        const std::size_t a = x.how.axes[i];
        const bool is_position = i < where.axes.size();
        (is_position ? x.how.positions : x.how.channels).shape.push_back(shape[a]);
        (is_position ? x.rows : x.cols).push_back({shape[a], strides[a]});
    }
    return x;
}

/// The stride with which axes joined into one are walked, if there is one; `none` for one place.
inline std::optional<std::size_t> common_stride(const std::vector<strided_axis>& axes,
                                                std::size_t none)
{
    const auto whole = joined(axes);
    if (whole.empty())
        return none;
    return whole.size() == 1 && whole[0].stride > 0
               ? std::optional(static_cast<std::size_t>(whole[0].stride))
               : std::nullopt;
}

/// The strides of rows and columns with which X is read in place: one of them 1, the other no
/// shorter than what it strides over.
inline std::optional<std::array<std::size_t, 2>> strides_in_place(const arrangement& x)
{
    const std::size_t n = x.how.positions.size(), m = x.how.channels.size();
    const auto row = common_stride(x.rows, m), col = common_stride(x.cols, n);
    if (!row || !col)
        return std::nullopt;
    if ((m == 1 || *col == 1) && *row >= m)
        return {{*row, 1}};
    if ((n == 1 || *row == 1) && *col >= n)
        return {{1, *col}};
    return std::nullopt;
}

/// Throws invalid_argument and says which axes of the tensor are in the way of reading it in place.
[[noreturn]] inline void refuse_to_copy(const std::vector<std::ptrdiff_t>& strides,
                                        const arrangement& x)
{
    constexpr const char* remedy =
        "; unfold it without in_place, which copies, or store the tensor in another order of axes";
    // Axes of one side that one stride does not run through.
    const auto validate =
        [&](const std::vector<strided_axis>& axes, std::size_t first, const char* what)
    {
        for (std::size_t i = 0; i + 1 < axes.size(); ++i)
        {
            const auto wanted =
                axes[i + 1].stride * static_cast<std::ptrdiff_t>(axes[i + 1].extent);
            require<invalid_argument>(
                axes[i].stride == wanted || axes[i].extent == 1, "X cannot be read in place: from ",
                what, " axis ", x.how.axes[first + i], " to axis ", x.how.axes[first + i + 1],
                " the stride is ", axes[i].stride, " where ", wanted,
                " would go on, so that another axis lies between them", remedy);
        }
    };
    validate(x.rows, 0, "position");
    validate(x.cols, x.rows.size(), "channel");
    const auto fastest = std::min_element(strides.begin(), strides.end(),
                                          [](auto a, auto b) { return std::abs(a) < std::abs(b); });
    fail<invalid_argument>(
        "X cannot be read in place: the numbers of a row or of a column must lie "
        "side by side, and the fastest axis, ",
        fastest - strides.begin(), ", has stride ", *fastest, remedy);
}
}
}
