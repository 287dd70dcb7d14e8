// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <numbers>

#include <xunmix/diffraction/polar.hpp>

namespace polar_test
{
using namespace support;

namespace
{
using std::numbers::pi;

/// f(radius, angle) of every pixel, in the grid's coordinates.
template <class F>
std::vector<double> drawn(const xu::polar_grid& grid, F f)
{
    std::vector<double> out;
    for (std::size_t i = 0; i < grid.rows(); ++i)
        for (std::size_t j = 0; j < grid.columns(); ++j)
        {
            const auto [radius, angle] = grid.polar(i, j);
            out.push_back(f(radius, 2 * pi * angle / static_cast<double>(grid.angles())));
        }
    return out;
}

std::vector<double> sampled(const xu::polar_grid& grid, const std::vector<double>& pattern)
{
    std::vector<double> out(grid.radii() * grid.angles());
    grid.sample(std::span<const double>(pattern), std::span<double>(out));
    return out;
}

double wave(double r, double phi)
{
    return 2 + std::cos(r / 5) + 0.02 * r * std::cos(3 * phi + 0.4);
}
}

TEST_CASE("polar: samples are the pattern at that radius and angle")
{
    struct example
    {
        std::size_t rows, columns;
        xu::polar_geometry geometry;
    };
    for (const auto& e : {example{64, 64, {}}, example{61, 64, {}}, example{48, 63, {}},
                          example{64, 64, {.center = xu::image_point{30.3, 33.8}}},
                          example{64, 64, {.ellipticity = 1.2, .ellipse_angle = 0.7}}})
    {
        const xu::polar_grid grid(e.rows, e.columns, e.geometry);
        const auto samples = sampled(grid, drawn(grid, wave));
        double worst = 0;
        for (std::size_t r = 3; r < grid.radii(); ++r)
            for (std::size_t a = 0; a < grid.angles(); ++a)
                if (grid.seen(r, a))
                    worst = std::max(worst, std::abs(samples[r * grid.angles() + a] -
                                                     wave(static_cast<double>(r),
                                                          2 * pi * static_cast<double>(a) /
                                                              static_cast<double>(grid.angles()))));
        CHECK(worst < 0.02); // a bilinear sample's own error, r^-1 f' included
    }
}

TEST_CASE("polar: there and back again")
{
    const xu::polar_grid grid(96, 80);
    const auto pattern = drawn(grid, wave), samples = sampled(grid, pattern);
    std::vector<double> back(pattern.size());
    grid.fold(std::span<const double>(samples), std::span<double>(back));
    double worst = 0;
    for (std::size_t i = 0; i < 96; ++i)
        for (std::size_t j = 0; j < 80; ++j)
        {
            const double r = grid.radius(i, j);
            if (r > static_cast<double>(grid.radii() - 1))
                CHECK(back[i * 80 + j] == 0);
            else if (r >= 3)
                worst = std::max(worst, std::abs(back[i * 80 + j] - pattern[i * 80 + j]));
        }
    CHECK(worst < 0.03);
}

TEST_CASE("polar: the centre and the angles are those of Listing S4")
{
    const xu::polar_grid grid(64, 48);
    CHECK(grid.center() == xu::image_point{32, 24});
    CHECK(grid.radii() == 24);
    CHECK(grid.angles() == 8 * 24);
    std::vector<double> pattern(64 * 48);
    pattern[(32 + 5) * 48 + 24] = 1; // x = r sin 0, y = r cos 0
    pattern[32 * 48 + 24 + 7] = 2;   // x = r sin 90, y = r cos 90
    const auto samples = sampled(grid, pattern);
    CHECK(samples[5 * grid.angles()] == 1);
    CHECK(samples[7 * grid.angles() + grid.angles() / 4] == 2);
}

TEST_CASE("polar: masked pixels and what lies off the detector are not seen")
{
    std::vector<std::uint8_t> keep(32 * 32, 1);
    keep[16 * 32 + 20] = 0; // at radius 4, a quarter turn
    const xu::polar_grid grid(32, 32, {.center = xu::image_point{16, 16}, .radii = 20}, keep);
    CHECK(!grid.seen(4, grid.angles() / 4));
    CHECK(grid.seen(4, 0));
    CHECK(grid.seen(15, 0));
    CHECK(!grid.seen(16, 0)); // row 32
    std::vector<double> pattern(32 * 32, 1);
    pattern[16 * 32 + 20] = std::numeric_limits<double>::quiet_NaN();
    for (const double x : sampled(grid, pattern))
        CHECK(std::isfinite(x));
}

TEST_CASE("polar: bad input")
{
    using xu::invalid_argument;
    CHECK(message_of<invalid_argument>([] { xu::polar_grid(7, 64); }) ==
          "a pattern needs at least 8 x 8 pixels for polar coordinates, got 7 x 64");
    CHECK(message_of<invalid_argument>(
              [] {
                  xu::polar_grid(64, 64, {.center = xu::image_point{64, 32}});
              }) == "the centre of a pattern of 64 x 64 pixels must lie on it, got (64, 32)");
    CHECK(message_of<invalid_argument>([] { xu::polar_grid(64, 64, {.ellipticity = 0.5}); }) ==
          "the ellipticity is the long over the short axis, at least 1; got 0.5");
    std::vector<std::uint8_t> keep(64 * 64, 1);
    for (std::size_t i = 0; i < 64; ++i)
        for (std::size_t j = 0; j < 64; ++j)
            if (const double r =
                    std::hypot(static_cast<double>(i) - 32.0, static_cast<double>(j) - 32.0);
                r > 8.5 && r < 11.5)
                keep[i * 64 + j] = 0;
    CHECK(message_of<invalid_argument>([&] { xu::polar_grid(64, 64, {}, keep); }) ==
          "the mask hides the whole ring at radius 9 between rings that it shows: nothing is known "
          "of the background there");
    for (auto& k : keep) // a beam stop and all else: fine
        k = 1;
    for (std::size_t i = 28; i < 37; ++i)
        for (std::size_t j = 28; j < 37; ++j)
            keep[i * 64 + j] = 0;
    CHECK_NOTHROW(xu::polar_grid(64, 64, {}, keep));
    CHECK_THROWS_AS(xu::polar_grid(64, 64, {}, std::vector<std::uint8_t>(64 * 64, 0)),
                    invalid_argument);
}
}
