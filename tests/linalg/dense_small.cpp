// SPDX-License-Identifier: BSD-3-Clause
// The k x k side: Gram matrices, inner products, and the inverse of normal equations that may be
// singular, against the formulas that define them.
#include "../support.hpp"

#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/pseudo_inverse.hpp>
#include <xunmix/model/inner_product.hpp>

namespace dense_small_test
{
using namespace support;

namespace
{
matrix gram_of(const matrix& F)
{
    return transposed(F) * F;
}

/// The matrix by which the normal equations with `gram` are solved.
matrix inverse_of(const matrix& gram, double tolerance = 1e-12)
{
    xu::linalg::pseudo_inverse invert;
    const auto ref = invert({gram.values.data(), gram.rows}, tolerance);
    matrix out(gram.rows, gram.rows);
    std::copy_n(ref.data, out.values.size(), out.values.begin());
    return out;
}

matrix identity(std::size_t k)
{
    matrix out(k, k);
    for (std::size_t j = 0; j < k; ++j)
        out(j, j) = 1;
    return out;
}

/// Each row and column j of a k x k matrix times d[j].
matrix rescaled(matrix a, const std::vector<double>& d)
{
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.cols; ++j)
            a(i, j) *= d[i] * d[j];
    return a;
}

double largest(const matrix& a)
{
    double most = 0;
    for (double x : a.values)
        most = std::max(most, std::abs(x));
    return most;
}
}

TEST_CASE_TEMPLATE("small: gram and inner products", T, float, double)
{
    for (std::size_t rows : {1U, 5U, 8U, 17U, 1000U, 20000U})
        for (std::size_t k : {1U, 2U, 7U, 16U})
        {
            owned_factor<T> a(random_matrix(rows, k, 1, -1, 1)),
                b(random_matrix(rows, k, 2, -1, 1));
            const matrix A = to_matrix(a.view()), B = to_matrix(b.view());
            matrix gram(k, k, -1);
            xu::inner_product().gram(a.view(), {gram.values.data(), k}, 1);
            CHECK(relative_distance(gram, gram_of(A)) < 1e-13);
            CHECK(gram.values == transposed(gram).values);

            const double inner =
                std::inner_product(A.values.begin(), A.values.end(), B.values.begin(), 0.0);
            const double size = std::sqrt(squared_norm(A) * squared_norm(B));
            CHECK(std::abs(xu::inner_product()(a.view(), b.view()) - inner) < 1e-13 * size);

            matrix many(k, k);
            for (std::size_t threads : {2U, 3U})
            {
                xu::inner_product().gram(a.view(), {many.values.data(), k}, threads);
                CHECK(many.values == gram.values);
            }
        }
}

TEST_CASE("small: gram and inner product of a block of rows, and of small matrices")
{
    const matrix F = random_matrix(30, 3, 3);
    owned_factor<double> f(F);
    const auto block = f.view().block(7, 11);
    matrix part(11, 3), gram(3, 3);
    for (std::size_t i = 0; i < 11; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            part(i, j) = F(7 + i, j);
    xu::inner_product().gram(block, {gram.values.data(), 3}, 1);
    CHECK(relative_distance(gram, gram_of(part)) < 1e-14);
    CHECK(xu::inner_product()(block, block) == doctest::Approx(squared_norm(part)));

    const matrix A = random_matrix(4, 4, 4), B = random_matrix(4, 4, 5);
    const xu::matrix_ref<const double> a(A.values.data(), 4), b(B.values.data(), 4);
    CHECK(xu::linalg::inner(a, b) == doctest::Approx(std::inner_product(
                                         A.values.begin(), A.values.end(), B.values.begin(), 0.0)));
    const xu::matrix_ref<const double> corner(A.values.data() + 1, 2, 2, 4);
    CHECK(xu::linalg::inner(corner, corner) ==
          doctest::Approx(A(0, 1) * A(0, 1) + A(0, 2) * A(0, 2) + A(1, 1) * A(1, 1) +
                          A(1, 2) * A(1, 2)));
}

TEST_CASE("small: float columns are summed in double")
{
    // 1 and 1e4 ones of 1e-4: in float each 1e-8 would be lost beside the 1.
    matrix F(10001, 1, 1e-4);
    F(0, 0) = 1;
    owned_factor<float> f(F);
    double gram = 0;
    xu::inner_product().gram(f.view(), {&gram, 1}, 1);
    CHECK(gram == doctest::Approx(1.0001).epsilon(1e-8));
}

TEST_CASE("small: the residual from norm, products and Gram matrices is the residual")
{
    const matrix C = random_matrix(30, 4, 6), S = random_matrix(20, 4, 7),
                 X = random_matrix(30, 20, 8);
    owned_factor<double> maps(C), components(S), product(transposed(X) * C);
    matrix CtC(4, 4), StS(4, 4);
    xu::inner_product().gram(maps.view(), {CtC.values.data(), 4}, 1);
    xu::inner_product().gram(components.view(), {StS.values.data(), 4}, 1);
    const double residual = squared_norm(X) -
                            2 * xu::inner_product()(product.view(), components.view()) +
                            xu::linalg::inner(xu::matrix_ref<const double>(CtC.values.data(), 4),
                                              xu::matrix_ref<const double>(StS.values.data(), 4));
    CHECK(residual == doctest::Approx(squared_residual(X, C, S)).epsilon(1e-12));
}

TEST_CASE("pseudo_inverse: the inverse of a regular Gram matrix, whatever the scales")
{
    for (std::size_t k : {1U, 2U, 5U, 12U, 40U})
    {
        const matrix G = gram_of(random_matrix(3 * k, k, k, -1, 1));
        CHECK(relative_distance(G * inverse_of(G), identity(k)) < 1e-11);

        std::vector<double> d(k);
        for (std::size_t j = 0; j < k; ++j)
            d[j] = std::pow(10.0, 6 * std::sin(static_cast<double>(j)));
        const matrix badly_scaled = rescaled(G, d);
        std::vector<double> back(k);
        std::transform(d.begin(), d.end(), back.begin(), [](double x) { return 1 / x; });
        CHECK(relative_distance(rescaled(inverse_of(badly_scaled), d), inverse_of(G)) < 1e-9);
    }
}

TEST_CASE("pseudo_inverse: known inverses")
{
    matrix one(1, 1, 4);
    CHECK(inverse_of(one)(0, 0) == doctest::Approx(0.25));

    matrix two(2, 2);
    two.values = {2, 1, 1, 3}; // inverse 1/5 {3, -1, -1, 2}
    const matrix inverse = inverse_of(two);
    CHECK(inverse(0, 0) == doctest::Approx(0.6));
    CHECK(inverse(0, 1) == doctest::Approx(-0.2));
    CHECK(inverse(1, 0) == doctest::Approx(-0.2));
    CHECK(inverse(1, 1) == doctest::Approx(0.4));

    // Twice the same unit column: Moore and Penrose's inverse of {1, 1, 1, 1} is a quarter of it.
    matrix twice(2, 2, 1);
    for (double x : inverse_of(twice).values)
        CHECK(x == doctest::Approx(0.25));
}

TEST_CASE("pseudo_inverse: singular Gram matrices still solve their own normal equations")
{
    for (std::size_t k : {2U, 3U, 6U, 20U})
        for (std::size_t rank = 1; rank < k; rank += 1 + k / 4)
        {
            // k columns that span `rank` dimensions, one a million times another
            matrix F = random_matrix(50, rank, k + rank, -1, 1) *
                       random_matrix(rank, k, 100 + k + rank, -1, 1);
            for (std::size_t i = 0; i < F.rows; ++i)
                F(i, 0) *= 1e6;
            const matrix G = gram_of(F), A = inverse_of(G);
            std::vector<double> unit(k); // compared on one scale
            for (std::size_t j = 0; j < k; ++j)
                unit[j] = 1 / std::sqrt(G(j, j));
            const matrix g = rescaled(G, unit);
            std::vector<double> back(k);
            std::transform(unit.begin(), unit.end(), back.begin(), [](double x) { return 1 / x; });
            const matrix a = rescaled(A, back);
            CHECK(relative_distance(g * a * g, g) < 1e-9);
            CHECK(relative_distance(a * g * a, a) < 1e-9);
            CHECK(relative_distance(a, transposed(a)) < 1e-12);
            double trace = 0;
            for (std::size_t j = 0; j < k; ++j)
                trace += (g * a)(j, j);
            CHECK(trace == doctest::Approx(static_cast<double>(rank)).epsilon(1e-6));

            // a right-hand side F^T x always has a solution: A gives one
            const matrix rhs = transposed(F) * random_matrix(50, 1, 7);
            matrix scaled_rhs = rhs, scaled_back = G * (A * rhs);
            for (std::size_t j = 0; j < k; ++j)
                scaled_rhs(j, 0) *= unit[j], scaled_back(j, 0) *= unit[j];
            CHECK(relative_distance(scaled_back, scaled_rhs) < 1e-8);
        }
}

TEST_CASE("pseudo_inverse: columns of zeros give zeros and do not disturb the others")
{
    matrix F = random_matrix(20, 4, 9);
    for (std::size_t i = 0; i < 20; ++i)
        F(i, 2) = 0;
    const matrix A = inverse_of(gram_of(F));
    matrix rest(20, 3);
    for (std::size_t i = 0; i < 20; ++i)
        rest(i, 0) = F(i, 0), rest(i, 1) = F(i, 1), rest(i, 2) = F(i, 3);
    const matrix B = inverse_of(gram_of(rest));
    const std::size_t from[] = {0, 1, 3};
    for (std::size_t j = 0; j < 4; ++j)
    {
        CHECK(A(2, j) == 0);
        CHECK(A(j, 2) == 0);
    }
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(A(from[i], from[j]) == doctest::Approx(B(i, j)).epsilon(1e-9));

    CHECK(largest(inverse_of(matrix(3, 3))) == 0);
}

TEST_CASE("pseudo_inverse: the tolerance says what counts as singular")
{
    // Eigenvalues 1 +- c of a unit-diagonal 2 x 2 matrix.
    const double c = 1 - 1e-6;
    matrix G(2, 2, 1);
    G(0, 1) = G(1, 0) = c;
    const matrix fine = inverse_of(G, 1e-9), coarse = inverse_of(G, 1e-3);
    CHECK(relative_distance(G * fine, identity(2)) < 1e-8);
    for (double x : coarse.values)
        CHECK(x == doctest::Approx(0.5 / (1 + c))); // 1/(1 + c) times the mean of both
}

TEST_CASE("pseudo_inverse: one object serves Gram matrices of any size, part of larger ones too")
{
    xu::linalg::pseudo_inverse invert;
    const matrix G = gram_of(random_matrix(60, 8, 10));
    for (std::size_t k : {8U, 3U, 5U, 8U})
    {
        const xu::matrix_ref<const double> corner(G.values.data(), k, k, 8);
        const auto A = invert(corner, 1e-12);
        CHECK(invert.last().data == A.data);
        REQUIRE(A.rows == k);
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < k; ++j)
            {
                double sum = 0;
                for (std::size_t l = 0; l < k; ++l)
                    sum += corner(i, l) * A(l, j);
                CHECK(sum == doctest::Approx(i == j ? 1 : 0).epsilon(1e-9));
            }
    }
}

TEST_CASE("pseudo_inverse: NaN is an error, not a result")
{
    matrix G(3, 3, std::numeric_limits<double>::quiet_NaN());
    CHECK_THROWS_AS(inverse_of(G), xu::error);
}

TEST_CASE("small: what is projected out is gone, the rest stays")
{
    // The first three unit vectors of a plane of six coordinates, turned by a Householder
    // reflection.
    constexpr std::size_t d = 6, taken = 3;
    const matrix u = random_matrix(d, 1, 21, -1, 1);
    const double size = squared_norm(u);
    std::vector<double> basis;
    for (std::size_t b = 0; b < taken; ++b)
        for (std::size_t i = 0; i < d; ++i)
            basis.push_back((i == b ? 1 : 0) - 2 * u(i, 0) * u(b, 0) / size);
    const matrix start = random_matrix(d, 1, 22, -1, 1);
    std::vector<double> v = start.values;
    const double left = xu::linalg::project_out(v, basis);
    double along = 0, rest = squared_norm(start);
    for (std::size_t b = 0; b < taken; ++b)
    {
        along = std::max(along, std::abs(xu::linalg::dot(v.data(), basis.data() + b * d, d)));
        const double of_start = xu::linalg::dot(start.values.data(), basis.data() + b * d, d);
        rest -= of_start * of_start;
    }
    CHECK(along < 1e-15);
    CHECK(left == doctest::Approx(std::sqrt(rest)).epsilon(1e-12));
    CHECK(left == std::sqrt(xu::linalg::dot(v.data(), v.data(), d)));

    const std::vector<double> before = v;
    CHECK(xu::linalg::project_out(v, {}) == left);
    CHECK(v == before);
}

TEST_CASE("small: the signs of a pair turn where its largest entry is negative")
{
    std::vector<float> a{1, -3, 2}, b{-1, 4};
    xu::linalg::make_largest_positive(std::span(a), std::span(b));
    CHECK(a == std::vector<float>{-1, 3, -2});
    CHECK(b == std::vector<float>{1, -4});
    xu::linalg::make_largest_positive(std::span(a), std::span(b));
    CHECK(a == std::vector<float>{-1, 3, -2});
    CHECK(b == std::vector<float>{1, -4});
    std::vector<float> none;
    xu::linalg::make_largest_positive(std::span(none), std::span(none));
    CHECK(none.empty());
}
}
