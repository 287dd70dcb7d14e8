// SPDX-License-Identifier: BSD-3-Clause
// The tests' own tools.
#include "support.hpp"

namespace support_test
{
using namespace support;

TEST_CASE("support: permuted and scaled columns are matched with cosine 1")
{
    const matrix truth = random_matrix(30, 4, 1);
    matrix found(30, 5);
    const std::size_t place[] = {3, 0, 4, 1};
    for (std::size_t i = 0; i < 30; ++i)
    {
        found(i, 2) = 1;
        for (std::size_t j = 0; j < 4; ++j)
            found(i, place[j]) = truth(i, j) * std::pow(10.0, static_cast<double>(j));
    }
    const matching m = match(found, truth);
    CHECK(m.worst() == doctest::Approx(1).epsilon(1e-12));
    for (std::size_t j = 0; j < 4; ++j)
        CHECK(m.found[j] == place[j]);
}

TEST_CASE("support: the KKT residual vanishes at the planted factors and nowhere near")
{
    for (const bool pure_channels : {false, true})
    {
        const planted p = plant({.rank = 4, .pure_channels = pure_channels, .scale_ratio = 10});
        CHECK(kkt_residual_of_both(p.X, p.maps, p.components) < 1e-12);
        matrix off = p.maps;
        off(17, 2) += 0.1;
        CHECK(kkt_residual(p.X, off, p.components) > 1e-3);
        const matrix& pure = pure_channels ? p.components : p.maps;
        const matrix& other = pure_channels ? p.maps : p.components;
        for (std::size_t j = 0; j < 4; ++j)
            for (std::size_t l = 0; l < 4; ++l)
            {
                CHECK((pure(j, l) > 0) == (j == l));
                CHECK((other(j, l) > 0) == (j != l));
            }
    }
    // One number: 1/2 (f - 3)^2 + l1 |f| + ridge/2 f^2 has its minimum at (3 - l1) / (1 + ridge).
    const matrix X(1, 1, 3), one(1, 1, 1);
    CHECK(kkt_residual(X, matrix(1, 1, 1.25), one, {.l1 = 0.5, .ridge = 1}) < 1e-15);
    CHECK(kkt_residual(X, matrix(1, 1, 2), one, {.upper = 2}) < 1e-15);
    CHECK(kkt_residual(X, matrix(1, 1, 2), one) > 0.4);
}

TEST_CASE("support: both layouts hold the same X")
{
    const matrix X = random_matrix(12, 10, 3);
    const auto a = unfold_as<double>(X, layout::row_major, {3, 4}, {5, 2});
    const auto b = unfold_as<double>(X, layout::column_major, {3, 4}, {5, 2});
    CHECK(a.is_row_major());
    CHECK_FALSE(b.is_row_major());
    for (std::size_t i = 0; i < 12; ++i)
        for (std::size_t c = 0; c < 10; ++c)
            CHECK((a(i, c) == X(i, c) && b(i, c) == X(i, c)));
    CHECK(a.shape().positions.shape == b.shape().positions.shape);
    CHECK(a.shape().channels.shape == b.shape().channels.shape);
}
}
