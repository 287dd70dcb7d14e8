// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

// What a number is, told from its bits: with -ffast-math compilers take it for granted that
// arithmetic never meets NaN or infinities, and std::isfinite says what they take for granted.
namespace xunmix
{
namespace detail
{
template <std::floating_point T>
using bits_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// The bits of |x|.
template <std::floating_point T>
constexpr bits_of<T> magnitude_bits(T x)
{
    return std::bit_cast<bits_of<T>>(x) & (static_cast<bits_of<T>>(-1) >> 1U);
}
/// The bits of infinity.
template <std::floating_point T>
inline constexpr bits_of<T> infinity_bits = sizeof(T) == 4
                                                ? static_cast<bits_of<T>>(0x7F800000U)
                                                : static_cast<bits_of<T>>(0x7FF0000000000000ULL);
}

/// Whether x is neither NaN nor infinite.
template <std::floating_point T>
constexpr bool is_finite(T x)
{
    return detail::magnitude_bits(x) < detail::infinity_bits<T>;
}
template <std::floating_point T>
constexpr bool is_nan(T x)
{
    return detail::magnitude_bits(x) > detail::infinity_bits<T>;
}
template <std::floating_point T>
constexpr bool is_infinite(T x)
{
    return detail::magnitude_bits(x) == detail::infinity_bits<T>;
}
}
