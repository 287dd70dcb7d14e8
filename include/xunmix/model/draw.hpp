// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/model/factor.hpp>

// Random numbers for a factor. Each block of its rows has an engine of its own, so what a row gets
// depends on nothing but the key and the row's number in the whole factor: not on threads, not on
// which rows are here.
namespace xunmix
{
/// So many rows of a factor share an engine.
inline constexpr std::size_t rows_drawn_together = 1024;

/// Draws a number for every entry of F (n x k), row by row, and hands it over:
///
///     put(F_ij, draw(engine of block b)),   b = floor(i / 1024),   seeded by mixed(key, b),
///
/// where i counts the rows of the whole factor: a view of some rows gets what the same rows get in
/// the whole factor of the same rank. draw(random_engine&) gives the number and must not depend on
/// the entry, put(entry, number) does with both what it likes. Masked rows become zero. Both are
/// called on up to `threads` threads at once.
template <class T, class Draw, class Put>
void draw_by_rows(factor_ref<T> f, std::uint64_t key, std::size_t threads, Draw draw, Put put)
{
    if (f.rows() == 0)
        return;
    constexpr std::size_t block = rows_drawn_together;
    const std::size_t first = f.first_row(), end = first + f.rows(), first_block = first / block;
    const auto draw_block = [&](std::size_t task, std::size_t)
    {
        const std::size_t begin = (first_block + task) * block, from = std::max(begin, first);
        const auto rows = f.block(from - first, std::min(begin + block, end) - from);
        random_engine engine(mixed(key, first_block + task));
        for (std::size_t passed = (from - begin) * f.rank(); passed > 0; --passed)
            static_cast<void>(draw(engine));
        for (std::size_t i = 0; i < rows.rows(); ++i)
            for (std::size_t j = 0; j < rows.rank(); ++j)
                put(rows(i, j), draw(engine));
        clear_masked(rows);
    };
    parallel_for((end - 1) / block - first_block + 1, threads, draw_block);
}

/// Fills a factor, or a block of its rows, with numbers uniform in [0, 1), see draw_by_rows.
/// Masked rows become zero.
template <class T>
void fill_uniform(factor_ref<T> f, std::uint64_t key, std::size_t threads = 1)
{
    draw_by_rows(f, key, threads, uniform01,
                 [](T& entry, double number) { entry = static_cast<T>(number); });
}

/// Fills a factor, or a block of its rows, with numbers of the standard normal distribution, see
/// draw_by_rows. Masked rows become zero.
template <class T>
void fill_normal(factor_ref<T> f, std::uint64_t key, std::size_t threads = 1)
{
    draw_by_rows(f, key, threads, normal01,
                 [](T& entry, double number) { entry = static_cast<T>(number); });
}
}
