// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace hals_test
{
using namespace support;

namespace
{
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr problem free_of_constraints{.lower = -infinity};

/// Column after column, row after row, the exact minimiser of one entry's problem.
void sweep(const matrix& X, matrix& F, const matrix& O, const problem& p)
{
    const matrix rhs = X * O, gram = transposed(O) * O;
    for (std::size_t j = 0; j < F.cols; ++j)
        for (std::size_t i = 0; i < F.rows; ++i)
        {
            double slope = rhs(i, j);
            for (std::size_t l = 0; l < F.cols; ++l)
                slope -= l == j ? 0 : F(i, l) * gram(l, j);
            const double curvature = gram(j, j) + p.ridge;
            const double x = std::copysign(std::max(std::abs(slope) - p.l1, 0.0), slope);
            F(i, j) = std::clamp(x / curvature, p.lower, p.upper);
        }
}

using names = std::vector<std::string>;

/// The library beside the naive loop, from the library's own start: so many rounds a factor.
void check_follows(std::size_t rounds, const names& on_maps, const problem& maps,
                   const names& on_components, const problem& components)
{
    const matrix X = random_matrix(133, 41, 5, -0.3, 1);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto solver =
            xu::make_solver(unfold_as<double>(X, how),
                            {.rank = 5, .max_iterations = 40, .tolerance = 0, .threads = 1},
                            xu::hals{.rounds = rounds, .extrapolate = false},
                            xu::on_maps(xu::any_constraint(on_maps)),
                            xu::on_components(xu::any_constraint(on_components)));
        matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
        for (int t = 0; t < 40; ++t)
        {
            solver.step();
            for (std::size_t round = 0; round < rounds; ++round)
                sweep(X, C, S, maps);
            for (std::size_t round = 0; round < rounds; ++round)
                sweep(transposed(X), S, C, components);
        }
        CHECK(relative_distance(to_matrix(solver.current().maps), C) < 1e-9);
        CHECK(relative_distance(to_matrix(solver.current().components), S) < 1e-9);
    }
}

matrix noisy_data()
{
    planted truth = plant({.positions = 50, .channels = 40, .rank = 4, .seed = 6});
    const matrix noise = random_matrix(50, 40, 7, -0.2, 0.3);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += noise.values[e];
    return truth.X;
}

/// The larger KKT residual of the two factors after so many iterations.
template <class T, class U = xu::hals>
double kkt_after(std::size_t iterations, const matrix& X, const names& on_maps, const problem& maps,
                 const names& on_components, const problem& components)
{
    auto solver = xu::make_solver(
        unfold_as<T>(X), {.rank = 4, .max_iterations = iterations, .tolerance = 0, .threads = 1},
        U{}, xu::on_maps(xu::any_constraint(on_maps)),
        xu::on_components(xu::any_constraint(on_components)));
    while (solver.status() == xu::status::running)
        solver.step();
    return kkt_residual_of_both(X, to_matrix(solver.current().maps),
                                to_matrix(solver.current().components), maps, components);
}
}

TEST_CASE("hals: follows a loop over columns and rows")
{
    for (const std::size_t rounds : {1U, 3U})
    {
        check_follows(rounds, {"non_negative"}, {}, {"non_negative"}, {});
        check_follows(rounds, {}, free_of_constraints, {"non_negative"}, {});
        check_follows(rounds, {"sparse:0.3", "non_negative"}, {.l1 = 0.3},
                      {"ridge:0.5", "non_negative"}, {.ridge = 0.5});
        check_follows(rounds, {"sparse:0.3"}, {.lower = -infinity, .l1 = 0.3},
                      {"ridge:0.1", "bounded:-0.5:2"}, {.lower = -0.5, .upper = 2, .ridge = 0.1});
        // Bounds hold exactly whatever the order of the list.
        check_follows(rounds, {"bounded:0.1:0.9", "sparse:0.3"},
                      {.lower = 0.1, .upper = 0.9, .l1 = 0.3}, {"non_negative"}, {});
    }
}

TEST_CASE_TEMPLATE("hals: satisfies the optimality conditions at convergence", T, float, double)
{
    const matrix X = noisy_data();
    CHECK(kkt_after<T>(3000, X, {"non_negative"}, {}, {"non_negative"}, {}) < 1e-4);
    CHECK(kkt_after<T>(3000, X, {"bounded:0.05:0.7"}, {.lower = 0.05, .upper = 0.7},
                       {"non_negative"}, {}) < 1e-4);
}

TEST_CASE("hals: penalties reach the optimum of the penalised problem")
{
    const matrix X = noisy_data();
    CHECK(kkt_after<double>(3000, X, {"non_negative", "sparse:0.3"}, {.l1 = 0.3},
                            {"non_negative", "ridge:0.4"}, {.ridge = 0.4}) < 1e-6);
    CHECK(kkt_after<double>(3000, X, {"non_negative", "sparse:0.1", "ridge:0.2"},
                            {.l1 = 0.1, .ridge = 0.2}, {"non_negative", "ridge:0.4"},
                            {.ridge = 0.4}) < 1e-6);
    CHECK(kkt_after<double>(3000, X, {"sparse:0.3"}, {.lower = -infinity, .l1 = 0.3}, {"ridge:0.4"},
                            {.lower = -infinity, .ridge = 0.4}) < 1e-6);
}

TEST_CASE("als and multiplicative reach the penalised optimum, too")
{
    const problem ridge{.lower = -infinity, .ridge = 0.4};
    matrix X = noisy_data();
    CHECK(kkt_after<double, xu::als>(3000, X, {"ridge:0.4"}, ridge, {"ridge:0.4"}, ridge) < 1e-8);
    for (double& x : X.values)
        x = std::max(x, 0.0);
    CHECK(kkt_after<double, xu::multiplicative>(20000, X, {"sparse:0.3"}, {.l1 = 0.3},
                                                {"ridge:0.4"}, {.ridge = 0.4}) < 1e-3);
}

TEST_CASE("hals: with all components fixed each position is a non-negative least-squares fit")
{
    const matrix X = random_matrix(40, 30, 8, -0.5, 1), S = random_matrix(30, 5, 9);
    const auto result = xu::factorize(
        unfold_as<double>(X), {.rank = 5, .max_iterations = 5000, .tolerance = 1e-15, .threads = 1},
        xu::hals{}, xu::on_maps(xu::non_negative{}), xu::on_components(xu::fixed(to_tensor(S))));
    const matrix C = to_matrix(result.maps_matrix());
    CHECK(relative_distance(to_matrix(result.components_matrix()), S) == 0);
    const matrix gradient = C * (transposed(S) * S) - X * S;
    std::size_t zeros = 0;
    for (std::size_t e = 0; e < C.values.size(); ++e)
    {
        CHECK(C.values[e] >= 0);
        CHECK(gradient.values[e] >= -1e-5);
        CHECK(std::abs(C.values[e] * gradient.values[e]) < 1e-5);
        zeros += C.values[e] == 0;
    }
    CHECK(zeros > 0);
}

TEST_CASE("hals: some entries fixed, the rest is optimal")
{
    const matrix X = noisy_data();
    matrix known(40, 2, std::nan(""));
    for (std::size_t c = 0; c < 40; ++c)
        known(c, 0) = 0.5;
    known(3, 1) = 0;
    auto solver = xu::make_solver(
        unfold_as<double>(X), {.rank = 4, .max_iterations = 3000, .tolerance = 0, .threads = 1},
        xu::hals{}, xu::on_maps(xu::non_negative{}),
        xu::on_components(xu::non_negative{}, xu::fixed(to_tensor(known))));
    while (solver.status() == xu::status::running)
        solver.step();
    const matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
    for (std::size_t c = 0; c < 40; ++c)
        CHECK(S(c, 0) == 0.5);
    CHECK(S(3, 1) == 0);
    CHECK(kkt_residual(X, C, S) < 1e-4);
    const matrix gradient = S * (transposed(C) * C) - transposed(X) * C;
    for (std::size_t c = 0; c < 40; ++c)
        for (std::size_t j = 1; j < 4; ++j)
            if (j != 1 || c != 3)
                CHECK(std::abs(std::min(S(c, j), gradient(c, j))) < 1e-3);
}

TEST_CASE_TEMPLATE("unit_norm: moves scale and leaves C S^T as it is", U, xu::hals, xu::als,
                   xu::multiplicative, xu::bpp)
{
    const matrix X = random_matrix(30, 26, 10);
    U update;
    if constexpr (requires { update.extrapolate; })
        update.extrapolate = false; // is off where scale moves
    const auto model = [&](const names& on_maps, const names& on_components)
    {
        auto solver = xu::make_solver(unfold_as<double>(X), {.rank = 3, .seed = 4, .threads = 1},
                                      update, xu::on_maps(xu::any_constraint(on_maps)),
                                      xu::on_components(xu::any_constraint(on_components)));
        for (int t = 0; t < 12; ++t)
            solver.step();
        return to_matrix(solver.current().maps) *
               transposed(to_matrix(solver.current().components));
    };
    const matrix plain = model({"non_negative"}, {"non_negative"});
    for (const std::string norm : {"unit_norm:1", "unit_norm", "unit_norm:inf"})
    {
        CHECK(relative_distance(model({"non_negative"}, {"non_negative", norm}), plain) < 1e-10);
        CHECK(relative_distance(model({"non_negative", norm}, {"non_negative"}), plain) < 1e-10);
    }
}

TEST_CASE("hals: a component that vanishes does no harm")
{
    const matrix X = random_matrix(20, 15, 12);
    matrix S = random_matrix(15, 3, 13);
    for (std::size_t c = 0; c < 15; ++c)
        S(c, 1) = 0;
    const xu::given start{.maps = to_tensor(random_matrix(20, 3, 14)), .components = to_tensor(S)};
    const auto run = [&](const auto& on_maps)
    {
        auto solver = xu::make_solver(unfold_as<float>(X), {.rank = 3, .threads = 1}, xu::hals{},
                                      start, on_maps, xu::on_components(xu::fixed(to_tensor(S))));
        solver.step();
        CHECK(std::isfinite(solver.current().objective));
        return to_matrix(solver.current().maps);
    };
    const matrix C = run(xu::on_maps(xu::non_negative{}));
    const matrix lean = run(xu::on_maps(xu::non_negative{}, xu::sparse{.weight = 0.1}));
    for (std::size_t i = 0; i < 20; ++i)
    {
        CHECK(std::isfinite(C(i, 1)));
        CHECK(lean(i, 1) == 0); // nothing but its penalty is left
    }
}
}
