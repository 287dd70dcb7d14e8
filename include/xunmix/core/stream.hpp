// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Hints for copies larger than the caches. A plain store reads its cache line from memory first,
// for nothing where the whole line is written: a third of the traffic of a copy. And where a copy
// jumps about, the hardware does not guess which line is read next.
namespace xunmix::detail
{
inline constexpr std::size_t line_bytes = 64;

/// Copies one cache line past the caches to `to`, which lies on a line's boundary.
inline void stream_line(unsigned char* to, const unsigned char* from)
{
#if defined(__SSE2__)
    for (std::size_t b = 0; b < line_bytes; b += sizeof(__m128i))
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + b),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + b)));
#elif defined(__clang__)
    typedef std::uint64_t part __attribute__((vector_size(16), may_alias));
    for (std::size_t b = 0; b < line_bytes; b += sizeof(part))
    {
        part x;
        std::memcpy(&x, from + b, sizeof x);
        __builtin_nontemporal_store(x, reinterpret_cast<part*>(to + b));
    }
#else
    std::memcpy(to, from, line_bytes);
#endif
}

/// memcpy past the caches. Other threads may read the copy after stream_fence().
template <class T>
void stream_copy(T* to, const T* from, std::size_t count)
{
    auto* out = reinterpret_cast<unsigned char*>(to);
    const auto* in = reinterpret_cast<const unsigned char*>(from);
    const std::size_t bytes = count * sizeof(T);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(to) % line_bytes;
    std::size_t done = std::min(bytes, (line_bytes - past) % line_bytes);
    std::memcpy(out, in, done);
    for (; done + line_bytes <= bytes; done += line_bytes)
        stream_line(out + done, in + done);
    std::memcpy(out + done, in + done, bytes - done);
}

inline void stream_fence()
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/// Asks for the cache line `ahead` numbers beyond `p`, which need not exist. Inlined by force, and
/// so must be functions that do nothing else: g++ takes those for functions without effect and
/// drops calls of them.
template <class T>
[[gnu::always_inline]] inline void prefetch(const T* p, std::ptrdiff_t ahead)
{
#if defined(__GNUC__)
    const auto bytes = static_cast<std::uintptr_t>(ahead) * sizeof(T);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + bytes),
                       0, 3);
#else
    (void)p, (void)ahead;
#endif
}
}
