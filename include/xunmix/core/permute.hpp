// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <xunmix/core/parallel.hpp>
#include <xunmix/core/stream.hpp>
#include <xunmix/core/transpose.hpp>

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

/// Copies a strided array into a C-order one.
///
/// Numbers that lie side by side in both are one `run`. Of the other axes two matter: `cols`, the
/// fastest of the copy, and `rows`, the fastest of the source. Neighbours along the one are far
/// apart along the other, so their plane is walked in patches within patches:
///   block   few enough memory pages for the processor to remember them all
///   tile    fetched into the first cache while the tile before it is copied
///   strip   transposed in registers into a buffer, whose rows are then written out
/// Long runs need no buffer: there a strip is a run.
template <class T>
class permuted_copy
{
  public:
    permuted_copy(const T* src, const std::vector<strided_axis>& axes, T* dst, std::size_t threads)
        : src_(src)
        , dst_(dst)
        , threads_(threads)
    {
        const auto source = joined(axes);
        for (std::size_t a = source.size(); a-- > 0; total_ *= source[a].extent)
            others_.push_back({source[a].extent, source[a].stride, total_});
        if (total_ == 0)
            return;
        const auto nearer = [](const axis& a, const axis& b)
        { return std::abs(a.src) < std::abs(b.src); };
        if (!others_.empty() && others_.front().src == 1)
            run_ = take(others_.begin()).extent;
        if (!others_.empty())
            cols_ = take(others_.begin());
        const auto nearest = std::min_element(others_.begin(), others_.end(), nearer);
        if (nearest != others_.end() && nearer(*nearest, cols_))
            rows_ = take(nearest);
        cut();
    }

    void operator()() const
    {
        if (total_ == 0)
            return;
        if (run_ == total_)
            return copy_run();
        std::size_t blocks = parts(rows_.extent, block_.rows) * parts(cols_.extent, block_.cols);
        for (const auto& other : others_)
            blocks *= other.extent;
        const std::size_t batch = parts(task_bytes / sizeof(T), total_ / blocks);
        parallel_for(parts(blocks, batch), threads_,
                     [&](std::size_t task, std::size_t)
                     { copy(task * batch, std::min(blocks, (task + 1) * batch)); });
    }

  private:
    /// Distances between neighbours in the source and in the copy.
    struct axis
    {
        std::size_t extent = 1;
        std::ptrdiff_t src = 0;
        std::size_t dst = 0;
    };
    struct size
    {
        std::size_t rows = 1, cols = 1;
    };
    struct patch
    {
        const T* src = nullptr;
        T* dst = nullptr;
        size extent{};
    };

    static constexpr std::size_t task_bytes = 1024 * 1024;       ///< what a thread does at a time
    static constexpr std::size_t cached_bytes = 4 * 1024 * 1024; ///< copies that stay in the caches
    static constexpr std::size_t buffer_bytes = 32 * 1024;       ///< fits into the first cache
    static constexpr std::size_t page = 4096;

    static std::size_t parts(std::size_t whole, std::size_t part)
    {
        return (whole + part - 1) / part;
    }

    axis take(typename std::vector<axis>::iterator which)
    {
        const axis taken = *which;
        others_.erase(which);
        return taken;
    }

    /// Sets the sizes of strips, tiles and blocks. A strip's rows in the source are one cache line;
    /// its rows in the copy are longer where they begin and end within one, as that costs a read.
    void cut()
    {
        const auto units = [unit = run_ * sizeof(T)](std::size_t bytes)
        { return std::max<std::size_t>(1, bytes / unit); };
        direct_ = run_ * sizeof(T) >= line_bytes;
        streams_ = total_ * sizeof(T) > cached_bytes;
        if (direct_)
        {
            tile_ = {1, units(4 * page)};
            block_ = {units(8 * page), 2 * tile_.cols};
            return;
        }
        strip_ = {units(line_bytes), std::min(cols_.extent, units(rows_fill_lines() ? 256 : 512))};
        if (rows_.extent == 1)
            strip_ = {1, units(buffer_bytes)};
        else if (rows_.dst == strip_.cols * run_)
            strip_.rows = std::max<std::size_t>(1, units(buffer_bytes) / strip_.cols);
        tile_ = {strip_.rows, std::max(strip_.cols, units(512))};
        block_ = {std::max(tile_.rows, units(page / 2)), std::max(tile_.cols, units(page / 2))};
    }

    /// Whether every row of the copy begins with a cache line.
    bool rows_fill_lines() const
    {
        const auto whole = [](std::size_t bytes) { return bytes % line_bytes == 0; };
        return whole(reinterpret_cast<std::uintptr_t>(dst_)) && whole(rows_.dst * sizeof(T)) &&
               std::all_of(others_.begin(), others_.end(),
                           [&](const axis& a) { return whole(a.dst * sizeof(T)); });
    }

    /// Block `number`; columns of blocks are counted first, then rows, then the other axes.
    patch block(std::size_t number) const
    {
        const auto next_digit = [&](std::size_t base)
        {
            const std::size_t digit = number % base;
            number /= base;
            return digit;
        };
        const std::size_t col = next_digit(parts(cols_.extent, block_.cols)) * block_.cols;
        const std::size_t row = next_digit(parts(rows_.extent, block_.rows)) * block_.rows;
        patch p = part({src_, dst_, {rows_.extent, cols_.extent}}, row, col, block_);
        for (const auto& other : others_)
        {
            const std::size_t i = next_digit(other.extent);
            p.src += static_cast<std::ptrdiff_t>(i) * other.src;
            p.dst += i * other.dst;
        }
        return p;
    }

    patch part(const patch& p, std::size_t row, std::size_t col, size s) const
    {
        return {p.src + static_cast<std::ptrdiff_t>(row) * rows_.src +
                    static_cast<std::ptrdiff_t>(col) * cols_.src,
                p.dst + row * rows_.dst + col * cols_.dst,
                {std::min(s.rows, p.extent.rows - row), std::min(s.cols, p.extent.cols - col)}};
    }

    template <class Visit>
    void for_each_part(const patch& p, size s, Visit&& visit) const
    {
        for (std::size_t col = 0; col < p.extent.cols; col += s.cols)
            for (std::size_t row = 0; row < p.extent.rows; row += s.rows)
                visit(part(p, row, col, s));
    }

    /// The copy of an array that lies in C order already.
    void copy_run() const
    {
        const std::size_t slice = task_bytes / sizeof(T);
        parallel_for(parts(run_, slice), threads_,
                     [&](std::size_t task, std::size_t)
                     {
                         const std::size_t first = task * slice;
                         put(dst_ + first, src_ + first, std::min(slice, run_ - first));
                         stream_fence();
                     });
    }

    /// Copies blocks [first, last), tile by tile, each when the place of the next one is known.
    void copy(std::size_t first, std::size_t last) const
    {
        patch waiting;
        for (std::size_t number = first; number < last; ++number)
            for_each_part(block(number), tile_,
                          [&](const patch& next)
                          {
                              if (waiting.src)
                                  copy(waiting, next.src - waiting.src);
                              waiting = next;
                          });
        copy(waiting, 0);
        stream_fence();
    }

    /// Copies a tile and fetches the one that lies `ahead` of it, if not 0.
    void copy(const patch& tile, std::ptrdiff_t ahead) const
    {
        if (direct_)
            for_each_part(tile, strip_,
                          [&](const patch& run)
                          {
                              if (ahead && run_ * sizeof(T) <= page)
                                  for (std::size_t i = 0; i < run_; i += line_bytes / sizeof(T))
                                      prefetch(run.src + i, ahead);
                              put(run.dst, run.src, run_);
                          });
        else
            for_each_part(tile, strip_, [&](const patch& strip) { copy_strip(strip, ahead); });
    }

    /// Through the buffer: buffer[i][j] is the run at row i and column j.
    void copy_strip(const patch& strip, std::ptrdiff_t ahead) const
    {
        alignas(line_bytes) T buffer[buffer_bytes / sizeof(T)];
        const auto [rows, cols] = strip.extent;
        const std::size_t width = cols * run_;
        if (run_ == 1 && rows_.src == 1)
            transpose(strip, buffer, ahead);
        else
            gather(strip, buffer, ahead);
        if (rows_.dst == width)
            put(strip.dst, buffer, rows * width);
        else
            for (std::size_t i = 0; i < rows; ++i)
                put(strip.dst + i * rows_.dst, buffer + i * width, width);
    }

    void transpose(const patch& strip, T* buffer, std::ptrdiff_t ahead) const
    {
        const auto [rows, cols] = strip.extent;
        for (std::size_t j = 0; j < cols; j += simd::square<T>)
        {
            const std::size_t some = std::min(simd::square<T>, cols - j);
            const T* from = strip.src + static_cast<std::ptrdiff_t>(j) * cols_.src;
            fetch(from, rows, some, ahead);
            simd::transpose(from, cols_.src, buffer + j, cols, rows, some);
        }
    }

    void gather(const patch& strip, T* buffer, std::ptrdiff_t ahead) const
    {
        const auto [rows, cols] = strip.extent;
        fetch(strip.src, rows, cols, ahead);
        for (std::size_t i = 0; i < rows; ++i)
        {
            const T* from = strip.src + static_cast<std::ptrdiff_t>(i) * rows_.src;
            for (std::size_t j = 0; j < cols; ++j, from += cols_.src, buffer += run_)
                if (run_ == 1)
                    *buffer = *from;
                else
                    std::memcpy(buffer, from, run_ * sizeof(T));
        }
    }

    /// Prefetches the last rows of a part of the strip that lies `ahead`. Only the last: the lines
    /// before belong to the strip above, which has fetched them.
    [[gnu::always_inline]] void fetch(const T* from, std::size_t rows, std::size_t cols,
                                      std::ptrdiff_t ahead) const
    {
        if (ahead && static_cast<std::size_t>(std::abs(cols_.src)) * sizeof(T) >= line_bytes)
            for (std::size_t j = 0; j < cols; ++j)
                prefetch(from + static_cast<std::ptrdiff_t>(j) * cols_.src,
                         ahead + static_cast<std::ptrdiff_t>(rows - 1) * rows_.src);
    }

    void put(T* to, const T* from, std::size_t count) const
    {
        if (streams_)
            stream_copy(to, from, count);
        else
            std::memcpy(to, from, count * sizeof(T));
    }

    const T* src_;
    T* dst_;
    std::vector<axis> others_; ///< the fastest of the copy first
    axis rows_, cols_;
    std::size_t run_ = 1, total_ = 1, threads_;
    size strip_, tile_, block_;
    bool direct_ = false, streams_ = false;
};
}
