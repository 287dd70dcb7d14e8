// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <numeric>
#include <set>

#include <xunmix/compare/dendrogram.hpp>

namespace dendrogram_test
{
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

TEST_CASE("dendrogram: groups that lie apart are found, by number and by distance")
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

TEST_CASE("dendrogram: merges come by distance, the tree's distances are an ultrametric")
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

TEST_CASE("dendrogram: single linkage joins at the least and complete at the largest distance")
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

TEST_CASE("dendrogram: merging the closest two again and again gives the same tree")
{
    constexpr std::size_t n = 25;
    const auto distances = distances_of(random_matrix(n, 2, 14));
    for (const auto rule : {xu::linkage::single, xu::linkage::complete, xu::linkage::average})
    {
        std::vector<std::vector<std::size_t>> clusters;
        for (std::size_t i = 0; i < n; ++i)
            clusters.push_back({i});
        const auto between = [&](const auto& a, const auto& b)
        {
            std::vector<double> all;
            for (const std::size_t x : a)
                for (const std::size_t y : b)
                    all.push_back(distances[x * n + y]);
            const auto [least, most] = std::minmax_element(all.begin(), all.end());
            return rule == xu::linkage::single     ? *least
                   : rule == xu::linkage::complete ? *most
                                                   : std::accumulate(all.begin(), all.end(), 0.0) /
                                                         static_cast<double>(all.size());
        };
        const auto tree = xu::cluster(distances, rule);
        for (const xu::cluster_merge& merge : tree.merges())
        {
            std::size_t first = 0, second = 1;
            for (std::size_t i = 0; i < clusters.size(); ++i)
                for (std::size_t j = i + 1; j < clusters.size(); ++j)
                    if (between(clusters[i], clusters[j]) <
                        between(clusters[first], clusters[second]))
                        first = i, second = j;
            CHECK(merge.distance == doctest::Approx(between(clusters[first], clusters[second])));
            auto& joined = clusters[first];
            joined.insert(joined.end(), clusters[second].begin(), clusters[second].end());
            clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
            std::vector<std::size_t> labels(n);
            for (std::size_t c = 0; c < clusters.size(); ++c)
                for (const std::size_t leaf : clusters[c])
                    labels[leaf] = c;
            CHECK(same_partition(tree.cut_into(clusters.size()), labels));
        }
    }
}

TEST_CASE("dendrogram: two leaves")
{
    const auto tree = xu::cluster(std::vector<double>{0, 0.3, 0.3, 0});
    REQUIRE(tree.merges().size() == 1);
    CHECK(tree.merges()[0].distance == 0.3);
    CHECK(tree.cut_into(2) == std::vector<std::size_t>{0, 1});
    CHECK(tree.cut_into(1) == std::vector<std::size_t>{0, 0});
    CHECK(std::isnan(tree.cophenetic_correlation(std::vector<double>{0, 0.3, 0.3, 0})));
}

TEST_CASE("dendrogram: bad input")
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
}
}
