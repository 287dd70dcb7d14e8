// SPDX-License-Identifier: BSD-3-Clause
#include "../matrix/stored.hpp"
#include "jacobi.hpp"

#include <xunmix/matrix/dense.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace range_finder_test
{
using namespace stored;
using support::random_matrix;
using support::relative_distance;
using support::to_matrix;
using support::transposed;

namespace
{
/// Strong components whose lengths fall by half each, from 100 on, over weak noise.
matrix with_gap(std::size_t n, std::size_t m, std::size_t strong, std::uint64_t seed)
{
    const matrix U = jacobi::decompose(random_matrix(n, strong, seed, -1, 1)).U,
                 V = jacobi::decompose(random_matrix(m, strong, seed + 1, -1, 1)).U;
    matrix X = random_matrix(n, m, seed + 2, -0.001, 0.001);
    for (std::size_t j = 0; j < strong; ++j)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t c = 0; c < m; ++c)
                X(i, c) += 100 * std::pow(0.5, static_cast<double>(j)) * U(i, j) * V(c, j);
    return X;
}

/// Orthonormal columns on the left, orthogonal ones on the right, of the lengths told and sorted.
/// Directions without any length are zeros on both sides.
template <class F>
void check_form(const xu::truncated_svd<F>& found, std::size_t directions, double precision)
{
    const matrix U = to_matrix(found.left.view()), V = to_matrix(found.right.view());
    CHECK(found.size() == directions);
    CHECK((U.cols == directions && V.cols == directions));
    const matrix UtU = transposed(U) * U, VtV = transposed(V) * V;
    const double largest = found.squared_lengths[0];
    double sum = 0;
    for (std::size_t j = 0; j < directions; ++j)
    {
        CHECK((j == 0 || found.squared_lengths[j] <= found.squared_lengths[j - 1]));
        for (std::size_t l = 0; l < directions; ++l)
        {
            const double one = j == l ? 1 : 0;
            CHECK(std::abs(UtU(j, l) - one) <= precision);
            CHECK(std::abs(VtV(j, l) - one * found.squared_lengths[j]) <= precision * largest);
        }
        sum += found.squared_lengths[j];
    }
    CHECK(found.captured() == doctest::Approx(sum).epsilon(1e-14));
}

/// A matrix that counts how often X is read.
struct counting
{
    using factor_type = double;
    using workspace = xu::dense<double>::workspace;

    const xu::unfolding& shape() const
    {
        return x.shape();
    }
    std::size_t rows() const
    {
        return x.rows();
    }
    std::size_t cols() const
    {
        return x.cols();
    }
    void multiply(xu::factor_ref<const double> S, xu::factor_ref<double> out, workspace& work) const
    {
        ++reads;
        x.multiply(S, out, work);
    }
    void multiply_transposed(xu::factor_ref<const double> C, xu::factor_ref<double> out,
                             workspace& work) const
    {
        ++reads;
        x.multiply_transposed(C, out, work);
    }

    xu::dense<double> x;
    mutable std::size_t reads = 0;
};

xu::dense<double> as_dense(const matrix& X)
{
    return xu::dense(support::unfold_as<double>(X), 1);
}
}

TEST_CASE("the reference decomposes")
{
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{20, 7}, {7, 20}, {1, 5}})
    {
        const matrix X = random_matrix(n, m, 1, -1, 1);
        const auto exact = jacobi::decompose(X);
        CHECK(relative_distance(exact.leading(std::min(n, m)), X) < 1e-14);
        const matrix UtU = transposed(exact.U) * exact.U;
        for (std::size_t j = 0; j < UtU.rows; ++j)
            for (std::size_t l = 0; l < UtU.rows; ++l)
                CHECK(std::abs(UtU(j, l) - (j == l ? 1 : 0)) < 1e-13);
    }
}

TEST_CASE_TEMPLATE("range_finder: finds the leading singular values and vectors", T, float, double)
{
    const bool single = std::is_same_v<T, float>;
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{130, 40}, {40, 130}, {64, 64}})
        for (const layout how : {layout::row_major, layout::column_major})
        {
            const matrix X = with_gap(n, m, 6, n);
            const auto exact = jacobi::decompose(X);
            const auto found =
                xu::range_finder(xu::dense(support::unfold_as<T>(X, how), 1), 12, 1, 3, 1);
            check_form(found, 12, single ? 1e-5 : 1e-12);
            for (std::size_t j = 0; j < 6; ++j)
                CHECK(std::sqrt(found.squared_lengths[j]) ==
                      doctest::Approx(exact.lengths[j]).epsilon(single ? 1e-5 : 1e-9));
            const matrix model =
                to_matrix(found.left.view()) * transposed(to_matrix(found.right.view()));
            CHECK(std::sqrt(support::squared_norm(model - exact.leading(6))) <
                  1.01 * exact.lengths[6] * std::sqrt(6.0));
        }
}

TEST_CASE("range_finder: no orthonormal directions capture more than the leading ones")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const matrix X = random_matrix(60, 50, seed);
        const auto exact = jacobi::decompose(X);
        double before = 0;
        for (const std::size_t rounds : {0U, 1U, 3U, 10U})
        {
            const auto found = xu::range_finder(as_dense(X), 10, rounds, seed, 1);
            check_form(found, 10, 1e-12);
            double most = 0;
            for (std::size_t j = 0; j < 10; ++j)
            {
                most += exact.lengths[j] * exact.lengths[j];
                CHECK(found.squared_lengths[j] <=
                      exact.lengths[j] * exact.lengths[j] * (1 + 1e-12));
            }
            CHECK(found.captured() <= most * (1 + 1e-12));
            CHECK(found.captured() > before); // each round sharpens the directions
            before = found.captured();
        }
        CHECK(before == doctest::Approx(support::squared_norm(exact.leading(10))).epsilon(1e-2));
    }
}

TEST_CASE("range_finder: U V^T is what X is in the space of U")
{
    const matrix X = random_matrix(50, 40, 2);
    const auto found = xu::range_finder(as_dense(X), 8, 0, 1, 1);
    const matrix U = to_matrix(found.left.view()), V = to_matrix(found.right.view());
    CHECK(relative_distance(V, transposed(X) * U) < 1e-12);
}

TEST_CASE("range_finder: 2 + 2 p reads of X for p power iterations")
{
    for (const std::size_t rounds : {0U, 1U, 3U})
    {
        const counting x{as_dense(random_matrix(30, 20, 1))};
        xu::range_finder(x, 5, rounds, 1, 1);
        CHECK(x.reads == 2 + 2 * rounds);
    }
}

TEST_CASE_TEMPLATE("range_finder: masks, gaps, either order and counts", T, double, float,
                   std::uint16_t)
{
    using F = xu::factor_value_t<T>;
    const double precision = std::is_same_v<F, float> ? 1e-5 : 1e-12;
    for (const auto& how : arrangements)
    {
        const matrix X = visible(counts(90, 75, 4), how);
        const auto found =
            xu::range_finder(xu::dense(store<T>(counts(90, 75, 4), how), 1), 9, 1, 5, 1);
        check_form(found, 9, precision);
        const matrix U = to_matrix(found.left.view()), V = to_matrix(found.right.view());
        CHECK(relative_distance(V, transposed(X) * U) < precision);
        const flags rows = mask_of(90, how.masks), cols = mask_of(75, how.masks);
        for (std::size_t j = 0; j < 9; ++j)
        {
            for (std::size_t i = 0; i < 90; ++i)
                CHECK((keeps(rows, i) || U(i, j) == 0));
            for (std::size_t c = 0; c < 75; ++c)
                CHECK((keeps(cols, c) || V(c, j) == 0));
        }
        // Short of the first length by (tenth / first)^6, a millionth here.
        const double first = jacobi::decompose(X).lengths[0];
        CHECK(std::sqrt(found.squared_lengths[0]) == doctest::Approx(first).epsilon(1e-5));
        CHECK(std::sqrt(found.squared_lengths[0]) <= first * (1 + precision));
    }
}

TEST_CASE_TEMPLATE("range_finder: directions that X does not have are zeros", T, float, double)
{
    const double precision = std::is_same_v<T, float> ? 1e-5 : 1e-12;
    for (const std::size_t rank : {1U, 3U})
    {
        const matrix X = random_matrix(40, rank, 1, -1, 1) * random_matrix(rank, 30, 2, -1, 1);
        const auto found = xu::range_finder(xu::dense(support::unfold_as<T>(X), 1), 10, 1, 1, 1);
        const matrix U = to_matrix(found.left.view()), V = to_matrix(found.right.view());
        CHECK(relative_distance(U * transposed(V), X) < precision);
        for (double value : U.values)
            CHECK(std::isfinite(value));
        const auto exact = jacobi::decompose(X);
        for (std::size_t j = 0; j < 10; ++j)
        {
            CHECK(std::isfinite(found.squared_lengths[j]));
            const double wanted = j < rank ? exact.lengths[j] : 0;
            CHECK(std::abs(std::sqrt(found.squared_lengths[j]) - wanted) <=
                  precision * exact.lengths[0]);
        }
    }
}

TEST_CASE("range_finder: as many directions as there are hold all of X")
{
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{30, 12}, {12, 30}, {1, 9}})
    {
        const matrix X = random_matrix(n, m, 3, -1, 1);
        const std::size_t least = std::min(n, m);
        const auto found = xu::range_finder(as_dense(X), least, 0, 1, 1);
        check_form(found, least, 1e-12);
        CHECK(relative_distance(
                  to_matrix(found.left.view()) * transposed(to_matrix(found.right.view())), X) <
              1e-12);
        const auto exact = jacobi::decompose(X);
        for (std::size_t j = 0; j < least; ++j)
            CHECK(std::sqrt(found.squared_lengths[j]) ==
                  doctest::Approx(exact.lengths[j]).epsilon(1e-10));
    }
}

TEST_CASE("range_finder: any number of threads gives the same bits, another seed others")
{
    const auto run = [](std::size_t threads, std::uint64_t seed)
    { return xu::range_finder(as_dense(random_matrix(900, 150, 6)), 20, 1, seed, threads); };
    const auto one = run(1, 1);
    for (const std::size_t threads : {2U, 3U})
    {
        const auto some = run(threads, 1);
        CHECK(some.left == one.left);
        CHECK(some.right == one.right);
        CHECK(some.squared_lengths == one.squared_lengths);
    }
    CHECK(run(1, 2).left != one.left);
}

TEST_CASE("range_finder: directions that cannot be are refused")
{
    const std::string rule = "a range finder takes 1 to min(positions, channels) = ";
    const auto refusal = [](const xu::dense<double>& x, std::size_t r)
    { return support::message_of<xu::invalid_argument>([&] { xu::range_finder(x, r, 1, 1, 1); }); };
    CHECK(refusal(as_dense(random_matrix(9, 12, 1)), 0) == rule + "9 directions, got 0");
    CHECK(refusal(as_dense(random_matrix(9, 12, 1)), 10) == rule + "9 directions, got 10");
    const arrangement masked{.masks = true};
    const xu::dense x(store<double>(counts(10, 30, 1), masked), 1); // 2 and 7 are hidden
    CHECK(refusal(x, 9) == rule + "8 directions, got 9");
    CHECK(refusal(x, 8) == "no exception");
}
}
