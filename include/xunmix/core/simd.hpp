// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

// A register full of numbers. GCC's and clang's vector types give the widest registers the target
// has on every architecture, and widening loads of 8- and 16-bit counts; elsewhere a plain array
// that the compiler may vectorise. Define XUNMIX_NO_VECTOR_TYPES to use the array everywhere.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(XUNMIX_NO_VECTOR_TYPES)
#define XUNMIX_VECTOR_TYPES 1
#else
#define XUNMIX_VECTOR_TYPES 0
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
}

/// lanes<F> numbers of type F.
template <class F>
struct pack
{
    using raw = typename detail::raw<F, lanes<F>>::type;
    raw value;

    static pack zero()
    {
        return {raw{}};
    }

    static pack broadcast(F x)
    {
#if XUNMIX_VECTOR_TYPES
        return {raw{} + x};
#else
        pack p;
        p.value.fill(x);
        return p;
#endif
    }

    /// The lanes<F> numbers at `from`, converted to F; needs no alignment.
    template <class T>
    static pack load(const T* from)
    {
#if XUNMIX_VECTOR_TYPES
        using S = detail::stored<T>;
        typename detail::raw<S, lanes<F>>::type x;
        std::memcpy(&x, from, sizeof x);
        if constexpr (std::is_same_v<S, F>)
            return {x};
        else
        {
            using W = typename detail::raw<detail::widened<S>, lanes<F>>::type;
            return {__builtin_convertvector(__builtin_convertvector(x, W), raw)};
        }
#else
        pack p;
        for (std::size_t l = 0; l < lanes<F>; ++l)
            p.value[l] = static_cast<F>(from[l]);
        return p;
#endif
    }

    void store(F* to) const
    {
        std::memcpy(to, &value, sizeof value);
    }

    /// this += a b
    void add_product(const pack& a, const pack& b)
    {
#if XUNMIX_VECTOR_TYPES
        value += a.value * b.value;
#else
        for (std::size_t l = 0; l < lanes<F>; ++l)
            value[l] += a.value[l] * b.value[l];
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
        F parts[lanes<F>];
        store(parts);
        for (std::size_t half = lanes<F> / 2; half > 0; half /= 2)
            for (std::size_t l = 0; l < half; ++l)
                parts[l] += parts[l + half];
        return parts[0];
    }
};
}
