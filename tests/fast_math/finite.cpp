// SPDX-License-Identifier: BSD-3-Clause
// Compiled with -ffast-math, under which compilers take it that there is neither NaN nor infinity.
#include "../support.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/hals.hpp>

namespace finite_test
{
using namespace support;

namespace
{
/// Not a constant, of which a compiler may believe what it likes.
template <class T>
T from_bits(std::uint64_t bits)
{
    using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    volatile word read = static_cast<word>(bits);
    const word kept = read;
    T out;
    std::memcpy(&out, &kept, sizeof out);
    return out;
}
const double not_a_number = from_bits<double>(0x7FF8000000000000ULL),
             infinite = from_bits<double>(0xFFF0000000000000ULL);
}

TEST_CASE("is_finite, is_nan, is_infinite: what a number is, by its bits")
{
    CHECK((xu::is_nan(not_a_number) && !xu::is_finite(not_a_number)));
    CHECK(xu::is_nan(from_bits<float>(0x7F800001ULL)));
    CHECK((xu::is_infinite(infinite) && !xu::is_nan(infinite) && !xu::is_finite(infinite)));
    CHECK(xu::is_infinite(from_bits<float>(0x7F800000ULL)));
    for (const double x : {0.0, -0.0, 1.0, -1e300, 5e-324})
        CHECK((xu::is_finite(x) && !xu::is_nan(x) && !xu::is_infinite(x)));
    for (const float x : {0.0F, 3e38F, -1e-45F})
        CHECK((xu::is_finite(x) && !xu::is_nan(x) && !xu::is_infinite(x)));
}

TEST_CASE("fast math: NaN and infinities in the data are refused")
{
    for (const double bad : {not_a_number, infinite})
    {
        matrix X = random_matrix(20, 15, 1);
        X(3, 4) = bad;
        CHECK(message_of<xu::invalid_data>(
                  [&] { xu::factorize(unfold_as<double>(X), {.rank = 2}, xu::hals{}); })
                  .starts_with("X must be finite: it holds 1 NaN or infinite values, the first at "
                               "position 3, channel 4"));
    }
}

TEST_CASE("fast math: NaN marks what is free in fixed")
{
    const matrix X = random_matrix(20, 15, 1);
    auto known = xu::tensor<double>::from_shape({1, 15});
    for (std::size_t c = 0; c < 15; ++c)
        known.data()[c] = c % 3 == 0 ? not_a_number : 0.5;
    const auto result = xu::factorize(unfold_as<double>(X), {.rank = 2, .max_iterations = 20},
                                      xu::hals{}, xu::on_maps(xu::non_negative{}),
                                      xu::on_components(xu::non_negative{}, xu::fixed(known)));
    const auto components = result.components_matrix();
    for (std::size_t c = 0; c < 15; ++c)
        CHECK((xu::is_finite(components(c, 0)) && (c % 3 == 0 || components(c, 0) == 0.5)));
    CHECK(xu::is_finite(result.mse));
    CHECK(result.mse ==
          doctest::Approx(
              squared_residual(X, to_matrix(result.maps_matrix()), to_matrix(components)) / 300));
}
}
