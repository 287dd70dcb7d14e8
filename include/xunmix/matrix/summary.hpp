// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <xunmix/core/parallel.hpp>
#include <xunmix/unfold.hpp>

namespace xunmix
{
/// What one read of the unmasked data tells: its norm, and whether methods may be applied to it.
struct data_summary
{
    std::size_t entries = 0; ///< unmasked elements of X
    double squared_norm = 0; ///< |X|^2 over them
    double sum = 0;
    double minimum = std::numeric_limits<double>::infinity();
    double maximum = -std::numeric_limits<double>::infinity();
    std::size_t negative = 0;                                  ///< elements below zero
    std::size_t non_finite = 0;                                ///< NaN and infinities
    std::size_t first_bad_position = 0, first_bad_channel = 0; ///< the first of them
    std::size_t dark_positions = 0; ///< unmasked positions whose unmasked channels are all zero
    std::size_t dark_channels = 0;  ///< unmasked channels that are zero at all unmasked positions
};

namespace detail
{
/// [first, last) ranges of the places a grid keeps.
inline std::vector<std::pair<std::size_t, std::size_t>> kept_ranges(const grid& places)
{
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places.keeps(i))
        {
            if (!ranges.empty() && ranges.back().second == i)
                ++ranges.back().second;
            else
                ranges.emplace_back(i, i + 1);
        }
    return ranges;
}

/// The running sums of one block of stored rows.
struct summary_sums
{
    static constexpr std::size_t lanes = 8;
    double sum[lanes] = {}, square[lanes] = {};
    double low[lanes], high[lanes];
    std::size_t negative[lanes] = {};

    summary_sums()
    {
        std::fill(low, low + lanes, std::numeric_limits<double>::infinity());
        std::fill(high, high + lanes, -std::numeric_limits<double>::infinity());
    }
    void add(double x, std::size_t lane)
    {
        sum[lane] += x;
        square[lane] += x * x;
        low[lane] = std::min(low[lane], x);
        high[lane] = std::max(high[lane], x);
        negative[lane] += x < 0;
    }
    template <class T>
    void add(const T* x, std::size_t count)
    {
        std::size_t i = 0;
        for (; i + lanes <= count; i += lanes)
            for (std::size_t l = 0; l < lanes; ++l)
                add(static_cast<double>(x[i + l]), l);
        for (; i < count; ++i)
            add(static_cast<double>(x[i]), i % lanes);
    }
    void add_to(data_summary& total) const
    {
        for (std::size_t l = 0; l < lanes; ++l)
        {
            total.sum += sum[l];
            total.squared_norm += square[l];
            total.minimum = std::min(total.minimum, low[l]);
            total.maximum = std::max(total.maximum, high[l]);
            total.negative += negative[l];
        }
    }
};

/// Counts the NaN and infinities among the kept elements and finds the first in position order.
template <class T>
void find_non_finite(const unfolded<T>& x, data_summary& summary)
{
    const auto& shape = x.shape();
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t c = 0; c < x.cols(); ++c)
            if (shape.positions.keeps(i) && shape.channels.keeps(c) &&
                !std::isfinite(static_cast<double>(x(i, c))) && summary.non_finite++ == 0)
            {
                summary.first_bad_position = i;
                summary.first_bad_channel = c;
            }
}

/// Where a block of rows has a signal: in which of its rows (returned), in which columns (`lit`).
template <class T>
bool mark_lit(const T* x, std::size_t first, std::size_t last, unsigned char* lit)
{
    unsigned char any = 0;
    for (std::size_t c = first; c < last; ++c)
    {
        const auto here = static_cast<unsigned char>(x[c] != T{0});
        lit[c] = static_cast<unsigned char>(lit[c] | here);
        any = static_cast<unsigned char>(any | here);
    }
    return any != 0;
}
}

/// One read of X: norm, sum, extremes, and what is negative, non-finite or dark. What lies under a
/// mask is not looked at. The same bits for any number of threads.
template <class T>
data_summary summarize(const unfolded<T>& x, std::size_t threads = 0)
{
    const bool by_row = x.is_row_major();
    const auto& shape = x.shape();
    const grid& row_grid = by_row ? shape.positions : shape.channels;
    const grid& col_grid = by_row ? shape.channels : shape.positions;
    const std::size_t rows = row_grid.size(), cols = col_grid.size();
    const std::size_t stride = by_row ? x.row_stride() : x.column_stride();
    const auto ranges = detail::kept_ranges(col_grid);
    const std::size_t chunks = std::min<std::size_t>(rows, 16);
    struct part
    {
        data_summary totals;
        std::vector<unsigned char> lit;
        std::size_t dark_rows = 0;
    };
    std::vector<part> parts(chunks);
    parallel_for(
        chunks, threads,
        [&](std::size_t chunk, std::size_t)
        {
            auto& mine = parts[chunk];
            mine.lit.assign(cols, 0);
            for (std::size_t i = chunk * rows / chunks; i < (chunk + 1) * rows / chunks; ++i)
            {
                if (!row_grid.keeps(i))
                    continue;
                detail::summary_sums sums;
                bool lit = false;
                for (auto [first, last] : ranges)
                {
                    sums.add(x.data() + i * stride + first, last - first);
                    lit |= detail::mark_lit(x.data() + i * stride, first, last, mine.lit.data());
                }
                mine.dark_rows += !lit;
                sums.add_to(mine.totals);
            }
        });
    data_summary out;
    std::size_t dark_rows = 0, dark_cols = 0;
    for (const auto& p : parts)
    {
        out.squared_norm += p.totals.squared_norm;
        out.sum += p.totals.sum;
        out.minimum = std::min(out.minimum, p.totals.minimum);
        out.maximum = std::max(out.maximum, p.totals.maximum);
        out.negative += p.totals.negative;
        dark_rows += p.dark_rows;
    }
    for (auto [first, last] : ranges)
        for (std::size_t c = first; c < last; ++c)
            dark_cols += std::none_of(parts.begin(), parts.end(),
                                      [c](const part& p) { return p.lit[c] != 0; });
    out.entries = row_grid.kept() * col_grid.kept();
    out.dark_positions = by_row ? dark_rows : dark_cols;
    out.dark_channels = by_row ? dark_cols : dark_rows;
    if (!std::isfinite(out.squared_norm) || !std::isfinite(out.sum))
        detail::find_non_finite(x, out);
    return out;
}
}
