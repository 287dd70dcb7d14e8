// SPDX-License-Identifier: BSD-3-Clause
// pca, exact_svd and varimax.
#include "../matrix/stored.hpp"
#include "jacobi.hpp"

#include <xunmix/matrix/dense.hpp>
#include <xunmix/svd/pca.hpp>
#include <xunmix/svd/varimax.hpp>

namespace decompositions_test
{
using namespace stored;
using support::message_of;
using support::random_matrix;
using support::relative_distance;
using support::squared_norm;
using support::to_matrix;
using support::transposed;

namespace
{
/// Five strong components and noise: 50 positions, 30 channels.
matrix noisy(std::uint64_t seed, std::size_t rows = 50, std::size_t cols = 30)
{
    matrix X = random_matrix(rows, 5, seed) * transposed(random_matrix(cols, 5, seed + 1));
    const matrix e = random_matrix(rows, cols, seed + 2, -0.05, 0.05);
    for (std::size_t i = 0; i < X.values.size(); ++i)
        X.values[i] += e.values[i] + 1;
    return X;
}

/// The unmasked part of X, as mask_of hides it.
matrix unmasked(const matrix& X, const arrangement& how)
{
    const auto rows = mask_of(X.rows, how.masks), cols = mask_of(X.cols, how.masks);
    std::vector<std::size_t> r, c;
    for (std::size_t i = 0; i < X.rows; ++i)
        if (keeps(rows, i))
            r.push_back(i);
    for (std::size_t j = 0; j < X.cols; ++j)
        if (keeps(cols, j))
            c.push_back(j);
    matrix out(r.size(), c.size());
    for (std::size_t i = 0; i < r.size(); ++i)
        for (std::size_t j = 0; j < c.size(); ++j)
            out(i, j) = X(r[i], c[j]);
    return out;
}

matrix without_mean(matrix X)
{
    for (std::size_t j = 0; j < X.cols; ++j)
    {
        double mean = 0;
        for (std::size_t i = 0; i < X.rows; ++i)
            mean += X(i, j) / static_cast<double>(X.rows);
        for (std::size_t i = 0; i < X.rows; ++i)
            X(i, j) -= mean;
    }
    return X;
}

/// sum_j (sum_i A_ij^4 - gamma / p (sum_i A_ij^2)^2)
double simplicity(const matrix& A, double gamma)
{
    double out = 0;
    for (std::size_t j = 0; j < A.cols; ++j)
    {
        double squares = 0, fourths = 0;
        for (std::size_t i = 0; i < A.rows; ++i)
        {
            squares += A(i, j) * A(i, j);
            fourths += std::pow(A(i, j), 4);
        }
        out += fourths - gamma / static_cast<double>(A.rows) * squares * squares;
    }
    return out;
}

matrix rotation_of(const matrix& L, double gamma)
{
    const support::owned_factor<double> f(L);
    matrix R(L.cols, L.cols);
    R.values = xu::varimax_rotation(
        xu::factor_ref<const double>(f.values.data(), L.rows, L.cols, L.rows), gamma);
    return R;
}
}

TEST_CASE_TEMPLATE("pca: values, scores and loadings are those of the decomposition by Jacobi", T,
                   double, float)
{
    const double precision = std::is_same_v<T, float> ? 2e-5 : 1e-10;
    for (const auto& how : arrangements)
        for (const bool centred : {false, true})
            for (const bool exact : {false, true})
                for (const auto& size : {std::pair<std::size_t, std::size_t>{70, 30}, {30, 70}})
                {
                    const std::size_t n = size.first, m = size.second;
                    CAPTURE(centred);
                    CAPTURE(exact);
                    CAPTURE(n);
                    const matrix X = noisy(3, n, m);
                    const auto r = xu::pca(xu::dense(store<T>(X, how), 1), {.rank = 5,
                                                                            .centred = centred,
                                                                            .exact = exact,
                                                                            .power_iterations = 6,
                                                                            .threads = 1});
                    const matrix V = unmasked(X, how), Y = centred ? without_mean(V) : V;
                    const auto truth = jacobi::decompose(Y);
                    const double all = squared_norm(V),
                                 entries = static_cast<double>(Y.values.size());
                    double left = squared_norm(Y);
                    REQUIRE(r.mse.size() == 6);
                    REQUIRE(r.variances.size() == 5);
                    for (std::size_t k = 0; k <= 5; ++k)
                    {
                        CHECK(std::abs(r.mse[k] - left / entries) < precision * all / entries);
                        if (k == 5)
                            break;
                        const double s = truth.lengths[k] * truth.lengths[k];
                        left -= s;
                        CHECK(std::abs(r.variances[k] * static_cast<double>(Y.rows) - s) <
                              precision * all);
                    }
                    // mean + C S^T is the best approximation.
                    const matrix C = to_matrix(r.model.maps_matrix()),
                                 S = to_matrix(r.model.components_matrix());
                    matrix fit = C * transposed(S);
                    for (std::size_t i = 0; i < n; ++i)
                        for (std::size_t j = 0; j < m; ++j)
                            fit(i, j) += static_cast<double>(r.mean.data()[j]);
                    const matrix best = Y - (Y - truth.leading(5));
                    CHECK(squared_norm(unmasked(fit, how) - V) <
                          squared_norm(Y - best) + precision * all);
                    for (std::size_t j = 0; j < 5; ++j)
                    {
                        double squares = 0, largest = 0;
                        for (std::size_t c = 0; c < m; ++c)
                        {
                            squares += S(c, j) * S(c, j);
                            if (std::abs(S(c, j)) > std::abs(largest))
                                largest = S(c, j);
                        }
                        CHECK(squares == doctest::Approx(1).epsilon(1e-5));
                        CHECK(largest > 0);
                    }
                }
}

TEST_CASE("pca: exact where the spectrum has no gap that a few rounds could use")
{
    const matrix X = random_matrix(60, 45, 8, -1, 1);
    const auto truth = jacobi::decompose(X);
    const auto r = xu::pca(xu::dense(store<double>(X, {}), 1),
                           {.rank = 45, .centred = false, .exact = true, .threads = 1});
    for (std::size_t k = 0; k < 45; ++k)
        CHECK(r.variances[k] * 60 ==
              doctest::Approx(truth.lengths[k] * truth.lengths[k]).epsilon(1e-8));
    CHECK(r.mse.back() < 1e-12 * r.mse.front());
}

TEST_CASE("pca: a constant scan has nothing left once centred")
{
    const matrix X(12, 9, 3);
    const auto r = xu::pca(xu::dense(store<double>(X, {}), 1), {.rank = 2, .threads = 1});
    for (const double x : r.mse)
        CHECK(std::abs(x) < 1e-12);
    for (std::size_t c = 0; c < 9; ++c)
        CHECK(r.mean.data()[c] == doctest::Approx(3));
}

TEST_CASE("pca: bad input is refused")
{
    const xu::dense x(store<double>(noisy(1), {}), 1);
    const auto refusal = [&](const xu::pca_options& o)
    { return message_of<xu::invalid_argument>([&] { xu::pca(x, o); }); };
    CHECK(refusal({}) == "pca takes a rank from 1 to min(positions, channels) = 30, got 0");
    CHECK(refusal({.rank = 31}) ==
          "pca takes a rank from 1 to min(positions, channels) = 30, got 31");
    const xu::dense big(store<float>(matrix(4100, 4097, 1), {}), 1);
    CHECK(message_of<xu::invalid_argument>([&] { xu::exact_svd(big, 2, 1); }) ==
          "an exact decomposition takes up to 4096 positions or up to as many channels, got at "
          "least 4097 of both; use the randomized one");
}

TEST_CASE("varimax: an orthogonal rotation at a maximum of the criterion")
{
    for (const double gamma : {0.0, 0.5, 1.0})
        for (const std::uint64_t seed : {1U, 2U, 3U})
        {
            const matrix L = random_matrix(40, 4, seed, -1, 1), R = rotation_of(L, gamma);
            const matrix unit = transposed(R) * R;
            for (std::size_t i = 0; i < 4; ++i)
                for (std::size_t j = 0; j < 4; ++j)
                    CHECK(std::abs(unit(i, j) - (i == j ? 1.0 : 0.0)) < 1e-12);
            const matrix A = L * R;
            const double reached = simplicity(A, gamma);
            CHECK(reached >= simplicity(L, gamma));
            for (std::size_t a = 0; a < 4; ++a) // no turn of two columns improves it
                for (std::size_t b = a + 1; b < 4; ++b)
                    for (const double angle : {-0.8, -0.1, -1e-3, 1e-3, 0.1, 0.8})
                    {
                        matrix B = A;
                        for (std::size_t i = 0; i < 40; ++i)
                        {
                            B(i, a) = std::cos(angle) * A(i, a) + std::sin(angle) * A(i, b);
                            B(i, b) = std::cos(angle) * A(i, b) - std::sin(angle) * A(i, a);
                        }
                        CHECK(simplicity(B, gamma) <= reached + 1e-9 * std::abs(reached));
                    }
        }
}

TEST_CASE("varimax: finds a simple structure that was rotated away")
{
    matrix simple(60, 4);
    for (std::size_t i = 0; i < 60; ++i)
        simple(i, i % 4) = 1 + static_cast<double>(i) / 30;
    const auto frame = jacobi::decompose(random_matrix(4, 4, 5, -1, 1));
    const matrix hidden = simple * frame.V, found = hidden * rotation_of(hidden, 1);
    for (std::size_t i = 0; i < 60; ++i)
    {
        std::size_t large = 0;
        for (std::size_t j = 0; j < 4; ++j)
        {
            const double x = std::abs(found(i, j));
            CHECK(std::min(x, std::abs(x - simple(i, i % 4))) < 1e-7);
            large += x > 0.5;
        }
        CHECK(large == 1);
    }
}

TEST_CASE("varimax: a model keeps its product, its components get unit length")
{
    const matrix X = noisy(9);
    const auto analysed =
        xu::pca(xu::dense(store<double>(X, {}), 1), {.rank = 4, .centred = false, .threads = 1})
            .model;
    const auto turned = xu::varimax(analysed);
    const matrix before = to_matrix(analysed.maps_matrix()) *
                          transposed(to_matrix(analysed.components_matrix())),
                 S = to_matrix(turned.components_matrix()),
                 after = to_matrix(turned.maps_matrix()) * transposed(S);
    CHECK(relative_distance(after, before) < 1e-12);
    for (std::size_t j = 0; j < 4; ++j)
    {
        double squares = 0;
        for (std::size_t c = 0; c < S.rows; ++c)
            squares += S(c, j) * S(c, j);
        CHECK(squares == doctest::Approx(1));
    }
    const support::owned_factor<double> f(S);
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::varimax_rotation(
                      xu::factor_ref<const double>(f.values.data(), S.rows, 4, S.rows), 2);
              }) == "varimax needs a gamma between 0 and 1, got 2");
}
}
