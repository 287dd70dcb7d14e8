// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <numbers>

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/diffraction/similarity.hpp>

namespace similarity_test
{
using namespace support;

namespace
{
using std::numbers::pi;

struct spot
{
    double radius, angle, height;
};

/// Spots on a halo, turned by `angle` (and mirrored), drawn anew at every angle.
std::vector<double> drawn(std::size_t rows, std::size_t columns, const std::vector<spot>& spots,
                          double angle, bool mirrored = false, double halo = 1)
{
    std::vector<double> out;
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
        {
            const double y = static_cast<double>(i) - static_cast<double>(rows) / 2,
                         x = static_cast<double>(j) - static_cast<double>(columns) / 2;
            double value = halo * std::exp(-std::hypot(y, x) / 15);
            for (const auto& s : spots)
            {
                const double phi = (mirrored ? -s.angle : s.angle) + angle;
                const double dy = y - s.radius * std::cos(phi), dx = x - s.radius * std::sin(phi);
                value += s.height * std::exp(-(dy * dy + dx * dx) / (2 * 1.5 * 1.5));
            }
            out.push_back(value);
        }
    return out;
}

/// No symmetry of its own.
std::vector<spot> random_spots(std::uint64_t seed)
{
    const matrix r = random_matrix(9, 3, seed);
    std::vector<spot> out;
    for (std::size_t i = 0; i < r.rows; ++i)
        out.push_back({10 + 45 * r(i, 0), 2 * pi * r(i, 1), 0.5 + r(i, 2)});
    return out;
}

xu::tensor<double> stacked(std::size_t rows, std::size_t columns,
                           const std::vector<std::vector<double>>& patterns)
{
    auto out = xu::tensor<double>::from_shape({patterns.size(), rows, columns});
    for (std::size_t j = 0; j < patterns.size(); ++j)
        std::copy(patterns[j].begin(), patterns[j].end(), out.data() + j * rows * columns);
    return out;
}

double degrees_apart(double a, double b)
{
    return std::abs(std::remainder(a - b, 2 * pi)) * 180 / pi;
}
}

TEST_CASE("similarity: a pattern turned by any angle is found, and by how much")
{
    const auto spots = random_spots(1);
    for (const double angle : {0.0, 0.11, 1.0, -0.7, 2.5, 3.1, -2.9, 0.0061})
    {
        const auto table = xu::similarity(
            stacked(128, 128, {drawn(128, 128, spots, 0.2), drawn(128, 128, spots, 0.2 + angle)}));
        CHECK(table.similarity(0, 1) > 0.97);
        CHECK(table.similarity(1, 0) == table.similarity(0, 1));
        CHECK(degrees_apart(table.rotation(0, 1), angle) < 0.1);
        CHECK(degrees_apart(table.rotation(1, 0), -angle) < 0.1);
        CHECK(table.similarity(0, 0) == 1);
    }
}

TEST_CASE("similarity: half a degree with 5,000 counts, a third in spots, in 40 of 40 patterns")
{
    xu::random_engine engine(7);
    for (std::uint64_t seed = 0; seed < 40; ++seed)
    {
        const auto spots = random_spots(seed);
        const double angle = 2 * pi * static_cast<double>(seed) / 40 + 0.013;
        std::vector<std::vector<double>> patterns{drawn(128, 128, spots, 0, false, 0.2),
                                                  drawn(128, 128, spots, angle, false, 0.2)};
        auto& noisy = patterns[1];
        const double sum = std::accumulate(noisy.begin(), noisy.end(), 0.0);
        for (double& x : noisy)
            x = static_cast<double>(xu::simulate::poisson(engine, 5000 * x / sum));
        const auto table = xu::similarity(stacked(128, 128, patterns));
        CHECK(degrees_apart(table.rotation(0, 1), angle) < 0.5);
    }
}

TEST_CASE("similarity: patterns that are not square, or have odd sides, or another centre")
{
    const auto spots = random_spots(3);
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{127, 128}, {151, 121}})
    {
        const auto table = xu::similarity(stacked(
            rows, columns, {drawn(rows, columns, spots, 0), drawn(rows, columns, spots, 0.9)}));
        CHECK(table.similarity(0, 1) > 0.97);
        CHECK(degrees_apart(table.rotation(0, 1), 0.9) < 0.1);
    }
}

TEST_CASE("similarity: mirror images and half turns count where asked")
{
    const auto spots = random_spots(4);
    const auto patterns =
        stacked(128, 128, {drawn(128, 128, spots, 0), drawn(128, 128, spots, 0.6, true)});
    CHECK(xu::similarity(patterns).similarity(0, 1) < 0.7);
    const auto table = xu::similarity(patterns, {.mirror = true});
    CHECK(table.similarity(0, 1) > 0.97);
    CHECK(table.mirrored(0, 1));
    CHECK(degrees_apart(table.rotation(0, 1), 0.6) < 0.1);
    CHECK(degrees_apart(table.rotation(1, 0), 0.6) < 0.1);

    // Friedel pairs of different heights: a half turn is told apart, unless told not to.
    std::vector<spot> pairs;
    for (const auto& s : spots)
        for (const double side : {0.0, pi})
            pairs.push_back({s.radius, s.angle + side, s.height * (side > 0 ? 1.0 : 0.4)});
    const auto halves =
        stacked(128, 128, {drawn(128, 128, pairs, 0), drawn(128, 128, pairs, pi + 0.3)});
    CHECK(degrees_apart(xu::similarity(halves).rotation(0, 1), pi + 0.3) < 0.1);
    const auto friedel = xu::similarity(halves, {.friedel = true});
    CHECK(friedel.similarity(0, 1) > 0.97);
    CHECK(std::min(degrees_apart(friedel.rotation(0, 1), 0.3),
                   degrees_apart(friedel.rotation(0, 1), 0.3 + pi)) < 0.1);
}

TEST_CASE("similarity: scale and background do not count, and other patterns are less alike")
{
    const auto one = drawn(96, 96, random_spots(5), 0), other = drawn(96, 96, random_spots(6), 0);
    auto scaled = one;
    for (std::size_t i = 0; i < scaled.size(); ++i)
    {
        const double y = static_cast<double>(i / 96) - 48, x = static_cast<double>(i % 96) - 48;
        scaled[i] = 1e-6 * scaled[i] + 1e-6 * std::exp(-std::hypot(y, x) / 30);
    }
    const std::vector<double> flat(96 * 96, 1.0);
    const auto table = xu::similarity(stacked(96, 96, {one, scaled, other, flat}));
    CHECK(table.similarity(0, 1) > 0.98);
    CHECK(table.similarity(0, 2) < 0.7);
    CHECK(std::abs(table.similarity(0, 3)) < 0.2);
}

TEST_CASE("similarity: what it says of a pattern lays it on the other")
{
    const auto spots = random_spots(8);
    for (const bool mirrored : {false, true})
    {
        const std::vector<double> a = drawn(128, 128, spots, 0),
                                  b = drawn(128, 128, spots, 1.3, mirrored);
        const auto table = xu::similarity(stacked(128, 128, {a, b}), {.mirror = true});
        const xu::polar_grid grid(128, 128);
        const auto back = xu::turned_back(std::span<const double>(b), grid, table.rotation(0, 1),
                                          table.mirrored(0, 1));
        double aa = 0, bb = 0, ab = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            aa += a[i] * a[i], bb += back[i] * back[i], ab += a[i] * back[i];
        CHECK(ab / std::sqrt(aa * bb) > 0.98);
    }
}

TEST_CASE("similarity: bad input")
{
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::similarity(xu::tensor<double>::from_shape({3, 64}));
              }) == "similarity needs patterns of shape (k, v, u), got (3, 64)");
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::similarity(xu::tensor<double>::from_shape({3, 6, 64}));
              }) == "a pattern needs at least 8 x 8 pixels for polar coordinates, got 6 x 64");
    CHECK(message_of<xu::invalid_argument>(
              []
              {
                  xu::similarity(xu::tensor<double>::from_shape({3, 8, 8}),
                                 {.keep = std::vector<std::uint8_t>(9, 1)});
              }) == "the mask has 9 entries for patterns of 64 pixels");
}
}
