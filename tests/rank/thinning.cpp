// SPDX-License-Identifier: BSD-3-Clause
#include "planted.hpp"

#include <xunmix/rank/thinning.hpp>

namespace thinning_test
{
using namespace support;

namespace
{
template <class T>
matrix elements(const xu::unfolded<T>& x)
{
    matrix out(x.rows(), x.cols());
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t c = 0; c < x.cols(); ++c)
            out(i, c) = static_cast<double>(x(i, c));
    return out;
}

/// Whether a mean of `count` numbers with this standard deviation may lie so far off: 4.5 sigma.
bool is_near(double found, double expected, double deviation, double count)
{
    return std::abs(found - expected) < 4.5 * deviation / std::sqrt(count);
}
}

TEST_CASE_TEMPLATE("thin: the parts sum up to the data, which stay as they are", T, std::uint8_t,
                   std::uint16_t, std::uint32_t, std::int32_t, float, double)
{
    const matrix X = poisson_counts(random_matrix(50, 40, 1, 0, 8), 2);
    const auto scan = unfold_as<T>(X);
    const auto parts = xu::thin(scan, {.held_out = 0.3, .seed = 5});
    CHECK(squared_norm(elements(scan) - X) == 0);
    CHECK(squared_norm(elements(parts.train) - (X - elements(parts.test))) == 0);
    CHECK(squared_norm(elements(parts.test)) > 0);
    for (const double x : elements(parts.test).values)
        CHECK((x >= 0 && x == std::floor(x)));
}

TEST_CASE("thin: nothing or everything at the edges of the probability")
{
    const matrix X = poisson_counts(random_matrix(20, 30, 1, 0, 20), 2);
    const auto scan = unfold_as<std::uint16_t>(X);
    const auto none = xu::thin(scan, {.held_out = 0}), all = xu::thin(scan, {.held_out = 1});
    CHECK(squared_norm(elements(none.test)) == 0);
    CHECK(squared_norm(elements(none.train) - X) == 0);
    CHECK(squared_norm(elements(all.train)) == 0);
    CHECK(squared_norm(elements(all.test) - X) == 0);
}

TEST_CASE("thin: binomial in mean and variance, and independent for Poisson counts")
{
    for (const double mean : {0.05, 2.0, 40.0})
        for (const double f : {0.1, 0.5, 0.9})
        {
            const matrix X = poisson_counts(matrix(400, 250, mean), 7);
            const auto parts = xu::thin(unfold_as<std::uint16_t>(X), {.held_out = f, .seed = 3});
            const auto train = elements(parts.train), test = elements(parts.test);
            const double count = 1e5, a = (1 - f) * mean, b = f * mean;
            double at = 0, bt = 0, aa = 0, bb = 0, ab = 0;
            for (std::size_t e = 0; e < train.values.size(); ++e)
            {
                const double x = train.values[e] - a, y = test.values[e] - b;
                at += x / count, bt += y / count;
                aa += x * x / count, bb += y * y / count, ab += x * y / count;
            }
            CAPTURE(mean);
            CAPTURE(f);
            CHECK(is_near(at, 0, std::sqrt(a), count));
            CHECK(is_near(bt, 0, std::sqrt(b), count));
            CHECK(is_near(aa, a, std::sqrt(2 * a * a + a), count)); // fourth moment 3 a^2 + a
            CHECK(is_near(bb, b, std::sqrt(2 * b * b + b), count));
            CHECK(is_near(ab, 0, std::sqrt(a * b), count));
        }
    // Given the count, the variance is f (1 - f) X.
    const auto parts =
        xu::thin(unfold_as<std::uint16_t>(matrix(400, 250, 30)), {.held_out = 0.2, .seed = 9});
    double square = 0;
    for (const double y : elements(parts.test).values)
        square += (y - 6) * (y - 6) / 1e5;
    CHECK(is_near(square, 4.8, std::sqrt(2.0) * 4.8, 1e5));
}

TEST_CASE("thin: the same for a seed, whatever the threads and the order in memory")
{
    const matrix X = poisson_counts(random_matrix(60, 30, 1, 0, 5), 2);
    const auto scan = unfold_as<std::uint16_t>(X);
    const auto one = elements(xu::thin(scan, {.seed = 4, .threads = 1}).test);
    CHECK(squared_norm(elements(xu::thin(scan, {.seed = 4, .threads = 2}).test) - one) == 0);
    CHECK(squared_norm(elements(xu::thin(scan, {.seed = 5}).test) - one) > 0);
    const auto turned = unfold_as<std::uint16_t>(X, layout::column_major);
    CHECK(squared_norm(elements(xu::thin(turned, {.seed = 4}).test) - one) == 0);
}

TEST_CASE("thin: masked places hold zeros, and every second position half the memory")
{
    matrix X = poisson_counts(random_matrix(9, 12, 1, 1, 5), 2);
    xu::tensor<bool> keep = xu::tensor<bool>::from_shape({9});
    for (std::size_t i = 0; i < 9; ++i)
        keep.data()[i] = i != 4;
    for (std::size_t c = 0; c < 12; ++c)
        X(4, c) = std::numeric_limits<double>::quiet_NaN();
    const auto scan = unfold_as<float>(X).mask_positions(keep);
    const auto parts = xu::thin(scan, {.held_out = 0.5, .every = 2});
    CHECK(parts.train.rows() == 5);
    CHECK(!parts.train.shape().positions.keeps(2));
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t c = 0; c < 12; ++c)
            CHECK(parts.train(i, c) + parts.test(i, c) ==
                  (i == 2 ? 0 : static_cast<float>(X(2 * i, c))));
}

TEST_CASE("thin: what are no counts is refused, with the place")
{
    matrix X = poisson_counts(random_matrix(5, 6, 1, 0, 5), 2);
    X(3, 2) = 1.5;
    CHECK(message_of<xu::invalid_data>([&] { xu::thin(unfold_as<double>(X)); }) ==
          "thinning needs counts, whole numbers that are not negative: at position 3, channel 2 X "
          "is 1.5; use the data as they were counted, or another criterion");
    X(3, 2) = -2;
    CHECK(message_of<xu::invalid_data>([&] { xu::thin(unfold_as<std::int16_t>(X)); }) ==
          "thinning needs counts, whole numbers that are not negative: at position 3, channel 2 X "
          "is -2; use the data as they were counted, or another criterion");
    X(3, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(xu::thin(unfold_as<float>(X)), xu::invalid_data);
    CHECK(message_of<xu::invalid_argument>([&]
                                           { xu::thin(unfold_as<float>(X), {.held_out = 1.5}); }) ==
          "thinning holds out a share from 0 to 1 of every position or of each so many-th; got 1.5 "
          "and 1");
}

TEST_CASE("held_out_error: least at the true rank, 1 there, and growing beyond")
{
    std::size_t right = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const std::size_t rank = 2 + seed % 3;
        const auto scan = unfold_as<std::uint16_t>(
            poisson_counts(planted_means(rank, 30, 80, 200, seed), seed + 50));
        const auto r = xu::held_out_error(scan, {.highest = 8, .seed = seed, .threads = 1});
        CAPTURE(seed);
        CHECK(r.error.size() == 9);
        CHECK(r.error[rank] == doctest::Approx(1).epsilon(0.05));
        CHECK(r.error[rank] < r.error[rank - 1]);
        CHECK(r.error[8] > r.error[rank]);
        right += r.rank == rank;
        const auto again = xu::held_out_error(scan, {.highest = 8, .seed = seed, .threads = 2});
        CHECK(again.error == r.error);
    }
    CHECK(right == 5);
    const auto scan = unfold_as<std::uint16_t>(poisson_counts(matrix(9, 12, 3), 1));
    CHECK(message_of<xu::invalid_argument>([&] { xu::held_out_error(scan, {.highest = 10}); }) ==
          "a held-out error takes 1 to min(positions, channels) = 9 components, got 10");
    CHECK(message_of<xu::invalid_argument>([&] { xu::held_out_error(scan, {.held_out = 1}); }) ==
          "the share held out must lie between 0 and 1, got 1");
}
}
