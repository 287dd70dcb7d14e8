// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/simulate/particles.hpp>

namespace particles_test
{
using namespace support;

namespace
{
constexpr std::size_t n = 32 * 36, m = 40 * 48;

xu::simulate::particles small()
{
    return {.scan = {32, 36}, .pattern = {40, 48}, .dose = 2000};
}

std::string refusal(xu::simulate::particles p)
{
    return message_of<xu::invalid_argument>([&] { xu::simulate::simulate(p); });
}
}

TEST_CASE("particles: counts scatter around maps times components")
{
    const auto p = xu::simulate::simulate(small());
    REQUIRE(p.counts.size() == n * m);
    REQUIRE(p.maps.size() == 4 * n);
    REQUIRE(p.components.size() == 4 * m);
    for (std::size_t j = 0; j < 4; ++j)
    {
        double sum = 0;
        for (std::size_t c = 0; c < m; ++c)
            sum += p.components.data()[j * m + c];
        CHECK(sum == doctest::Approx(1));
    }
    CHECK(*std::min_element(p.components.begin(), p.components.end()) >= 0);
    CHECK(*std::min_element(p.maps.begin(), p.maps.end()) >= 0);
    double chi = 0, all = 0, electrons = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < m; ++c)
        {
            double expected = 0;
            for (std::size_t j = 0; j < 4; ++j)
                expected += p.maps.data()[j * n + i] * p.components.data()[j * m + c];
            electrons += expected;
            if (expected < 1)
                continue;
            const double off = static_cast<double>(p.counts.data()[i * m + c]) - expected;
            chi += off * off / expected, ++all;
        }
    CHECK(chi / all == doctest::Approx(1).epsilon(0.01));
    CHECK(electrons / n == doctest::Approx(2000));
}

TEST_CASE("particles: what is whose can be told: each component is all but alone somewhere")
{
    const auto p = xu::simulate::simulate(xu::simulate::particles{});
    const std::size_t places = 48 * 48, pixels = 64 * 64;
    for (std::size_t j = 0; j < 4; ++j)
    {
        double purest = 0;
        for (std::size_t i = 0; i < places; ++i)
        {
            double all = 0;
            for (std::size_t l = 0; l < 4; ++l)
                all += p.maps.data()[l * places + i];
            if (all > 100)
                purest = std::max(purest, p.maps.data()[j * places + i] / all);
        }
        CHECK(purest > 0.98);
    }
    // The corners: halo, and nothing of the crystals.
    double halo = 0, crystals = 0;
    for (std::size_t c = 0; c < pixels; ++c)
        if (std::hypot(static_cast<double>(c / 64) - 32, static_cast<double>(c % 64) - 32) > 38)
        {
            halo += p.components.data()[3 * pixels + c];
            for (std::size_t j = 0; j < 3; ++j)
                crystals = std::max(crystals, p.components.data()[j * pixels + c] /
                                                  p.components.data()[3 * pixels + c]);
        }
    CHECK(halo > 0.005);
    CHECK(crystals < 0.2);
}

TEST_CASE("particles: a crystal has its share in spots, the support none")
{
    auto options = small();
    options.spot_fraction = 1;
    const auto spots = xu::simulate::simulate(options).components;
    options.spot_fraction = 0;
    const auto none = xu::simulate::simulate(options).components;
    options.spot_fraction = 0.3;
    const auto some = xu::simulate::simulate(options).components;
    for (std::size_t c = 0; c < 4 * m; ++c)
        CHECK(some.data()[c] == doctest::Approx(c < 3 * m
                                                    ? 0.3 * spots.data()[c] + 0.7 * none.data()[c]
                                                    : none.data()[c])
                                    .epsilon(1e-9));
}

TEST_CASE("particles: a seed gives one scan, another one another")
{
    const auto one = xu::simulate::simulate(small());
    CHECK(one.counts == xu::simulate::simulate(small()).counts);
    auto options = small();
    options.seed = 2;
    CHECK(one.counts != xu::simulate::simulate(options).counts);
}

TEST_CASE("particles: bad input")
{
    CHECK(refusal({.scan = {7, 30}}) ==
          "the particles need a scan and patterns of at least 8 x 8, got 7 x 30 and 64 x 64");
    CHECK(refusal({.dose = 0}) ==
          "the particles need a dose, a lattice and widths above 0, got 0, 13, 1.2 and 1.5");
    CHECK(refusal({.spot_fraction = 1.5}) ==
          "the particles need a spot fraction between 0 and 1, got 1.5");
    CHECK(refusal({.hole = -1}) == "the particles need a hole of radius 0 or more, got -1");
}
}
