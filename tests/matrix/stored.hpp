// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// X in memory as tests want it: any type, either order, gaps between rows, masks with rubbish
// beneath; and what its products are by plain loops in double.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/unfold/unfold.hpp>

#include "../support.hpp"

namespace stored
{
namespace xu = xunmix;
using support::layout;
using support::matrix;
using flags = std::vector<std::uint8_t>;

struct arrangement
{
    layout order = layout::row_major;
    std::size_t gap = 0; ///< unused numbers after each stored row
    bool masks = false;  ///< hide some positions and some channels
};

/// All arrangements worth trying.
inline const arrangement arrangements[] = {
    {layout::row_major, 0, false},   {layout::row_major, 5, true},
    {layout::row_major, 0, true},    {layout::row_major, 3, false},
    {layout::column_major, 0, true}, {layout::column_major, 2, false},
};

/// Hides every fifth place and a stretch from 20 to 59, but never the first; empty: hides nothing.
inline flags mask_of(std::size_t count, bool masks)
{
    flags keep(masks ? count : 0, 1);
    for (std::size_t i = 1; i < keep.size(); ++i)
        keep[i] = i % 5 == 2 || (i >= 20 && i < 60) ? 0 : 1;
    return keep;
}

inline bool keeps(const flags& keep, std::size_t i)
{
    return keep.empty() || keep[i] != 0;
}

/// What must never be read: NaN where the type has it, else its largest number.
template <class T>
constexpr T rubbish()
{
    return std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN()
                                                 : std::numeric_limits<T>::max();
}

/// X as data of type T, rubbish under the masks and in the gaps.
template <class T>
xu::unfolded<T> store(const matrix& X, const arrangement& how)
{
    const bool by_row = how.order == layout::row_major;
    const std::size_t stride = (by_row ? X.cols : X.rows) + how.gap;
    const std::shared_ptr<T[]> memory(new T[(by_row ? X.rows : X.cols) * stride]);
    std::fill_n(memory.get(), (by_row ? X.rows : X.cols) * stride, rubbish<T>());
    xu::unfolding shape{.positions = {{X.rows}, mask_of(X.rows, how.masks)},
                        .channels = {{X.cols}, mask_of(X.cols, how.masks)},
                        .axes = {0, 1}};
    const auto at = [&](std::size_t i, std::size_t c)
    { return by_row ? i * stride + c : c * stride + i; };
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            if (shape.positions.keeps(i) && shape.channels.keeps(c))
                memory.get()[at(i, c)] = static_cast<T>(X(i, c));
    return {memory.get(), by_row ? stride : 1, by_row ? 1 : stride, std::move(shape), memory};
}

/// X with zeros where it is masked: what the products see.
inline matrix visible(matrix X, const arrangement& how)
{
    const flags rows = mask_of(X.rows, how.masks), cols = mask_of(X.cols, how.masks);
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            if (!keeps(rows, i) || !keeps(cols, c))
                X(i, c) = 0;
    return X;
}

/// A factor with its masked rows held at zero.
inline matrix held(matrix F, bool masks)
{
    const flags keep = mask_of(F.rows, masks);
    for (std::size_t i = 0; i < F.rows; ++i)
        for (std::size_t j = 0; j < F.cols; ++j)
            F(i, j) *= keeps(keep, i) ? 1 : 0;
    return F;
}

/// Counts from 0 to 90: every type holds them.
inline matrix counts(std::size_t rows, std::size_t cols, std::uint64_t seed)
{
    return support::counted(support::random_matrix(rows, cols, seed), 90);
}

inline matrix magnitudes(matrix a)
{
    for (double& x : a.values)
        x = std::abs(x);
    return a;
}

/// Whether `out`, computed in F, is A B: each entry as near as sums in F can be.
template <class F>
bool is_product(const matrix& out, const matrix& A, const matrix& B)
{
    const matrix exact = A * B, size = magnitudes(A) * magnitudes(B);
    const double precision = 4 * static_cast<double>(std::numeric_limits<F>::epsilon());
    for (std::size_t e = 0; e < out.values.size(); ++e)
        if (!(std::abs(out.values[e] - exact.values[e]) <= precision * size.values[e]))
            return false;
    return out.rows == exact.rows && out.cols == exact.cols;
}
}
