// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
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
template <class Rows>
void find_non_finite(const Rows& x, data_summary& summary)
{
    const bool by_row = x.stored_side() == side::maps;
    const grid &rows = x.shape().of(x.stored_side()), &cols = x.shape().of(other(x.stored_side()));
    buffer<typename Rows::value_type> room;
    auto* const fetched = Rows::in_place ? nullptr : room.get(cols.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        if (!rows.keeps(i))
            continue;
        const auto* row = x.row(i, fetched);
        for (std::size_t c = 0; c < cols.size(); ++c)
        {
            if (!cols.keeps(c) || is_finite(static_cast<double>(row[c])))
                continue;
            const std::pair here = by_row ? std::pair(i, c) : std::pair(c, i);
            if (summary.non_finite++ == 0 ||
                here < std::pair(summary.first_bad_position, summary.first_bad_channel))
            {
                summary.first_bad_position = here.first;
                summary.first_bad_channel = here.second;
            }
        }
    }
}

/// Whether a stretch of a row has a signal, and in which columns (`lit`).
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

/// What a block of stored rows tells.
struct partial_summary
{
    data_summary totals{};
    std::vector<unsigned char> lit{}; ///< for each stored column, whether any of the rows lights it
    std::size_t dark_rows = 0;

    template <class T>
    void add_row(const T* row, const std::vector<std::pair<std::size_t, std::size_t>>& ranges)
    {
        summary_sums sums;
        bool any = false;
        for (auto [first, last] : ranges)
        {
            sums.add(row + first, last - first);
            any |= mark_lit(row, first, last, lit.data());
        }
        dark_rows += !any;
        sums.add_to(totals);
    }
    void add(const partial_summary& next)
    {
        totals.squared_norm += next.totals.squared_norm;
        totals.sum += next.totals.sum;
        totals.minimum = std::min(totals.minimum, next.totals.minimum);
        totals.maximum = std::max(totals.maximum, next.totals.maximum);
        totals.negative += next.totals.negative;
        dark_rows += next.dark_rows;
        std::transform(lit.begin(), lit.end(), next.lit.begin(), lit.begin(), std::bit_or<>{});
    }
};

/// Dark columns among the kept ones.
inline std::size_t dark_columns(const partial_summary& sums, const grid& columns)
{
    std::size_t dark = 0;
    for (std::size_t c = 0; c < columns.size(); ++c)
        dark += columns.keeps(c) && !sums.lit[c];
    return dark;
}
}

/// One read of X: norm, sum, extremes, and what is negative, non-finite or dark. What lies under a
/// mask is not looked at. The same bits for any number of threads. `Rows` is a row_supply.
template <class Rows>
data_summary summarize(const Rows& x, std::size_t threads = 0)
{
    const bool by_row = x.stored_side() == side::maps;
    const grid &rows = x.shape().of(x.stored_side()), &cols = x.shape().of(other(x.stored_side()));
    const auto ranges = detail::kept_ranges(cols);
    const std::size_t n = rows.size(), chunks = std::min<std::size_t>(n, 16);
    constexpr std::size_t worth_threads = 65536;
    std::vector<detail::partial_summary> parts(chunks);
    parallel_for(chunks, n * cols.size() < worth_threads ? 1 : threads,
                 [&](std::size_t chunk, std::size_t)
                 {
                     parts[chunk].lit.assign(cols.size(), 0);
                     buffer<typename Rows::value_type> room;
                     auto* const fetched = Rows::in_place ? nullptr : room.get(cols.size());
                     for (std::size_t i = chunk * n / chunks; i < (chunk + 1) * n / chunks; ++i)
                         if (rows.keeps(i))
                             parts[chunk].add_row(x.row(i, fetched), ranges);
                 });
    for (std::size_t chunk = 1; chunk < chunks; ++chunk)
        parts[0].add(parts[chunk]);
    data_summary out = parts[0].totals;
    out.entries = rows.kept() * cols.kept();
    const std::size_t dark_cols = detail::dark_columns(parts[0], cols);
    out.dark_positions = by_row ? parts[0].dark_rows : dark_cols;
    out.dark_channels = by_row ? dark_cols : parts[0].dark_rows;
    if (!is_finite(out.squared_norm) || !is_finite(out.sum))
        detail::find_non_finite(x, out);
    return out;
}
}
