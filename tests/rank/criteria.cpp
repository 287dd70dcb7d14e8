// SPDX-License-Identifier: BSD-3-Clause
#include "../svd/jacobi.hpp"

#include <xunmix/matrix/scaled.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/rank/spectrum_of.hpp>

#include "planted.hpp"

namespace criteria_test
{
using namespace support;

namespace
{
/// Squared singular values `strong`, then a floor that falls slowly, of a 100 x 40 matrix.
xu::spectrum floor_with(const std::vector<double>& strong)
{
    xu::spectrum s{.values = strong, .total = 0, .positions = 100, .channels = 40};
    while (s.values.size() < 40)
        s.values.push_back(200 - 2 * static_cast<double>(s.values.size()));
    s.total = std::accumulate(s.values.begin(), s.values.end(), 0.0);
    return s;
}
}

TEST_CASE("scree_elbow: finds where the floor begins")
{
    for (std::size_t k = 1; k <= 6; ++k)
    {
        std::vector<double> strong;
        for (std::size_t j = 0; j < k; ++j)
            strong.push_back(1e6 / static_cast<double>(j + 1));
        CAPTURE(k);
        CHECK(xu::scree_elbow(floor_with(strong).values) == k);
    }
    CHECK(xu::scree_elbow({8, 4, 2, 1}) == 1);            // a straight line has none: the least
    CHECK(xu::scree_elbow({100, 90, 1, 0.9, 0, 0}) == 2); // zeros have no logarithm
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::scree_elbow({2, 1, 0});
              }) == "an elbow needs at least three values above zero, got 2");
}

TEST_CASE("indicator: is Malinowski's formula, from the residual alone")
{
    // Eigenvalues 9, 4, 1, 1 of a 6 x 4 matrix: c = 4, r = 6.
    const xu::spectrum s{.values = {9, 4}, .total = 15, .positions = 6, .channels = 4};
    CHECK(xu::indicator(s, 0) == doctest::Approx(std::sqrt(15.0 / 24) / 16));
    CHECK(xu::indicator(s, 1) == doctest::Approx(std::sqrt(6.0 / 18) / 9));
    CHECK(xu::indicator(s, 2) == doctest::Approx(std::sqrt(2.0 / 12) / 4));
    CHECK(std::isinf(
        xu::indicator({.values = {1, 1}, .total = 2, .positions = 2, .channels = 9}, 2)));
    // The other way round it is the same.
    const xu::spectrum turned{.values = {9, 4}, .total = 15, .positions = 4, .channels = 6};
    CHECK(xu::indicator(turned, 1) == xu::indicator(s, 1));
    CHECK(message_of<xu::invalid_argument>([&] { xu::indicator(s, 3); }) ==
          "the residual of rank 3 needs as many singular values, got 2");
}

TEST_CASE("aic and bic: agree with a model's own residual on a small matrix")
{
    const matrix X = random_matrix(7, 5, 3);
    const auto svd = jacobi::decompose(X);
    const xu::spectrum s = xu::spectrum_of(xu::dense(unfold_as<double>(X)), 5, 1);
    for (std::size_t k = 1; k < 5; ++k)
    {
        CAPTURE(k);
        const double rss = squared_norm(X - svd.leading(k));
        const double p = static_cast<double>(k * (7 + 5 - k));
        CHECK(s.residual(k) == doctest::Approx(rss));
        CHECK(xu::aic(s, k, xu::variance::unknown) ==
              doctest::Approx(35 * std::log(rss / 35) + 2 * p));
        CHECK(xu::bic(s, k, xu::variance::unknown) ==
              doctest::Approx(35 * std::log(rss / 35) + p * std::log(35.0)));
        CHECK(xu::aic(s, k, xu::variance::one) == doctest::Approx(rss + 2 * p));
        CHECK(xu::bic(s, k, xu::variance::one) == doctest::Approx(rss + p * std::log(35.0)));
    }
}

TEST_CASE("criteria: find strong components in even noise")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        matrix X = random_matrix(120, 3, seed) * transposed(random_matrix(60, 3, seed + 100));
        const matrix noise = random_matrix(120, 60, seed + 200, -0.2, 0.2);
        for (std::size_t e = 0; e < X.values.size(); ++e)
            X.values[e] += noise.values[e];
        const auto s = xu::spectrum_of(xu::dense(unfold_as<float>(X)), 20, 1);
        const auto least = [&](auto&& value)
        {
            std::size_t best = 1;
            for (std::size_t k = 1; k <= 10; ++k)
                best = value(k) < value(best) ? k : best;
            return best;
        };
        using enum xu::variance;
        CAPTURE(seed);
        CHECK(xu::scree_elbow(s.values) == 3);
        CHECK(least([&](std::size_t k) { return xu::indicator(s, k); }) == 3);
        // Akaike's criterion tends to take too many: a component of noise gains more than 2 p.
        CHECK(least([&](std::size_t k) { return xu::aic(s, k, unknown); }) >= 3);
        CHECK(least([&](std::size_t k) { return xu::bic(s, k, unknown); }) == 3);
        CHECK(xu::gaussian_noise_edge(s, 10).rank == 3);
        CHECK(xu::noise_level(s, 3) == doctest::Approx(0.4 / std::sqrt(12.0)).epsilon(0.02));
    }
}

TEST_CASE("gaussian_noise_edge: counts none in noise, all without it, and says where it stopped")
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        const matrix noise = random_matrix(200, 50, seed, -1, 1);
        const auto s = xu::spectrum_of(xu::dense(unfold_as<double>(noise)), 5, 1);
        CAPTURE(seed);
        CHECK(xu::gaussian_noise_edge(s, 5).rank == 0);
    }
    const matrix X = random_matrix(30, 4, 1) * transposed(random_matrix(20, 4, 2));
    const auto s = xu::spectrum_of(xu::dense(unfold_as<double>(X)), 20, 1);
    const auto all = xu::gaussian_noise_edge(s, 10), some = xu::gaussian_noise_edge(s, 2);
    CHECK(all.rank == 4);
    CHECK(!all.is_open);
    CHECK(some.rank == 2);
    CHECK(some.is_open);
    CHECK(some.edges.size() == 3);
}

TEST_CASE("spectrum_of: singular values of an independent decomposition, masks left out")
{
    matrix X = random_matrix(40, 25, 5);
    const auto exact = jacobi::decompose(X);
    const auto plain = xu::spectrum_of(xu::dense(unfold_as<double>(X)), 25, 1);
    for (std::size_t j = 0; j < 25; ++j)
        CHECK(plain.values[j] ==
              doctest::Approx(exact.lengths[j] * exact.lengths[j]).epsilon(1e-8));
    CHECK(plain.total == doctest::Approx(squared_norm(X)));
    // Two more positions and a channel under masks, NaN there.
    matrix wide(42, 26, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < 40; ++i)
        for (std::size_t c = 0; c < 25; ++c)
            wide(i + 1, c) = X(i, c);
    xu::tensor<bool> rows = xu::tensor<bool>::from_shape({42}),
                     columns = xu::tensor<bool>::from_shape({26});
    for (std::size_t i = 0; i < 42; ++i)
        rows.data()[i] = i >= 1 && i <= 40;
    for (std::size_t c = 0; c < 26; ++c)
        columns.data()[c] = c < 25;
    for (const auto how : {layout::row_major, layout::column_major})
    {
        const xu::dense<double> masked(
            unfold_as<double>(wide, how).mask_positions(rows).mask_channels(columns));
        const auto s = xu::spectrum_of(masked, 10, 1);
        CHECK(s.positions == 40);
        CHECK(s.channels == 25);
        for (std::size_t j = 0; j < 10; ++j)
            CHECK(s.values[j] == doctest::Approx(plain.values[j]).epsilon(1e-8));
    }
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::spectrum_of(xu::dense(unfold_as<double>(X)), 26, 1); }) ==
          "a spectrum has 1 to min(positions, channels) = 25 values, got 26");
}
}
