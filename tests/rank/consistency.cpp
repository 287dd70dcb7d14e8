// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/rank/consistency.hpp>

namespace consistency_test
{
using namespace support;

namespace
{
using labels = std::vector<std::vector<std::size_t>>;

labels random_labels(std::size_t starts, std::size_t n, std::size_t k, std::uint64_t seed)
{
    std::mt19937_64 engine(seed);
    labels out(starts, std::vector<std::size_t>(n));
    for (auto& start : out)
        for (auto& x : start)
            x = engine() % k;
    return out;
}

/// Average linkage straight from the members of the clusters, and the correlation of its tree with
/// the distances.
double naive_cophenetic(const std::vector<double>& consensus, std::size_t n)
{
    std::vector<std::vector<std::size_t>> clusters(n);
    for (std::size_t i = 0; i < n; ++i)
        clusters[i] = {i};
    matrix tree(n, n);
    const auto between = [&](const auto& a, const auto& b)
    {
        double sum = 0;
        for (const std::size_t i : a)
            for (const std::size_t j : b)
                sum += 1 - consensus[i * n + j];
        return sum / static_cast<double>(a.size() * b.size());
    };
    while (clusters.size() > 1)
    {
        std::size_t a = 0, b = 1;
        for (std::size_t i = 0; i < clusters.size(); ++i)
            for (std::size_t j = i + 1; j < clusters.size(); ++j)
                if (between(clusters[i], clusters[j]) < between(clusters[a], clusters[b]))
                    a = i, b = j;
        for (const std::size_t i : clusters[a])
            for (const std::size_t j : clusters[b])
                tree(i, j) = tree(j, i) = between(clusters[a], clusters[b]);
        clusters[a].insert(clusters[a].end(), clusters[b].begin(), clusters[b].end());
        clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(b));
    }
    double count = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < i; ++j)
        {
            const double a = 1 - consensus[i * n + j], b = tree(i, j);
            ++count, x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
        }
    return (count * xy - x * y) / std::sqrt((count * xx - x * x) * (count * yy - y * y));
}
}

TEST_CASE("consensus_matrix: shares of starts, whatever the labels' names")
{
    const auto c = xu::consensus_matrix({{0, 0, 1}, {2, 2, 2}, {1, 0, 0}, {5, 5, 3}});
    const std::vector<double> expected{1, 0.75, 0.25, 0.75, 1, 0.5, 0.25, 0.5, 1};
    for (std::size_t e = 0; e < 9; ++e)
        CHECK(c[e] == doctest::Approx(expected[e]));
    CHECK(message_of<xu::invalid_argument>([] { xu::consensus_matrix({}); }) ==
          "a consensus needs labels of at least one start and one position, got none");
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::consensus_matrix({{0, 1}, {0}});
              }) == "a consensus needs one label a position of every start, got 2 and 1");
}

TEST_CASE("dispersion: one where all starts agree, zero where all is open")
{
    const auto same = xu::consensus_matrix(labels(6, {0, 1, 1, 2, 0, 2, 2}));
    CHECK(xu::dispersion(same) == doctest::Approx(1));
    CHECK(xu::dispersion(std::vector<double>(25, 0.5)) == 0);
    const std::vector<double> some{1, 0.75, 0.75, 1};
    CHECK(xu::dispersion(some) == doctest::Approx((1 + 0.25 + 0.25 + 1) / 4));
    CHECK(message_of<xu::invalid_argument>([] { xu::dispersion(std::vector<double>(5)); }) ==
          "a consensus matrix is n x n, got 5 numbers");
}

TEST_CASE("cophenetic_coefficient: one where all starts agree, else that of a naive tree")
{
    CHECK(xu::cophenetic_coefficient(xu::consensus_matrix(labels(4, {0, 1, 1, 2, 0, 2}))) ==
          doctest::Approx(1));
    CHECK(xu::cophenetic_coefficient(std::vector<double>(49, 1)) == 1);
    CHECK(xu::cophenetic_coefficient(std::vector<double>{1}) == 1);
    // Of different distances in a tree that is unique.
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        constexpr std::size_t n = 24;
        matrix c = random_matrix(n, n, seed);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j <= i; ++j)
                c(i, j) = c(j, i) = i == j ? 1 : c(i, j);
        CAPTURE(seed);
        CHECK(xu::cophenetic_coefficient(c.values) ==
              doctest::Approx(naive_cophenetic(c.values, n)).epsilon(1e-9));
    }
    const auto loose = xu::consensus_matrix(random_labels(5, 60, 3, 1));
    CHECK(xu::cophenetic_coefficient(loose) < 0.9);
    CHECK(xu::dispersion(loose) < 0.5);
}

TEST_CASE("strongest_components: by the part in the model, none where nothing is")
{
    matrix maps(4, 2), components(3, 2);
    maps(0, 0) = 1, maps(0, 1) = 2; // 2 x 1 against 1 x 5
    maps(1, 0) = 1, maps(1, 1) = 9;
    maps(3, 0) = 1;
    components(0, 0) = 3, components(1, 0) = 4, components(2, 1) = 1;
    const owned_factor<float> c(maps), s(components);
    auto c_copy = c, s_copy = s;
    const std::vector<std::size_t> places{0, 1, 2, 3};
    const auto found = xu::strongest_components(c_copy.view(), s_copy.view(), places);
    CHECK(found == std::vector<std::size_t>{0, 1, 2, 0});
}

TEST_CASE("matched_cosine: blind to order and scale, of the best pairs otherwise")
{
    const matrix a = random_matrix(40, 4, 1);
    matrix b(40, 4);
    for (std::size_t i = 0; i < 40; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            b(i, j) = a(i, (j + 1) % 4) * static_cast<double>(j + 1);
    owned_factor<double> fa(a), fb(b);
    CHECK(xu::matched_cosine(fa.view(), fb.view()) == doctest::Approx(1));
    for (std::uint64_t seed = 2; seed < 12; ++seed)
    {
        const matrix c = random_matrix(40, 4, seed);
        owned_factor<double> fc(c);
        const auto best = match(c, a);
        const double mean = std::accumulate(best.cosine.begin(), best.cosine.end(), 0.0) / 4;
        CHECK(xu::matched_cosine(fa.view(), fc.view()) == doctest::Approx(mean));
    }
    matrix zero = a;
    for (std::size_t i = 0; i < 40; ++i)
        zero(i, 2) = 0;
    owned_factor<double> fz(zero);
    CHECK(xu::matched_cosine(fa.view(), fz.view()) == doctest::Approx(0.75));
    CHECK(xu::stability<double>({fa.view(), fb.view(), fa.view()}) == doctest::Approx(1));
    CHECK(xu::stability<double>({fa.view(), fb.view(), fz.view()}) ==
          doctest::Approx((1 + 0.75 + 0.75) / 3));
    CHECK(xu::stability<double>({fa.view()}) == 1);
}
}
