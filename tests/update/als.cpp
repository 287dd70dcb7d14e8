// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/update/als.hpp>

namespace als_test
{
using namespace support;

namespace
{
/// Solution of a A = B for a square A (a is rows x k): Gauss-Jordan with pivoting, long double.
matrix solve_right(const matrix& A, const matrix& B)
{
    const std::size_t k = A.rows;
    std::vector<std::vector<long double>> work(k); // [A^T | B^T]
    for (std::size_t i = 0; i < k; ++i)
    {
        for (std::size_t j = 0; j < k; ++j)
            work[i].push_back(A(j, i));
        for (std::size_t r = 0; r < B.rows; ++r)
            work[i].push_back(B(r, i));
    }
    for (std::size_t p = 0; p < k; ++p)
    {
        std::size_t pivot = p;
        for (std::size_t i = p; i < k; ++i)
            if (std::abs(work[i][p]) > std::abs(work[pivot][p]))
                pivot = i;
        std::swap(work[p], work[pivot]);
        for (std::size_t i = 0; i < k; ++i)
        {
            const long double factor = i == p ? 0 : work[i][p] / work[p][p];
            for (std::size_t j = 0; j < work[i].size(); ++j)
                work[i][j] -= factor * work[p][j];
        }
    }
    matrix out(B.rows, k);
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t r = 0; r < B.rows; ++r)
            out(r, i) = static_cast<double>(work[i][k + r] / work[i][i]);
    return out;
}

/// argmin_F |X - F O^T|^2, for O of full rank.
matrix least_squares(const matrix& X, const matrix& O)
{
    return solve_right(transposed(O) * O, X * O);
}

matrix clipped(matrix f)
{
    for (double& x : f.values)
        x = std::max(x, 0.0);
    return f;
}

matrix with_unit_columns(matrix f)
{
    for (std::size_t j = 0; j < f.cols; ++j)
    {
        double size = 0;
        for (std::size_t i = 0; i < f.rows; ++i)
            size += f(i, j) * f(i, j);
        for (std::size_t i = 0; i < f.rows; ++i)
            f(i, j) /= std::sqrt(size);
    }
    return f;
}

/// The nine steps of Uesugi et al. 2021: 1 choose the rank; 2 the maps C from U(0, 1);
/// 3 S = (X^T C)(C^T C)^-1; 4 clip and normalise S; 5 C = (X S)(S^T S)^-1; 6 clip C; 7 the mean
/// square error; 8 repeat from 3 until it no longer decreases enough; 9 components in the order of
/// their maps' intensity.
struct nine_steps
{
    matrix X, C, S;
    std::vector<double> mse;

    nine_steps(matrix data, matrix start)
        : X(std::move(data))
        , C(std::move(start))
    {
    }
    void iterate()
    {
        S = with_unit_columns(clipped(least_squares(transposed(X), C)));
        C = clipped(least_squares(X, S));
        mse.push_back(squared_residual(X, C, S) / static_cast<double>(X.values.size()));
    }
    bool decreases_enough(double tolerance) const
    {
        const std::size_t n = mse.size();
        return n < 2 || (mse[n - 2] - mse[n - 1]) / mse[n - 2] >= tolerance;
    }
    std::vector<std::size_t> order() const
    {
        const matrix intensity = matrix(1, C.rows, 1) * C;
        std::vector<std::size_t> out(C.cols);
        std::iota(out.begin(), out.end(), std::size_t{0});
        std::sort(out.begin(), out.end(),
                  [&](std::size_t a, std::size_t b) { return intensity(0, a) > intensity(0, b); });
        return out;
    }
};

matrix noisy_data(std::uint64_t seed)
{
    planted truth = plant({.positions = 40, .channels = 30, .rank = 4, .seed = seed});
    const matrix noise = random_matrix(40, 30, seed + 100);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += 0.4 * noise.values[e];
    return truth.X;
}

/// Maps and components after one iteration from given maps.
template <class T, class... Constraints>
std::pair<matrix, matrix> one_iteration(const matrix& X, layout how, const matrix& maps,
                                        const Constraints&... constraints)
{
    auto solver = xu::make_solver(unfold_as<T>(X, how), {.rank = maps.cols, .threads = 1},
                                  xu::als{}, xu::given{.maps = to_tensor(maps)}, constraints...);
    solver.step();
    return {to_matrix(solver.current().maps), to_matrix(solver.current().components)};
}
}

TEST_CASE_TEMPLATE("als: one free iteration is two exact least-squares fits", T, float, double)
{
    const matrix X = random_matrix(70, 33, 1, -1, 2), start = random_matrix(70, 5, 2);
    const double rounding = std::is_same_v<T, float> ? 2e-5 : 1e-12;
    const matrix S = least_squares(transposed(X), start), C = least_squares(X, S);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto [maps, components] = one_iteration<T>(X, how, start);
        CHECK(relative_distance(components, S) < rounding);
        CHECK(relative_distance(maps, C) < rounding);
    }
}

TEST_CASE("als: ridge is the regularised least-squares fit")
{
    const matrix X = random_matrix(30, 25, 5, -1, 1), start = random_matrix(30, 4, 6);
    const auto fit = [](const matrix& data, const matrix& O, double weight)
    {
        matrix gram = transposed(O) * O;
        for (std::size_t j = 0; j < gram.rows; ++j)
            gram(j, j) += weight;
        return solve_right(gram, data * O);
    };
    const matrix S = fit(transposed(X), start, 0.5), C = fit(X, S, 2);
    const auto [maps, components] =
        one_iteration<double>(X, layout::row_major, start, xu::on_maps(xu::ridge{.weight = 2}),
                              xu::on_components(xu::ridge{.weight = 0.5}));
    CHECK(relative_distance(components, S) < 1e-12);
    CHECK(relative_distance(maps, C) < 1e-12);
}

TEST_CASE_TEMPLATE("als: a singular Gram matrix gives the minimum-norm fit", T, float, double)
{
    const double rounding = std::is_same_v<T, float> ? 1e-4 : 1e-9;
    const matrix X = random_matrix(40, 20, 11), distinct = random_matrix(40, 2, 12);
    // Columns: a, b, a again, twice b, nothing.
    matrix start(40, 5);
    for (std::size_t i = 0; i < 40; ++i)
    {
        start(i, 0) = start(i, 2) = distinct(i, 0);
        start(i, 1) = distinct(i, 1);
        start(i, 3) = 2 * distinct(i, 1);
    }
    const matrix fit = least_squares(transposed(X), distinct);
    const matrix S = one_iteration<T>(X, layout::row_major, start).second;
    matrix expected(20, 5);
    for (std::size_t c = 0; c < 20; ++c)
    {
        expected(c, 0) = expected(c, 2) = fit(c, 0) / 2; // twins share
        expected(c, 1) = fit(c, 1) / 2;                  // so do they, in units of their length
        expected(c, 3) = fit(c, 1) / 4;
    }
    CHECK(relative_distance(S, expected) < rounding);
    CHECK(squared_residual(X, start, S) ==
          doctest::Approx(squared_residual(X, distinct, fit)).epsilon(rounding));
}

TEST_CASE("als: unlike scales of the columns do not count as singular")
{
    const matrix X = random_matrix(40, 20, 13);
    matrix start = random_matrix(40, 3, 14);
    for (std::size_t i = 0; i < 40; ++i)
    {
        start(i, 1) *= 1e-9;
        start(i, 2) *= 1e9;
    }
    const matrix S = one_iteration<double>(X, layout::row_major, start).second;
    const matrix expected = least_squares(transposed(X), start);
    for (std::size_t c = 0; c < 20; ++c)
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(S(c, j) == doctest::Approx(expected(c, j)).epsilon(1e-9));
}

TEST_CASE("als: with non_negative and unit_norm these are Uesugi's nine steps")
{
    for (const layout how : {layout::row_major, layout::column_major})
        for (const std::uint64_t seed : {1U, 2U, 3U})
        {
            CAPTURE(seed);
            nine_steps reference(noisy_data(seed), random_matrix(40, 4, seed + 50));
            const xu::given start{.maps = to_tensor(reference.C)};
            auto solver =
                xu::make_solver(unfold_as<double>(reference.X, how),
                                {.rank = 4, .max_iterations = 30, .tolerance = 0, .threads = 1},
                                xu::als{}, start, xu::on_maps(xu::non_negative{}),
                                xu::on_components(xu::non_negative{}, xu::unit_norm{}));
            for (int t = 0; t < 30; ++t)
            {
                solver.step();
                reference.iterate();
                CHECK(solver.current().mse == doctest::Approx(reference.mse.back()).epsilon(1e-10));
                CHECK(relative_distance(to_matrix(solver.current().maps), reference.C) < 1e-7);
                CHECK(relative_distance(to_matrix(solver.current().components), reference.S) <
                      1e-7);
            }
        }
}

TEST_CASE("als: ends where Uesugi's steps end, with their order of components")
{
    constexpr double tolerance = 1e-4;
    nine_steps reference(noisy_data(8), random_matrix(40, 4, 58));
    do
        reference.iterate();
    while (reference.decreases_enough(tolerance));
    const auto result = xu::factorize(
        unfold_as<double>(reference.X),
        {.rank = 4, .max_iterations = 1000, .tolerance = tolerance, .patience = 1, .threads = 1},
        xu::als{},
        xu::given{.maps = to_tensor(nine_steps(noisy_data(8), random_matrix(40, 4, 58)).C)},
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    CHECK(result.status == xu::status::converged);
    CHECK(result.iterations == reference.mse.size());
    REQUIRE(result.best_iteration == result.iterations);
    const auto order = reference.order();
    const matrix C = to_matrix(result.maps_matrix()), S = to_matrix(result.components_matrix());
    for (std::size_t j = 0; j < 4; ++j)
    {
        for (std::size_t i = 0; i < 40; ++i)
            CHECK(C(i, j) == doctest::Approx(reference.C(i, order[j])).epsilon(1e-6).scale(1));
        for (std::size_t c = 0; c < 30; ++c)
            CHECK(S(c, j) == doctest::Approx(reference.S(c, order[j])).epsilon(1e-6).scale(1));
    }
}

TEST_CASE("als: with all components fixed the maps are the classical fit")
{
    const matrix X = random_matrix(25, 30, 21), S = random_matrix(30, 3, 22);
    const auto result = xu::factorize(unfold_as<double>(X), {.rank = 3, .threads = 1}, xu::als{},
                                      xu::on_components(xu::fixed(to_tensor(S))));
    CHECK(relative_distance(to_matrix(result.components_matrix()), S) == 0);
    CHECK(relative_distance(to_matrix(result.maps_matrix()), least_squares(X, S)) < 1e-12);
}
}
