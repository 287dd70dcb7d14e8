// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

// A register full of numbers. GCC's and clang's vector types give the widest registers the target
// has on every architecture, and widening loads of 8- and 16-bit counts; elsewhere a plain array
// that the compiler may vectorise. Define XUNMIX_NO_VECTOR_TYPES to use the array everywhere.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(XUNMIX_NO_VECTOR_TYPES)
#define XUNMIX_VECTOR_TYPES 1
#else
#define XUNMIX_VECTOR_TYPES 0
#endif
#if XUNMIX_VECTOR_TYPES && defined(__AVX2__)
#include <immintrin.h>
#endif

namespace xunmix::simd
{
#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
inline constexpr std::size_t register_count = 32;
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
inline constexpr std::size_t register_count = 16;
#elif defined(__aarch64__) || defined(__ARM_NEON)
inline constexpr std::size_t register_bytes = 16;
inline constexpr std::size_t register_count = 32;
#else
inline constexpr std::size_t register_bytes = 16;
inline constexpr std::size_t register_count = 16;
#endif

template <class F>
inline constexpr std::size_t lanes = register_bytes / sizeof(F);

namespace detail
{
#if XUNMIX_VECTOR_TYPES
template <class T, std::size_t N>
struct raw
{
    typedef T type __attribute__((vector_size(N * sizeof(T))));
};
#else
template <class T, std::size_t N>
struct raw
{
    using type = std::array<T, N>;
};
#endif
/// The integer type of the registers through which narrow counts widen on their way to floats.
template <class T>
using widened = std::conditional_t<(sizeof(T) < 4), std::int32_t, T>;
/// bool has no register of its own; its bytes are 0 and 1.
template <class T>
using stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

#if XUNMIX_VECTOR_TYPES && defined(__AVX2__)
/// Whether one instruction loads and widens a register of T: g++ makes several out of
/// __builtin_convertvector, on the port that multiplies.
template <class T>
inline constexpr bool widens_at_load = std::is_integral_v<T> && sizeof(T) < 4;

/// A register of 32-bit integers from 8- or 16-bit ones at `from`.
template <class T>
auto load_widened(const T* from)
{
#if defined(__AVX512F__)
    constexpr __mmask16 all = 0xffff; // g++ 12 warns of the instruction without a mask
    if constexpr (sizeof(T) == 1)
    {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return std::is_signed_v<T> ? _mm512_maskz_cvtepi8_epi32(all, x)
                                   : _mm512_maskz_cvtepu8_epi32(all, x);
    }
    else
    {
        const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        return std::is_signed_v<T> ? _mm512_maskz_cvtepi16_epi32(all, x)
                                   : _mm512_maskz_cvtepu16_epi32(all, x);
    }
#else
    if constexpr (sizeof(T) == 1)
    {
        const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
        return std::is_signed_v<T> ? _mm256_cvtepi8_epi32(x) : _mm256_cvtepu8_epi32(x);
    }
    else
    {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return std::is_signed_v<T> ? _mm256_cvtepi16_epi32(x) : _mm256_cvtepu16_epi32(x);
    }
#endif
}
#else
template <class T>
inline constexpr bool widens_at_load = false;
template <class T>
void load_widened(const T*) = delete;
#endif
}

/// Calls step(0), ..., step(N - 1) with the number as a constant: loops over registers must vanish,
/// and not every compiler sees that by itself.
template <std::size_t N, class Step>
[[gnu::always_inline]] inline void unrolled(Step&& step)
{
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline))
    {
        (step(I), ...);
    }
    (std::make_index_sequence<N>{});
}

/// Sum of N = 2^n numbers, always in the same order; uses them up.
template <class F, std::size_t N>
F sum_by_halves(F (&parts)[N])
{
    for (std::size_t half = N / 2; half > 0; half /= 2)
        for (std::size_t l = 0; l < half; ++l)
            parts[l] += parts[l + half];
    return parts[0];
}

/// N numbers of type F: a whole register, or fewer of a shorter one (N a power of two).
template <class F, std::size_t N = lanes<F>>
struct pack
{
    using raw = typename detail::raw<F, N>::type;
    raw value;

    static pack zero()
    {
        return {raw{}};
    }

    static pack broadcast(F x)
    {
#if XUNMIX_VECTOR_TYPES
        return {x - raw{}}; // x - 0 is x, which compilers know; 0 + x is not, for x = -0
#else
        pack p;
        p.value.fill(x);
        return p;
#endif
    }

    /// The N numbers at `from`, converted to F; needs no alignment.
    template <class T>
    static pack load(const T* from)
    {
#if XUNMIX_VECTOR_TYPES
        using S = detail::stored<T>;
        using W = typename detail::raw<detail::widened<S>, N>::type;
        if constexpr (detail::widens_at_load<S> && sizeof(F) == 4 && N == lanes<F>)
        {
            const auto wide = detail::load_widened(reinterpret_cast<const S*>(from));
            W x;
            std::memcpy(&x, &wide, sizeof x);
            return {__builtin_convertvector(x, raw)};
        }
        else
        {
            typename detail::raw<S, N>::type x;
            std::memcpy(&x, from, sizeof x);
            if constexpr (std::is_same_v<S, F>)
                return {x};
            else
                return {__builtin_convertvector(__builtin_convertvector(x, W), raw)};
        }
#else
        pack p;
        for (std::size_t l = 0; l < N; ++l)
            p.value[l] = static_cast<F>(from[l]);
        return p;
#endif
    }

    void store(F* to) const
    {
        std::memcpy(to, &value, sizeof value);
    }

    /// The same value, in a register: without that, compilers read an operand that is used several
    /// times from memory each time, and the reads take longer than the products.
    pack kept() const
    {
        raw x = value;
#if XUNMIX_VECTOR_TYPES && defined(__AVX__)
        asm("" : "+v"(x));
#elif XUNMIX_VECTOR_TYPES && defined(__SSE2__)
        asm("" : "+x"(x));
#elif XUNMIX_VECTOR_TYPES && defined(__aarch64__)
        asm("" : "+w"(x));
#endif
        return {x};
    }

    /// this += a b
    void add_product(const pack& a, const pack& b)
    {
#if XUNMIX_VECTOR_TYPES
        value += a.value * b.value;
#else
        for (std::size_t l = 0; l < N; ++l)
            value[l] += a.value[l] * b.value[l];
#endif
    }

    friend pack operator+(const pack& a, const pack& b)
    {
#if XUNMIX_VECTOR_TYPES
        return {a.value + b.value};
#else
        pack sum = a;
        for (std::size_t l = 0; l < N; ++l)
            sum.value[l] += b.value[l];
        return sum;
#endif
    }
    friend pack operator*(const pack& a, const pack& b)
    {
        pack product = zero();
        product.add_product(a, b);
        return product;
    }

    /// Sum of all lanes, always in the same order.
    F sum() const
    {
        F parts[N];
        store(parts);
        return sum_by_halves(parts);
    }
};
}
