// SPDX-License-Identifier: BSD-3-Clause
#include "../svd/jacobi.hpp"

#include <xunmix/compare/agreement.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/rank/report.hpp>
#include <xunmix/rank/uneven_noise.hpp>

#include "../io/files.hpp"
#include "planted.hpp"

namespace uneven_noise_test
{
using namespace support;

namespace
{
/// Positive numbers of mean 1 that scatter with exp(spread z).
std::vector<double> scattered(std::size_t count, double spread, std::uint64_t seed)
{
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> draw;
    std::vector<double> out(count);
    for (double& x : out)
        x = std::exp(spread * draw(engine));
    const double mean = std::accumulate(out.begin(), out.end(), 0.0) / static_cast<double>(count);
    for (double& x : out)
        x /= mean;
    return out;
}

/// Normal noise with variances a_i b_c.
matrix uneven_noise(const std::vector<double>& a, const std::vector<double>& b, std::uint64_t seed)
{
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> draw;
    matrix out(a.size(), b.size());
    for (std::size_t i = 0; i < out.rows; ++i)
        for (std::size_t c = 0; c < out.cols; ++c)
            out(i, c) = std::sqrt(a[i] * b[c]) * draw(engine);
    return out;
}

/// Whether the equations of the resolvent have a real solution at lambda: then they are reached
/// from u = v = 0, from where both grow.
bool has_solution(double lambda, const std::vector<double>& a, const std::vector<double>& b)
{
    double u = 0, v = 0;
    const auto next = [&](const std::vector<double>& shares, double other)
    {
        double sum = 0;
        for (const double share : shares)
            sum += lambda > share * other ? share / (lambda - share * other)
                                          : std::numeric_limits<double>::infinity();
        return sum;
    };
    for (int step = 0; step < 20000 && std::isfinite(u + v); ++step)
        u = next(a, v), v = next(b, u);
    return std::isfinite(u + v);
}

std::size_t recommended(const matrix& X, std::size_t highest)
{
    return xu::rank_report(unfold_as<float>(X),
                           {.ranks = xu::rank_range(1, highest), .starts = 1, .max_iterations = 30})
        .recommended;
}
}

TEST_CASE("uneven_noise_edge: sqrt(n) + sqrt(m) for even noise, whatever its variance")
{
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{400, 30}, {7, 7}, {3, 900}})
        for (const double variance : {1.0, 1e-12, 1e8})
        {
            const std::vector<double> a(n, variance), b(m, 1);
            CHECK(xu::uneven_noise_edge(a, b) ==
                  doctest::Approx(std::sqrt(variance) * xu::marchenko_pastur_edge(n, m))
                      .epsilon(1e-7));
        }
}

TEST_CASE("uneven_noise_edge: the least at which the resolvent is real, and where drawn noise ends")
{
    for (const double spread_a : {0.0, 0.3, 1.0})
        for (const double spread_b : {0.2, 1.5})
        {
            CAPTURE(spread_a);
            CAPTURE(spread_b);
            auto a = scattered(240, spread_a, 1);
            const auto b = scattered(80, spread_b, 2);
            a[5] = 0;
            const double edge = xu::uneven_noise_edge(a, b);
            CHECK(has_solution(1.0005 * edge, a, b));
            CHECK(!has_solution(0.9995 * edge, a, b));
            double longest = 0;
            for (std::uint64_t seed = 1; seed <= 5; ++seed)
                longest += jacobi::decompose(uneven_noise(a, b, seed)).lengths[0] / 5;
            // Some per cent from the limit of large matrices, less where few places have it all.
            CHECK(longest == doctest::Approx(edge).epsilon(0.08));
            CHECK(xu::uneven_noise_edge(b, a) == doctest::Approx(edge).epsilon(1e-6));
        }
}

TEST_CASE_TEMPLATE("uneven_noise: even noise is even, uneven shares come back", T, float, double)
{
    const std::vector<double> even(300, 1), one(90, 1);
    const auto a = scattered(300, 0.4, 3), b = scattered(90, 0.7, 4);
    const matrix signal =
        random_matrix(300, 3, 5, 0, 3) * transposed(random_matrix(90, 3, 6, 0, 3));
    const auto shares = [&](const matrix& noise)
    {
        matrix X = signal;
        for (std::size_t e = 0; e < X.values.size(); ++e)
            X.values[e] += noise.values[e];
        const auto data = unfold_as<T>(X);
        const xu::dense<T> x(data, 1);
        return xu::uneven_noise(x, xu::range_finder(x, 10, 4, 1, 1), 1).shares(3);
    };
    const auto flat = shares(uneven_noise(even, one, 7));
    CHECK(xu::uneven_noise_edge(flat.positions, flat.channels) ==
          doctest::Approx(xu::marchenko_pastur_edge(300, 90)).epsilon(0.005));
    const auto found = shares(uneven_noise(a, b, 8));
    CHECK(xu::uneven_noise_edge(found.positions, found.channels) ==
          doctest::Approx(xu::uneven_noise_edge(a, b)).epsilon(0.05));
    CHECK(xu::correlation(std::span(found.positions), std::span(a)) > 0.9);
    CHECK(xu::correlation(std::span(found.channels), std::span(b)) > 0.98);
}

TEST_CASE("uneven_noise: masked and dark places are left out, both orders in memory agree")
{
    matrix X = uneven_noise(scattered(60, 0.5, 9), scattered(40, 0.5, 10), 11);
    for (std::size_t i = 0; i < 60; ++i)
        X(i, 7) = 0;
    const auto shares = [&](const auto& data)
    {
        const xu::dense x(data, 2);
        return xu::uneven_noise(x, xu::range_finder(x, 40, 1, 1, 1), 2).shares(4);
    };
    const auto plain = shares(unfold_as<double>(X));
    CHECK(plain.positions.size() == 60);
    CHECK(plain.channels.size() == 39);
    const auto turned = shares(unfold_as<double>(transposed(X)));
    for (std::size_t i = 0; i < 60; ++i)
        CHECK(turned.channels[i] == doctest::Approx(plain.positions[i]).epsilon(1e-6));
    for (std::size_t c = 0; c < 39; ++c)
        CHECK(turned.positions[c] == doctest::Approx(plain.channels[c]).epsilon(1e-6));
}

TEST_CASE("rank_report: noise that is stronger in some channels and positions is no component")
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        CAPTURE(seed);
        matrix X = planted_means(3, 24, 80, 800, seed);
        const matrix noise =
            uneven_noise(scattered(576, 0.3, seed), scattered(80, 0.6, seed + 20), seed + 40);
        for (std::size_t e = 0; e < X.values.size(); ++e)
            X.values[e] += noise.values[e];
        CHECK(recommended(X, 6) == 3);
    }
}

TEST_CASE("rank_report: a component of two positions is one")
{
    matrix X = uneven_noise(std::vector<double>(400, 1), std::vector<double>(60, 1), 1);
    const matrix S = random_matrix(60, 3, 2, 0, 4);
    for (std::size_t i = 0; i < 400; ++i)
        for (std::size_t c = 0; c < 60; ++c)
            X(i, c) += 20 + (i % 2 == 0 ? S(c, 0) : S(c, 1)) + (i < 2 ? 10 * S(c, 2) : 0);
    CHECK(recommended(X, 6) == 3);
}

TEST_CASE("rank_report: two phases of Mn3O4 in clipped noise")
{
    const auto path = data_file("eels_mn3o4_noisy.npy");
    if (path.empty())
        return;
    const auto scan = std::get<xu::tensor<double>>(xu::read_npy(path));
    for (const std::size_t highest : {4U, 6U, 10U})
        CHECK(xu::rank_report(xu::unfold(scan, xu::positions{0, 1}),
                              {.ranks = xu::rank_range(1, highest), .starts = 2})
                  .recommended == 2);
}
}
