// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/compare/adjusted_rand.hpp>
#include <xunmix/diffraction/clustering.hpp>

namespace clustering_test
{
using namespace support;

TEST_CASE("clustering: turned patterns come together, their mean is the pattern, their maps add up")
{
    // Two structures, each in three orientations.
    auto patterns = xu::tensor<double>::from_shape({6, 96, 96});
    auto maps = xu::tensor<double>::from_shape({6, 4, 5});
    const double radii[2][3] = {{18, 30, 36}, {24, 33, 40}},
                 angles[2][3] = {{0, 1, 2.6}, {0.4, 2, 4}};
    for (std::size_t j = 0; j < 6; ++j)
    {
        for (std::size_t i = 0; i < 96 * 96; ++i)
        {
            const double y = static_cast<double>(i / 96) - 48, x = static_cast<double>(i % 96) - 48;
            double value = 0.1 * std::exp(-std::hypot(x, y) / 20);
            for (std::size_t s = 0; s < 3; ++s)
            {
                const double phi = angles[j % 2][s] + 0.37 * static_cast<double>(j);
                const double dy = y - radii[j % 2][s] * std::cos(phi),
                             dx = x - radii[j % 2][s] * std::sin(phi);
                value += std::exp(-(dx * dx + dy * dy) / 8);
            }
            patterns.data()[j * 96 * 96 + i] = value;
        }
        for (std::size_t i = 0; i < 20; ++i)
            maps.data()[j * 20 + i] = static_cast<double>(j * 20 + i);
    }
    const auto table = xu::similarity(patterns);
    const auto labels = xu::cluster(table).cut_into(2);
    const std::vector<std::size_t> structures{0, 1, 0, 1, 0, 1};
    CHECK(xu::adjusted_rand_index(labels, structures) == 1);
    const auto clusters = xu::gather_clusters(patterns, maps, table, labels);
    REQUIRE(clusters.size() == 2);
    for (const auto& c : clusters)
    {
        REQUIRE(c.members.size() == 3);
        double dot = 0, mean = 0, reference = 0;
        for (std::size_t i = 0; i < 96 * 96; ++i)
        {
            const double r = patterns.data()[c.reference * 96 * 96 + i], m = c.pattern.data()[i];
            dot += r * m, mean += m * m, reference += r * r;
        }
        CHECK(dot / std::sqrt(mean * reference) > 0.98);
        for (std::size_t i = 0; i < 20; ++i)
        {
            double sum = 0;
            for (const std::size_t j : c.members)
                sum += maps.data()[j * 20 + i];
            CHECK(c.map.data()[i] == sum);
        }
    }
}

TEST_CASE("clustering: bad input")
{
    const auto patterns = xu::tensor<double>::from_shape({2, 8, 8});
    CHECK_THROWS_AS(xu::gather_clusters(patterns, xu::tensor<double>::from_shape({3, 4, 4}),
                                        xu::similarity(patterns), std::vector<std::size_t>{0, 1}),
                    xu::invalid_argument);
}
}
