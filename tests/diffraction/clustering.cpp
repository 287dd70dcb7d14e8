// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <set>

#include <xunmix/diffraction/clustering.hpp>

using namespace support;

namespace
{
constexpr xu::linkage linkages[] = {xu::linkage::single, xu::linkage::complete,
                                    xu::linkage::average, xu::linkage::ward};

/// Euclidean distances of points in the plane.
std::vector<double> distances_of(const matrix& points)
{
    std::vector<double> out;
    for (std::size_t i = 0; i < points.rows; ++i)
        for (std::size_t j = 0; j < points.rows; ++j)
            out.push_back(std::hypot(points(i, 0) - points(j, 0), points(i, 1) - points(j, 1)));
    return out;
}

/// Three groups of sizes 4, 6 and 5, all as far apart, in mixed order.
matrix groups(std::vector<std::size_t>& truth)
{
    matrix points = random_matrix(15, 2, 11);
    truth.clear();
    for (std::size_t i = 0; i < 15; ++i)
    {
        const std::size_t group = (7 * i) % 15 < 4 ? 0 : (7 * i) % 15 < 10 ? 1 : 2;
        truth.push_back(group);
        points(i, 0) += group == 2 ? 10 : 20 * static_cast<double>(group);
        points(i, 1) += group == 2 ? 17 : 0;
    }
    return points;
}

bool same_partition(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b)
{
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t j = 0; j < a.size(); ++j)
            if ((a[i] == a[j]) != (b[i] == b[j]))
                return false;
    return true;
}
}

TEST_CASE("clustering: groups that lie apart are found, by number and by distance")
{
    std::vector<std::size_t> truth;
    const auto distances = distances_of(groups(truth));
    for (const auto rule : linkages)
    {
        const auto tree = xu::cluster(distances, rule);
        CHECK(same_partition(tree.cut_into(3), truth));
        CHECK(same_partition(tree.cut_at(10), truth));
        CHECK(tree.cut_into(1) == std::vector<std::size_t>(15, 0));
        CHECK(tree.cut_at(1e9) == std::vector<std::size_t>(15, 0));
        const auto each = tree.cut_into(15);
        CHECK(std::set<std::size_t>(each.begin(), each.end()).size() == 15);
        CHECK(tree.cut_at(0) == each);
        CHECK(tree.cophenetic_correlation(distances) > 0.9);
    }
}

TEST_CASE("clustering: merges come by distance, the tree's distances are an ultrametric")
{
    const auto distances = distances_of(random_matrix(30, 2, 12));
    for (const auto rule : linkages)
    {
        const auto tree = xu::cluster(distances, rule);
        REQUIRE(tree.merges().size() == 29);
        for (std::size_t i = 1; i < 29; ++i)
            CHECK(tree.merges()[i].distance >= tree.merges()[i - 1].distance * (1 - 1e-12));
        CHECK(tree.merges().back().size == 30);
        const auto d = tree.cophenetic_distances();
        bool ultrametric = true;
        for (std::size_t i = 0; i < 30; ++i)
            for (std::size_t j = 0; j < 30; ++j)
                for (std::size_t l = 0; l < 30; ++l)
                    ultrametric &=
                        d[i * 30 + j] <= std::max(d[i * 30 + l], d[l * 30 + j]) * (1 + 1e-12);
        CHECK(ultrametric);
        // Clusters stand side by side: each label is one run of the leaf order, numbered along it.
        const auto order = tree.leaf_order();
        CHECK(std::set<std::size_t>(order.begin(), order.end()).size() == 30);
        const auto labels = tree.cut_into(7);
        std::vector<std::size_t> along;
        for (const std::size_t leaf : order)
            along.push_back(labels[leaf]);
        CHECK(std::is_sorted(along.begin(), along.end()));
        CHECK(along.back() == 6);
    }
}

TEST_CASE("clustering: single linkage joins at the least and complete at the largest distance")
{
    const auto distances = distances_of(random_matrix(12, 2, 13));
    const auto tree = xu::cluster(distances, xu::linkage::single);
    // The single-linkage distance is the minimax path's: Floyd and Warshall.
    auto minimax = distances;
    for (std::size_t l = 0; l < 12; ++l)
        for (std::size_t i = 0; i < 12; ++i)
            for (std::size_t j = 0; j < 12; ++j)
                minimax[i * 12 + j] = std::min(minimax[i * 12 + j],
                                               std::max(minimax[i * 12 + l], minimax[l * 12 + j]));
    CHECK(tree.cophenetic_distances() == minimax);
    CHECK(xu::cluster(distances, xu::linkage::complete).merges().back().distance ==
          *std::max_element(distances.begin(), distances.end()));
}

TEST_CASE("clustering: two leaves")
{
    const auto tree = xu::cluster(std::vector<double>{0, 0.3, 0.3, 0});
    REQUIRE(tree.merges().size() == 1);
    CHECK(tree.merges()[0].distance == 0.3);
    CHECK(tree.cut_into(2) == std::vector<std::size_t>{0, 1});
    CHECK(tree.cut_into(1) == std::vector<std::size_t>{0, 0});
    CHECK(std::isnan(tree.cophenetic_correlation(std::vector<double>{0, 0.3, 0.3, 0})));
}

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
    CHECK(same_partition(labels, {0, 1, 0, 1, 0, 1}));
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
    using xu::invalid_argument;
    CHECK(message_of<invalid_argument>([] { xu::cluster(std::vector<double>{0}); }) ==
          "clustering needs at least two components, got 1");
    CHECK(message_of<invalid_argument>([] { xu::cluster(std::vector<double>(5)); }) ==
          "clustering needs n x n distances, got 5 of them");
    CHECK(message_of<invalid_argument>(
              [] {
                  xu::cluster(std::vector<double>{0, 1, 2, 0});
              }) ==
          "clustering needs distances that are finite, not negative and symmetric; between 0 and 1 "
          "they are 1 and 2");
    const auto tree = xu::cluster(std::vector<double>{0, 1, 1, 0});
    CHECK(message_of<invalid_argument>([&] { static_cast<void>(tree.cut_into(3)); }) ==
          "a tree of 2 leaves can be cut into 1 to 2 clusters, got 3");
    CHECK_THROWS_AS(static_cast<void>(tree.cut_into(0)), invalid_argument);
    const auto patterns = xu::tensor<double>::from_shape({2, 8, 8});
    CHECK_THROWS_AS(xu::gather_clusters(patterns, xu::tensor<double>::from_shape({3, 4, 4}),
                                        xu::similarity(patterns), std::vector<std::size_t>{0, 1}),
                    invalid_argument);
}
