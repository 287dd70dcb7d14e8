// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include <xunmix/core/simd.hpp>

#if XUNMIX_VECTOR_TYPES && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define XUNMIX_SHUFFLES 1
#endif
#endif
#ifndef XUNMIX_SHUFFLES
#define XUNMIX_SHUFFLES 0
#endif

namespace xunmix::simd
{
/// Side of the largest square that is transposed in registers, one register a row. Registers wider
/// than 16 bytes help only where one instruction mixes all of two of them, as in AVX-512.
template <class T>
inline constexpr std::size_t square = std::min<std::size_t>(16, (register_bytes == 64 ? 64 : 16) /
                                                                    sizeof(T));

namespace detail
{
#if XUNMIX_SHUFFLES
/// Half 0 or 1 of a0 b0 a1 b1 ...: two registers interleaved.
template <std::size_t Half, class V, std::size_t... I>
[[gnu::always_inline]] inline V interleaved(V a, V b, std::index_sequence<I...>)
{
    constexpr std::size_t N = sizeof...(I);
    return __builtin_shufflevector(a, b, (Half * (N / 2) + I / 2 + I % 2 * N)...);
}

/// Interleaves each register of the first half with its partner in the second. Seen as one string,
/// the binary digits of an element's row and column move one place to the left, the first to the
/// end: log2(N) such rounds make rows of columns.
template <std::size_t Rounds, class V, std::size_t N, std::size_t... I>
[[gnu::always_inline]] inline void shuffle(V (&row)[N], std::index_sequence<I...> pairs)
{
    constexpr auto lane = std::make_index_sequence<N>{};
    V next[N];
    ((next[2 * I] = interleaved<0>(row[I], row[I + N / 2], lane),
      next[2 * I + 1] = interleaved<1>(row[I], row[I + N / 2], lane)),
     ...);
    ((row[2 * I] = next[2 * I], row[2 * I + 1] = next[2 * I + 1]), ...);
    if constexpr (Rounds > 1)
        shuffle<Rounds - 1>(row, pairs);
}
#endif

template <std::size_t N, class T, std::size_t... I>
void transpose_square(const T* from, std::ptrdiff_t from_stride, T* to, std::size_t to_stride,
                      std::index_sequence<I...>)
{
#if XUNMIX_SHUFFLES
    using V = typename raw<stored<T>, N>::type;
    V row[N];
    (std::memcpy(&row[I], from + static_cast<std::ptrdiff_t>(I) * from_stride, sizeof(V)), ...);
    if constexpr (N > 1)
        shuffle<std::bit_width(N) - 1>(row, std::make_index_sequence<N / 2>{});
    (std::memcpy(to + I * to_stride, &row[I], sizeof(V)), ...);
#else
    for (std::size_t j = 0; j < N; ++j, from += from_stride)
        for (std::size_t i = 0; i < N; ++i)
            to[i * to_stride + j] = from[i];
#endif
}
}

/// to[i * to_stride + j] = from[i + j * from_stride] for `rows` x `cols` numbers: squares of side N
/// as far as they go, smaller ones along the two edges that remain.
template <class T, std::size_t N = square<T>>
void transpose(const T* from, std::ptrdiff_t from_stride, T* to, std::size_t to_stride,
               std::size_t rows, std::size_t cols)
{
    const std::size_t whole_rows = rows / N * N, whole_cols = cols / N * N;
    for (std::size_t j = 0; j < whole_cols; j += N)
        for (std::size_t i = 0; i < whole_rows; i += N)
            detail::transpose_square<N>(from + i + static_cast<std::ptrdiff_t>(j) * from_stride,
                                        from_stride, to + i * to_stride + j, to_stride,
                                        std::make_index_sequence<N>{});
    if constexpr (N > 1)
    {
        constexpr std::size_t less = N > 4 ? 4 : 1;
        transpose<T, less>(from + static_cast<std::ptrdiff_t>(whole_cols) * from_stride,
                           from_stride, to + whole_cols, to_stride, whole_rows, cols - whole_cols);
        transpose<T, less>(from + whole_rows, from_stride, to + whole_rows * to_stride, to_stride,
                           rows - whole_rows, cols);
    }
}
}
