// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <xunmix/core/parallel.hpp>

namespace xunmix::detail
{
/// One axis of a strided array: its extent and the distance between neighbours along it.
struct strided_axis
{
    std::size_t extent;
    std::ptrdiff_t stride;
};

/// The same array with axes of extent 1 dropped and neighbouring axes joined where one stride runs
/// through both. `axes` is ordered from the slowest to the fastest.
inline std::vector<strided_axis> joined(const std::vector<strided_axis>& axes)
{
    std::vector<strided_axis> out;
    for (const auto& axis : axes)
    {
        if (axis.extent == 1)
            continue;
        if (!out.empty() &&
            out.back().stride == axis.stride * static_cast<std::ptrdiff_t>(axis.extent))
            out.back() = {out.back().extent * axis.extent, axis.stride};
        else
            out.push_back(axis);
    }
    return out;
}

/// dst[i][j] = src[i + j * stride] for a tile of `rows` x `cols` numbers, dst rows `dst_stride`
/// apart. Goes through a small buffer, so that each line of memory is touched once even where the
/// strides share one cache set.
template <class T>
void transpose_tile(const T* src, std::ptrdiff_t stride, std::size_t rows, std::size_t cols, T* dst,
                    std::size_t dst_stride)
{
    constexpr std::size_t R = 64 / sizeof(T), C = 64;
    T buffer[C][R];
    for (std::size_t j = 0; j < cols; ++j)
        std::memcpy(buffer[j], src + static_cast<std::ptrdiff_t>(j) * stride, rows * sizeof(T));
    if (rows == R && cols == C)
        for (std::size_t i = 0; i < R; ++i)
            for (std::size_t j = 0; j < C; ++j)
                dst[i * dst_stride + j] = buffer[j][i];
    else
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < cols; ++j)
                dst[i * dst_stride + j] = buffer[j][i];
}

/// Copies a strided array into a C-order one. One task per position of all axes but the last;
/// where another axis is the contiguous one in the source, that axis and the last are cut into
/// tiles.
template <class T>
class permuted_copy
{
  public:
    permuted_copy(const T* src, const std::vector<strided_axis>& axes, T* dst, std::size_t threads)
        : src_(src)
        , dst_(dst)
        , axes_(joined(axes))
        , threads_(threads)
    {
        if (axes_.empty())
            axes_.push_back({1, 1});
        dst_strides_.assign(axes_.size(), 1);
        for (std::size_t a = axes_.size() - 1; a > 0; --a)
            dst_strides_[a - 1] = dst_strides_[a] * axes_[a].extent;
        inner_ = axes_.size() - 1;
        tiled_ = inner_;
        for (std::size_t a = 0; a < inner_; ++a)
            if (axes_[a].stride == 1)
                tiled_ = a;
    }

    void operator()() const
    {
        if (std::any_of(axes_.begin(), axes_.end(), [](const auto& a) { return a.extent == 0; }))
            return;
        std::size_t tasks = 1;
        for (std::size_t a = 0; a < inner_; ++a)
            tasks *= steps(a);
        constexpr std::size_t batch = 16;
        parallel_for((tasks + batch - 1) / batch, threads_,
                     [&](std::size_t b, std::size_t)
                     {
                         for (std::size_t t = b * batch; t < std::min(tasks, (b + 1) * batch); ++t)
                             copy(t);
                     });
    }

  private:
    static constexpr std::size_t tile_rows = 64 / sizeof(T);
    static constexpr std::size_t tile_cols = 64;

    std::size_t steps(std::size_t a) const
    {
        return a == tiled_ && tiled_ != inner_ ? (axes_[a].extent + tile_rows - 1) / tile_rows
                                               : axes_[a].extent;
    }

    void copy(std::size_t task) const
    {
        const T* src = src_;
        T* dst = dst_;
        std::size_t rows = 1;
        for (std::size_t a = inner_; a-- > 0; task /= steps(a))
        {
            std::size_t i = task % steps(a);
            if (a == tiled_)
            {
                i *= tile_rows;
                rows = std::min(tile_rows, axes_[a].extent - i);
            }
            src += static_cast<std::ptrdiff_t>(i) * axes_[a].stride;
            dst += i * dst_strides_[a];
        }
        const auto [extent, stride] = axes_[inner_];
        if (tiled_ != inner_)
            for (std::size_t j = 0; j < extent; j += tile_cols)
                transpose_tile(src + static_cast<std::ptrdiff_t>(j) * stride, stride, rows,
                               std::min(tile_cols, extent - j), dst + j, dst_strides_[tiled_]);
        else if (stride == 1)
            std::memcpy(dst, src, extent * sizeof(T));
        else
            for (std::size_t j = 0; j < extent; ++j)
                dst[j] = src[static_cast<std::ptrdiff_t>(j) * stride];
    }

    const T* src_;
    T* dst_;
    std::vector<strided_axis> axes_;
    std::vector<std::size_t> dst_strides_;
    std::size_t threads_, inner_, tiled_;
};
}
