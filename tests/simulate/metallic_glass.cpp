// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/simulate/metallic_glass.hpp>

namespace metallic_glass_test
{
using namespace support;

namespace
{
xu::simulate::metallic_glass_options small()
{
    return {.scan = {40, 36},
            .pattern = {48, 64},
            .precipitates = 6,
            .structures = 4,
            .electrons = 2000,
            .threads = 1};
}
}

TEST_CASE("metallic_glass: counts scatter around maps times components")
{
    const auto g = xu::simulate::metallic_glass(small());
    const std::size_t k = 7, n = 40 * 36, m = 48 * 64;
    REQUIRE(g.maps.size() == k * n);
    REQUIRE(g.components.size() == k * m);
    CHECK(g.structures == std::vector<std::size_t>{0, 1, 2, 3, 4, 1, 2});
    CHECK(g.symmetries == std::vector<std::size_t>{1, 4, 6, 2, 2, 4, 6});
    for (std::size_t j = 0; j < k; ++j)
    {
        double sum = 0;
        for (std::size_t c = 0; c < m; ++c)
        {
            CHECK(g.components.data()[j * m + c] >= 0);
            sum += g.components.data()[j * m + c];
        }
        CHECK(sum == doctest::Approx(1));
    }
    double chi = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i)
    {
        double expected = 0, counted = 0;
        for (std::size_t j = 0; j < k; ++j)
        {
            CHECK(g.maps.data()[j * n + i] >= 0);
            expected += g.maps.data()[j * n + i];
        }
        for (std::size_t c = 0; c < m; ++c)
            counted += g.counts.data()[i * m + c];
        chi += (counted - expected) * (counted - expected) / expected;
        all += expected;
    }
    CHECK(chi / static_cast<double>(n) == doctest::Approx(1).epsilon(0.15)); // sd sqrt(2 / 1440)
    CHECK(all / static_cast<double>(n) == doctest::Approx(2000).epsilon(0.1));
}

TEST_CASE("metallic_glass: precipitates are small, round and lie in the matrix")
{
    const auto g = xu::simulate::metallic_glass(small());
    for (std::size_t j = 1; j < 7; ++j)
    {
        double sum = 0, y = 0, x = 0, spread = 0;
        for (std::size_t i = 0; i < 40; ++i)
            for (std::size_t l = 0; l < 36; ++l)
            {
                sum += g.maps(j, i, l);
                y += g.maps(j, i, l) * static_cast<double>(i);
                x += g.maps(j, i, l) * static_cast<double>(l);
            }
        y /= sum, x /= sum;
        for (std::size_t i = 0; i < 40; ++i)
            for (std::size_t l = 0; l < 36; ++l)
                spread += g.maps(j, i, l) *
                          (std::pow(static_cast<double>(i) - y, 2) +
                           std::pow(static_cast<double>(l) - x, 2)) /
                          sum;
        // A ball's projection has the mean squared distance 2 R^2 / 5; the probe adds a little.
        const double diameter = 2 * std::sqrt(spread * 5 / 2);
        CHECK(diameter > 3.5);
        CHECK(diameter < 10.6);
    }
}

TEST_CASE("metallic_glass: a pattern turned by its symmetry is itself")
{
    const auto lattice = xu::simulate::detail::glass_lattices;
    const xu::simulate::detector camera{{128, 128}, 1, 1.5, 0.7};
    for (std::size_t s = 0; s < 4; ++s)
    {
        const double turn = 2 * std::numbers::pi / static_cast<double>(lattice[s].symmetry);
        const auto a = xu::simulate::detail::glass_pattern(camera, lattice[s], 0.3),
                   b = xu::simulate::detail::glass_pattern(camera, lattice[s], 0.3 + turn),
                   c = xu::simulate::detail::glass_pattern(camera, lattice[s], 0.3 + turn / 2);
        double same = 0, other = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
        {
            same = std::max(same, std::abs(a.data()[i] - b.data()[i]));
            other = std::max(other, std::abs(a.data()[i] - c.data()[i]));
        }
        CHECK(same < 1e-12);
        CHECK(other > 1e-4);
    }
}

TEST_CASE("metallic_glass: the same seed gives the same scan for any number of threads")
{
    auto o = small();
    const auto one = xu::simulate::metallic_glass(o);
    o.threads = 2;
    const auto two = xu::simulate::metallic_glass(o);
    CHECK(std::equal(one.counts.begin(), one.counts.end(), two.counts.begin()));
    o.seed = 2;
    const auto other = xu::simulate::metallic_glass(o);
    CHECK_FALSE(std::equal(one.counts.begin(), one.counts.end(), other.counts.begin()));
}

TEST_CASE("metallic_glass: bad input is refused")
{
    const auto refusal = [](auto change)
    {
        auto o = small();
        change(o);
        return message_of<xu::invalid_argument>([&] { xu::simulate::metallic_glass(o); });
    };
    CHECK(refusal(
              [](auto& o) {
                  o.scan = {4, 40};
              }) ==
          "the glass needs a scan and patterns of at least 8 x 8, got 4 x 40 and 48 x 64");
    CHECK(refusal([](auto& o) { o.structures = 5; }) == "the glass has 1 to 4 structures, got 5");
    CHECK(refusal([](auto& o) { o.precipitates = 0; }) == "the glass needs precipitates, got 0");
    CHECK(refusal([](auto& o) { o.precipitates = 500; }) ==
          "there is no room for 500 precipitates of 7 nm on 40 x 36 nm");
    CHECK(refusal([](auto& o) { o.electrons = 0; }) ==
          "the glass needs lengths and counts above 0 and a spot fraction between 0 and 1, got "
          "step 1, diameter 7, probe 1, electrons 0, fraction 0.3");
}
}
