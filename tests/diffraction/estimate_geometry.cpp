// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <numbers>

#include <xunmix/core/poisson.hpp>
#include <xunmix/diffraction/estimate_geometry.hpp>

namespace estimate_geometry_test
{
using namespace support;

namespace
{
using std::numbers::pi;

/// Counts of a halo with a ring, and `spots` bright spots on it, whose rings lie so.
std::vector<double> counts(std::size_t rows, std::size_t columns, const xu::polar_geometry& how,
                           double electrons, std::size_t spots, std::uint64_t seed)
{
    const xu::polar_grid grid(rows, columns, how);
    std::vector<double> out;
    double sum = 0;
    const double scale = static_cast<double>(std::min(rows, columns)) / 64;
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
        {
            const double r = grid.radius(i, j) / scale;
            out.push_back(std::exp(-r / 9) + 0.4 * std::exp(-(r - 16) * (r - 16) / 18) + 0.02);
            sum += out.back();
        }
    xu::random_engine engine(seed);
    for (std::size_t s = 0; s < spots; ++s)
    {
        const auto at =
            grid.point(xu::uniform01(engine) * 25 * scale, 2 * pi * xu::uniform01(engine));
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                out[i * columns + j] +=
                    2 * std::exp(-(std::pow(static_cast<double>(i) - at[0], 2) +
                                   std::pow(static_cast<double>(j) - at[1], 2)) /
                                 2);
    }
    for (double& x : out)
        x = static_cast<double>(xu::simulate::poisson(engine, electrons * x / sum));
    return out;
}

xu::polar_geometry estimate(const std::vector<double>& pattern, std::size_t rows,
                            std::size_t columns, const std::vector<std::uint8_t>& keep = {},
                            bool elliptic = true)
{
    return xu::estimate_geometry(std::span<const double>(pattern), rows, columns, keep, elliptic);
}

double distance(const xu::polar_geometry& a, const xu::polar_geometry& b)
{
    return std::hypot((*a.center)[0] - (*b.center)[0], (*a.center)[1] - (*b.center)[1]);
}
}

TEST_CASE("estimate_geometry: centre and ellipse of a halo, with noise and spots")
{
    struct example
    {
        std::size_t rows, columns;
        xu::polar_geometry truth;
    };
    for (const example& e :
         {example{64, 64, {.center = xu::image_point{32, 32}}},
          example{64, 64, {.center = xu::image_point{35.3, 29.8}}},
          example{96, 128, {.center = xu::image_point{44.5, 66.2}}},
          example{64,
                  64,
                  {.center = xu::image_point{30.4, 33}, .ellipticity = 1.1, .ellipse_angle = 0.6}},
          example{128,
                  128,
                  {.center = xu::image_point{66, 61.7}, .ellipticity = 1.05, .ellipse_angle = 2}}})
        for (const std::size_t spots : {0U, 6U})
            for (std::uint64_t seed = 1; seed <= 5; ++seed)
            {
                CAPTURE(e.rows);
                CAPTURE(spots);
                CAPTURE(seed);
                const auto pattern = counts(e.rows, e.columns, e.truth, 1e6, spots, seed);
                const auto found = estimate(pattern, e.rows, e.columns);
                CHECK(distance(found, e.truth) < (spots > 0 ? 0.2 : 0.1));
                CHECK(found.ellipticity == doctest::Approx(e.truth.ellipticity).epsilon(0.01));
                if (e.truth.ellipticity > 1)
                    CHECK(std::abs(std::remainder(found.ellipse_angle - e.truth.ellipse_angle,
                                                  pi)) < 0.1);
                else
                    CHECK(distance(estimate(pattern, e.rows, e.columns, {}, false), e.truth) <
                          (spots > 0 ? 0.2 : 0.1));
            }
}

TEST_CASE("estimate_geometry: what is masked does not count, be it NaN")
{
    const xu::polar_geometry truth{.center = xu::image_point{33.6, 30.7}};
    auto pattern = counts(64, 64, truth, 1e6, 0, 1);
    const double nan = std::nan("");
    for (std::size_t i = 28; i < 36; ++i) // a beam stop from the edge to the middle
        for (std::size_t j = 0; j < 36; ++j)
            pattern[i * 64 + j] = j % 2 ? nan : 0;
    const auto keep = xu::estimate_mask(std::span<const double>(pattern));
    CHECK(std::count(keep.begin(), keep.end(), 0) >= 8 * 36);
    CHECK(keep[30 * 64 + 3] == 0);
    CHECK(keep[10 * 64 + 40] == 1);
    const auto found = estimate(pattern, 64, 64, keep);
    CHECK(distance(found, truth) < 0.15);
    CHECK(found.ellipticity < 1.015);
}

TEST_CASE("estimate_geometry: bad input")
{
    const auto refusal = [](std::size_t values, std::size_t rows, std::size_t columns,
                            std::size_t mask, double value)
    {
        const std::vector<double> pattern(values, value);
        const std::vector<std::uint8_t> keep(mask, 1);
        return message_of<xu::invalid_argument>([&] { estimate(pattern, rows, columns, keep); });
    };
    CHECK(refusal(99, 10, 10, 0, 1) == "a pattern of 10 x 10 pixels has 100 values, got 99");
    CHECK(refusal(70, 7, 10, 0, 1) ==
          "a pattern needs at least 8 x 8 pixels for polar coordinates, got 7 x 10");
    CHECK(refusal(100, 10, 10, 99, 1) ==
          "a mask needs one entry for each of the 100 pixels, got 99");
    CHECK(refusal(100, 10, 10, 0, 0) == "the geometry of a pattern needs one with a positive sum");
}
}
