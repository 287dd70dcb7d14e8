// SPDX-License-Identifier: BSD-3-Clause
// What a change of the data does to the answer, and data at the edge of having any.
#include "../support.hpp"

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace invariances_test
{
using namespace support;

namespace
{
struct factors
{
    matrix maps, components;
    double mse = 0;
};

template <class T, class U, class Init = xu::random_uniform>
factors run(const matrix& X, std::size_t rank, layout how = layout::row_major,
            const Init& init = {})
{
    const auto result = xu::factorize(
        unfold_as<T>(X, how), {.rank = rank, .max_iterations = 40, .tolerance = 0, .threads = 1},
        U{}, init, xu::on_maps(xu::any_constraint({"non_negative"})),
        xu::on_components(xu::any_constraint({"non_negative"})));
    CHECK(result.status != xu::status::non_finite);
    return {to_matrix(result.maps_matrix()), to_matrix(result.components_matrix()), result.mse};
}

matrix times(matrix a, double factor)
{
    for (double& x : a.values)
        x *= factor;
    return a;
}

matrix permuted_rows(const matrix& a, const std::vector<std::size_t>& from)
{
    matrix out(a.rows, a.cols);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.cols; ++j)
            out(i, j) = a(from[i], j);
    return out;
}

std::vector<std::size_t> shuffled(std::size_t count)
{
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 engine(5);
    std::shuffle(order.begin(), order.end(), engine);
    return order;
}
}

TEST_CASE_TEMPLATE("invariance: a scan in another unit gives maps in that unit", U, xu::als,
                   xu::hals, xu::bpp)
{
    const matrix X = random_matrix(40, 30, 1);
    const factors plain = run<float, U>(X, 3);
    for (const double unit : {0x1p-30, 0x1p24}) // squares of powers of two scale without rounding
    {
        const factors other = run<float, U>(times(X, unit), 3);
        CHECK(other.components.values == plain.components.values);
        CHECK(other.maps.values == times(plain.maps, unit).values);
        CHECK(other.mse == plain.mse * unit * unit);
    }
}

TEST_CASE_TEMPLATE("invariance: permuted positions and channels permute the factors", U, xu::als,
                   xu::hals, xu::multiplicative, xu::bpp)
{
    const matrix X = random_matrix(40, 30, 2), C = random_matrix(40, 3, 3),
                 S = random_matrix(30, 3, 4);
    const auto rows = shuffled(40), columns = shuffled(30);
    const matrix permuted = transposed(permuted_rows(transposed(permuted_rows(X, rows)), columns));
    const factors plain = run<double, U>(
        X, 3, layout::row_major, xu::given{.maps = to_tensor(C), .components = to_tensor(S)});
    const factors other =
        run<double, U>(permuted, 3, layout::row_major,
                       xu::given{.maps = to_tensor(permuted_rows(C, rows)),
                                 .components = to_tensor(permuted_rows(S, columns))});
    CHECK(relative_distance(other.maps, permuted_rows(plain.maps, rows)) < 1e-8);
    CHECK(relative_distance(other.components, permuted_rows(plain.components, columns)) < 1e-8);
}

TEST_CASE("invariance: the transposed scan exchanges maps and components")
{
    // als begins with the components, hals with the maps: the same alternation for X and X^T where
    // there is one component, whose update is exact in both.
    const matrix X = random_matrix(40, 30, 6), c = random_matrix(40, 1, 7);
    auto solver = xu::make_solver(unfold_as<double>(X), {.rank = 1, .tolerance = 0, .threads = 1},
                                  xu::als{}, xu::given{.maps = to_tensor(c)});
    auto other =
        xu::make_solver(unfold_as<double>(transposed(X)), {.rank = 1, .tolerance = 0, .threads = 1},
                        xu::hals{.extrapolate = false}, xu::given{.components = to_tensor(c)});
    for (int t = 0; t < 5; ++t)
    {
        solver.step();
        other.step();
    }
    CHECK(relative_distance(to_matrix(solver.current().maps),
                            to_matrix(other.current().components)) < 1e-12);
    CHECK(relative_distance(to_matrix(solver.current().components),
                            to_matrix(other.current().maps)) < 1e-12);
}

TEST_CASE_TEMPLATE("edges: one position, one channel, one of each", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    for (const layout how : {layout::row_major, layout::column_major})
        for (const auto& size : {std::pair<std::size_t, std::size_t>{1, 9}, {9, 1}, {1, 1}})
        {
            CAPTURE(size.first);
            CAPTURE(size.second);
            const matrix X = random_matrix(size.first, size.second, 8, 0.5, 1);
            const factors f = run<double, U>(X, 1, how);
            CHECK(relative_distance(f.maps * transposed(f.components), X) < 1e-6);
            CHECK(squared_norm(f.components) == doctest::Approx(1).epsilon(1e-12));
            CHECK(run<float, U>(X, 1, how).mse < 1e-6);
        }
}

TEST_CASE_TEMPLATE("edges: rank 1 finds the dominant singular vectors", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    const matrix X = random_matrix(25, 20, 9);
    matrix s(20, 1, 1); // power iteration
    for (int t = 0; t < 300; ++t)
    {
        s = transposed(X) * (X * s);
        s = times(s, 1 / std::sqrt(squared_norm(s)));
    }
    const factors f = run<double, U>(X, 1);
    CHECK(cosines(f.components, s)(0, 0) > 1 - 1e-10);
    CHECK(relative_distance(f.maps, X * s) < 1e-5);
}

TEST_CASE_TEMPLATE("edges: the largest rank there is fits everything", U, xu::als, xu::hals,
                   xu::bpp)
{
    const matrix X = random_matrix(6, 15, 10);
    const xu::given start{.maps = to_tensor(
                              []
                              {
                                  matrix identity(6, 6);
                                  for (std::size_t j = 0; j < 6; ++j)
                                      identity(j, j) = 1;
                                  return identity;
                              }())};
    CHECK(run<double, U>(X, 6, layout::row_major, start).mse < 1e-20);
}

TEST_CASE_TEMPLATE("edges: dark positions and dead channels get zeros", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    matrix X = random_matrix(20, 16, 11);
    for (std::size_t c = 0; c < 16; ++c)
        X(4, c) = 0;
    for (std::size_t i = 0; i < 20; ++i)
        X(i, 9) = 0;
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const factors f = run<float, U>(X, 3, how);
        for (std::size_t j = 0; j < 3; ++j)
        {
            CHECK(f.maps(4, j) < 1e-6);
            CHECK(f.components(9, j) < 1e-6);
        }
        CHECK(std::isfinite(squared_norm(f.maps)));
    }
}

TEST_CASE_TEMPLATE("edges: more components than the data has", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    const matrix X = random_matrix(30, 1, 12) * random_matrix(1, 20, 13); // of rank 1
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const factors f = run<double, U>(X, 4, how);
        const bool slow = std::is_same_v<U, xu::multiplicative>;
        CHECK(relative_distance(f.maps * transposed(f.components), X) < (slow ? 0.03 : 1e-5));
    }
}
}
