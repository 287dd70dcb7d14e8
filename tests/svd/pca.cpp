// SPDX-License-Identifier: BSD-3-Clause
#include "../matrix/stored.hpp"
#include "jacobi.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/svd/pca.hpp>

namespace pca_test
{
using namespace stored;
using support::random_matrix;
using support::squared_norm;

namespace
{
/// The residuals' reference and what the library says, k = 0 ... r, in units of |X|^2.
void check_near(const std::vector<double>& found, const std::vector<double>& exact, double squared,
                double precision)
{
    REQUIRE(found.size() == exact.size());
    for (std::size_t k = 0; k < exact.size(); ++k)
    {
        CAPTURE(k);
        CHECK(std::abs(found[k] - exact[k]) <= precision * squared);
    }
}

std::vector<double> naive_residuals(const matrix& X, std::size_t r)
{
    const auto exact = jacobi::decompose(X);
    std::vector<double> out;
    for (std::size_t k = 0; k <= r; ++k)
        out.push_back(squared_norm(X - exact.leading(k)));
    return out;
}

/// The leading components of G^(-1/2) X H^(-1/2), scaled back, G and H the sums of rows and
/// columns.
std::vector<double> naive_scaled_residuals(const matrix& X, std::size_t r)
{
    std::vector<double> g(X.rows), h(X.cols);
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            g[i] += X(i, c), h[c] += X(i, c);
    matrix scaled = X;
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            scaled(i, c) = g[i] > 0 && h[c] > 0 ? X(i, c) / std::sqrt(g[i] * h[c]) : 0;
    const auto exact = jacobi::decompose(scaled);
    std::vector<double> out;
    for (std::size_t k = 0; k <= r; ++k)
    {
        matrix back = exact.leading(k);
        for (std::size_t i = 0; i < X.rows; ++i)
            for (std::size_t c = 0; c < X.cols; ++c)
                back(i, c) *= std::sqrt(g[i] * h[c]);
        out.push_back(squared_norm(X - back));
    }
    return out;
}

template <class T>
auto decomposed(const matrix& X, std::size_t r, const arrangement& how = {})
{
    return xu::range_finder(xu::dense(store<T>(X, how), 1), r, 2, 1, 1);
}

/// What all components together leave, of data with this squared norm.
template <class F>
double rest(const xu::truncated_svd<F>& svd, double squared)
{
    for (double length : svd.squared_lengths)
        squared -= length;
    return std::max(squared, 0.0);
}

/// xu::pca_residuals and xu::scaled_pca_residuals of data with this squared norm.
template <class F>
std::vector<double> residuals(const xu::truncated_svd<F>& svd, double squared)
{
    return xu::pca_residuals(svd, rest(svd, squared));
}

template <class F>
std::vector<double> scaled_residuals(const xu::truncated_svd<F>& svd, double squared)
{
    return xu::scaled_pca_residuals(svd, rest(svd, squared));
}

/// Counts with dark positions, dead channels and lines of very different strength.
matrix uneven(std::uint64_t seed)
{
    matrix X = random_matrix(40, 25, seed);
    for (std::size_t i = 0; i < 40; ++i)
        for (std::size_t c = 0; c < 25; ++c)
            X(i, c) *= (i == 7 || c == 3 ? 0 : 1) * (c < 5 ? 1000 : 1) * (i % 3 == 0 ? 20 : 1);
    return support::counted(X, 50);
}
}

TEST_CASE_TEMPLATE("pca_residuals: what the leading components leave", T, double, float)
{
    const double precision = std::is_same_v<T, float> ? 1e-5 : 1e-11;
    for (const auto& how : {arrangements[0], arrangements[1], arrangements[4]})
        for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{40, 19}, {19, 40}})
        {
            const matrix X = visible(counts(n, m, 1), how);
            const double squared = squared_norm(X);
            const std::size_t least = how.masks ? std::min(n, m) - 4 : std::min(n, m);
            const auto found = residuals(decomposed<T>(counts(n, m, 1), least, how), squared);
            check_near(found, naive_residuals(X, least), squared, precision);
            CHECK(found[0] == doctest::Approx(squared).epsilon(precision));
            CHECK(found[least] <= precision * squared);
        }
}

TEST_CASE("pca_residuals: never below the least that can be, never rising, never negative")
{
    const matrix X = random_matrix(60, 50, 2);
    const auto found = residuals(decomposed<double>(X, 12), squared_norm(X));
    const auto exact = naive_residuals(X, 12);
    REQUIRE(found.size() == 13);
    for (std::size_t k = 0; k <= 12; ++k)
    {
        CHECK(found[k] >= exact[k] * (1 - 1e-12));
        CHECK((k == 0 || found[k] <= found[k - 1]));
    }
    const matrix thin = random_matrix(30, 2, 3) * random_matrix(2, 20, 4);
    for (double x : residuals(decomposed<double>(thin, 20), squared_norm(thin)))
        CHECK(x >= 0);
}

TEST_CASE_TEMPLATE("scaled_pca_residuals: as by a dense decomposition of the scaled matrix", T,
                   double, float)
{
    const double precision = std::is_same_v<T, float> ? 2e-4 : 1e-9;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        const matrix X = counts(40, 22, seed);
        const double squared = squared_norm(X);
        const auto found = scaled_residuals(decomposed<T>(X, 22), squared);
        check_near(found, naive_scaled_residuals(X, 22), squared, precision);
        CHECK(found[0] == doctest::Approx(squared).epsilon(precision));
        CHECK(found[22] <= precision * squared);
        const auto least = naive_residuals(X, 22);
        for (std::size_t k = 0; k <= 22; ++k)
            CHECK(found[k] >= least[k] - precision * squared);
    }
}

TEST_CASE("scaled_pca_residuals: of the transposed matrix they are the same")
{
    const matrix X = counts(30, 18, 5);
    check_near(scaled_residuals(decomposed<double>(support::transposed(X), 18), squared_norm(X)),
               naive_scaled_residuals(X, 18), squared_norm(X), 1e-9);
}

TEST_CASE("scaled_pca_residuals: dark positions, dead channels and lines of any strength")
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        const matrix X = uneven(seed);
        const auto found = scaled_residuals(decomposed<double>(X, 25), squared_norm(X));
        check_near(found, naive_scaled_residuals(X, 25), squared_norm(X), 1e-6);
    }
}

TEST_CASE("scaled_pca_residuals: masked places do not count")
{
    for (const auto& how : {arrangements[1], arrangements[4]})
    {
        const matrix X = visible(counts(40, 19, 6), how);
        const auto found =
            scaled_residuals(decomposed<double>(counts(40, 19, 6), 15, how), squared_norm(X));
        check_near(found, naive_scaled_residuals(X, 15), squared_norm(X), 1e-9);
    }
}

TEST_CASE("scaled_pca_residuals: data of lower rank than was asked for")
{
    const matrix X = random_matrix(30, 3, 7) * random_matrix(3, 20, 8);
    const auto found = scaled_residuals(decomposed<double>(X, 10), squared_norm(X));
    check_near(found, naive_scaled_residuals(X, 10), squared_norm(X), 1e-9);
    for (std::size_t k = 3; k <= 10; ++k)
        CHECK(found[k] <= 1e-9 * squared_norm(X));
}

TEST_CASE("scaled_pca_residuals: what the decomposition left out stays a residual")
{
    // Planted, of rank 3, with noise: the leading directions hold all that is scaled back.
    const auto truth = support::plant({.positions = 60, .channels = 50, .rank = 3, .seed = 2});
    matrix X = random_matrix(60, 50, 9, 0, 0.02);
    for (std::size_t e = 0; e < X.values.size(); ++e)
        X.values[e] += truth.X.values[e];
    const auto found = scaled_residuals(decomposed<double>(X, 20), squared_norm(X));
    const auto exact = naive_scaled_residuals(X, 20);
    for (std::size_t k = 0; k <= 3; ++k)
        CHECK(found[k] == doctest::Approx(exact[k]).epsilon(1e-2));
}

TEST_CASE_TEMPLATE("pca: of weighted data it is that of the scaled matrix", T, double, float)
{
    const double precision = std::is_same_v<T, float> ? 1e-4 : 1e-8;
    const matrix X = counts(60, 25, 3);
    const auto scaled = xu::poisson_scaled(xu::dense(store<T>(X, {}), 1));
    const auto& w = scaled.weights().positions;
    const auto& v = scaled.weights().channels;
    for (const bool centred : {true, false})
        for (const bool exact : {true, false})
        {
            CAPTURE(centred);
            CAPTURE(exact);
            matrix Y = X;
            for (std::size_t c = 0; c < X.cols; ++c)
            {
                double sum = 0, weight = 0;
                for (std::size_t i = 0; i < X.rows; ++i)
                    sum += w[i] * X(i, c), weight += w[i];
                for (std::size_t i = 0; i < X.rows; ++i)
                    Y(i, c) = std::sqrt(w[i] * v[c]) * (X(i, c) - (centred ? sum / weight : 0));
            }
            const auto expected = naive_residuals(Y, 4);
            const auto found = xu::pca(
                scaled, {.rank = 4, .centred = centred, .exact = exact, .power_iterations = 8});
            REQUIRE(found.mse.size() == 5);
            for (std::size_t k = 0; k <= 4; ++k)
            {
                CAPTURE(k);
                CHECK(found.mse[k] * 60 * 25 == doctest::Approx(expected[k]).epsilon(precision));
                if (k > 0)
                    CHECK(found.variances[k - 1] * 60 ==
                          doctest::Approx(expected[k - 1] - expected[k]).epsilon(precision));
            }
            // The model in X's own units.
            double squared = 0;
            const auto model = found.model.maps_matrix();
            const auto loadings = found.model.components_matrix();
            for (std::size_t i = 0; i < X.rows; ++i)
                for (std::size_t c = 0; c < X.cols; ++c)
                {
                    double r = X(i, c) - static_cast<double>(found.mean(c));
                    for (std::size_t j = 0; j < 4; ++j)
                        r -= static_cast<double>(model(i, j)) * static_cast<double>(loadings(c, j));
                    squared += w[i] * v[c] * r * r;
                }
            CHECK(found.model.mse * 60 * 25 == doctest::Approx(squared).epsilon(1e-5));
        }
}

TEST_CASE("pca: data are checked as by factorize")
{
    matrix X = random_matrix(12, 9, 4);
    const auto refuses = [&](const char* words)
    {
        const xu::pca_options options{.rank = 2};
        CHECK_THROWS_WITH_AS(xu::pca(xu::dense(store<double>(X, {}), 1), options),
                             doctest::Contains(words), xu::invalid_data);
    };
    X(3, 4) = std::nan("");
    refuses("NaN");
    X(3, 4) = std::numeric_limits<double>::infinity();
    refuses("infinit");
    for (double& x : X.values)
        x = 0;
    refuses("zero");
}
}
