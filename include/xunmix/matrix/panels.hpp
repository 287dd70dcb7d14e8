// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix::kernels
{
/// Widest group of columns ("tile") worked on at once.
inline constexpr std::size_t widest_tile = simd::register_count == 32 ? 7 : 3;

/// Blocks of so many rows are whole groups of rows for tiles of any width.
inline constexpr std::size_t row_quantum = 12;

/// Rows worked on at once with a tile of `width` columns: a divisor of row_quantum, the largest for
/// which a number for each row and column, one for each row and a few more stay in registers.
constexpr std::size_t row_group(std::size_t width)
{
    std::size_t group = row_quantum;
    while (group > 1 &&
           (row_quantum % group != 0 || group * (width + 1) + 4 > simd::register_count))
        --group;
    return group;
}

/// k columns in tiles of at most widest_tile, as equal as can be.
struct tiling
{
    std::size_t rank;

    std::size_t tiles() const
    {
        return (rank + widest_tile - 1) / widest_tile;
    }
    std::size_t first(std::size_t tile) const
    {
        return tile * rank / tiles();
    }
    std::size_t width(std::size_t tile) const
    {
        return first(tile + 1) - first(tile);
    }
};

/// The columns of the stored matrix cut into panels of one register each. Runs of whole, unmasked
/// panels are read straight from the data; a panel with a masked or missing column is read lane by
/// lane, so that what lies under a mask (NaN included) is never touched.
template <class F>
class panel_plan
{
  public:
    static constexpr std::size_t width = simd::lanes<F>;

    struct run
    {
        std::size_t first, last; ///< panels [first, last)
        bool partial;
    };

    panel_plan() = default;
    /// `columns` columns; keep has one entry a column, or is empty: all count.
    panel_plan(std::size_t columns, const std::vector<std::uint8_t>& keep)
        : columns_(columns)
        , keep_(keep.empty() ? nullptr : keep.data())
    {
        for (std::size_t p = 0; p < panels(); ++p)
            add(p);
    }

    std::size_t panels() const
    {
        return (columns_ + width - 1) / width;
    }
    const std::vector<run>& runs() const
    {
        return runs_;
    }

    /// Panel p of a stored row, masked lanes zero.
    template <class T>
    simd::pack<F> load_partial(const T* row, std::size_t p) const
    {
        F lane[width] = {};
        const std::size_t last = std::min(columns_, (p + 1) * width);
        for (std::size_t c = p * width; c < last; ++c)
            if (!keep_ || keep_[c])
                lane[c - p * width] = static_cast<F>(row[c]);
        return simd::pack<F>::load(lane);
    }

    /// Panel p of a stored row whose run is partial or not.
    template <bool Partial, class T>
    simd::pack<F> load(const T* row, std::size_t p) const
    {
        if constexpr (Partial)
            return load_partial(row, p);
        else
            return simd::pack<F>::load(row + p * width);
    }
    template <class T>
    simd::pack<F> load(const T* row, std::size_t p, bool partial) const
    {
        return partial ? load<true>(row, p) : load<false>(row, p);
    }

  private:
    void add(std::size_t p)
    {
        const std::size_t first = p * width, last = std::min(columns_, first + width);
        const std::size_t counted =
            keep_ ? static_cast<std::size_t>(std::count_if(keep_ + first, keep_ + last,
                                                           [](std::uint8_t k) { return k != 0; }))
                  : last - first;
        if (counted == 0)
            return;
        const bool partial = counted < width;
        if (!runs_.empty() && runs_.back().last == p && runs_.back().partial == partial)
            runs_.back().last = p + 1;
        else
            runs_.push_back({p, p + 1, partial});
    }

    std::size_t columns_ = 0;
    const std::uint8_t* keep_ = nullptr;
    std::vector<run> runs_;
};

/// Where tile `tile`, panel 0 starts in a packed factor: [tile][panel][column of tile][lane].
template <class F>
std::size_t packed_offset(const tiling& t, std::size_t tile, std::size_t panels)
{
    return t.first(tile) * panels * simd::lanes<F>;
}

/// Copies a factor (rows x k, column-contiguous) into panels, the last one padded with zeros:
/// panels keep all k columns of a register's rows side by side, where columns that lie a power of
/// two apart would share one set of the L1 cache.
template <class F>
void pack(factor_ref<const F> from, std::size_t panels, F* packed, std::size_t threads = 1)
{
    constexpr std::size_t L = simd::lanes<F>, batch = 64;
    const tiling t{from.rank()};
    const auto pack_panel = [&](std::size_t tile, std::size_t p)
    {
        const std::size_t first = p * L, last = std::min(from.rows(), first + L);
        F* out = packed + packed_offset<F>(t, tile, panels) + p * t.width(tile) * L;
        for (std::size_t j = 0; j < t.width(tile); ++j, out += L)
        {
            const F* column = from.column(t.first(tile) + j).data();
            std::fill(std::copy(column + first, column + last, out), out + L, F{0});
        }
    };
    parallel_for((panels + batch - 1) / batch, threads,
                 [&](std::size_t group, std::size_t)
                 {
                     const std::size_t end = std::min(panels, (group + 1) * batch);
                     for (std::size_t tile = 0; tile < t.tiles(); ++tile)
                         for (std::size_t p = group * batch; p < end; ++p)
                             pack_panel(tile, p);
                 });
}

/// Calls visit(column, offset) for every register of one panel of a packed factor: of which column
/// it is, and where it lies.
template <class F, class Visit>
void for_each_pack(std::size_t rank, std::size_t panel, std::size_t panels, Visit&& visit)
{
    constexpr std::size_t L = simd::lanes<F>;
    const tiling t{rank};
    for (std::size_t tile = 0; tile < t.tiles(); ++tile)
        for (std::size_t j = 0; j < t.width(tile); ++j)
            visit(t.first(tile) + j,
                  packed_offset<F>(t, tile, panels) + (panel * t.width(tile) + j) * L);
}
}
