// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <array>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/mals.hpp>

namespace mals_test
{
using namespace support;

namespace
{
template <class Solver>
void step(Solver& solver, int times)
{
    for (int t = 0; t < times; ++t)
        solver.step();
}

template <class T, class U>
auto make(const matrix& X, const U& update, layout how = layout::row_major, std::size_t threads = 1)
{
    return xu::make_solver(unfold_as<T>(X, how), {.rank = 3, .tolerance = 0, .threads = threads},
                           update, xu::on_maps(xu::non_negative{}),
                           xu::on_components(xu::non_negative{}));
}

/// Solves A x = b of three unknowns by Cramer's rule.
std::array<double, 3> solve(const matrix& A, const std::array<double, 3>& b)
{
    const auto determinant = [](const matrix& m)
    {
        return m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) -
               m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0)) +
               m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
    };
    std::array<double, 3> x{};
    for (std::size_t j = 0; j < 3; ++j)
    {
        matrix replaced = A;
        for (std::size_t i = 0; i < 3; ++i)
            replaced(i, j) = b[i];
        x[j] = determinant(replaced) / determinant(A);
    }
    return x;
}

/// Equations 7 and 8 of Muto & Shiga 2020 for one factor, with the weights and their rule.
struct reference
{
    std::array<double, 3> weights{}, negative{-1, -1, -1};
    bool begun = false;

    void update(const matrix& X, matrix& F, const matrix& O)
    {
        matrix A = transposed(O) * O;
        const matrix rhs = X * O;
        const double diagonal = (A(0, 0) + A(1, 1) + A(2, 2)) / 3;
        if (!begun)
            weights.fill(diagonal);
        begun = true;
        for (std::size_t j = 0; j < 3; ++j)
            A(j, j) += weights[j];
        std::array<double, 3> now{};
        for (std::size_t i = 0; i < F.rows; ++i)
        {
            std::array<double, 3> b{};
            for (std::size_t j = 0; j < 3; ++j)
                b[j] = rhs(i, j) + weights[j] * F(i, j);
            const auto x = solve(A, b);
            for (std::size_t j = 0; j < 3; ++j)
            {
                now[j] += x[j] < 0 ? x[j] * x[j] : 0;
                F(i, j) = std::max(0.0, x[j]);
            }
        }
        for (std::size_t j = 0; j < 3; ++j)
        {
            if (now[j] == 0)
                weights[j] = 0;
            else if (negative[j] > 0)
                weights[j] = std::min(weights[j] * now[j] / negative[j], diagonal);
            weights[j] = weights[j] < 1e-8 * diagonal ? 0 : weights[j];
            negative[j] = now[j];
        }
    }
};
}

TEST_CASE("mals: follows its equations in both layouts")
{
    const matrix X = random_matrix(61, 44, 3);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto solver = make<double>(X, xu::mals{}, how);
        matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
        reference maps, components;
        for (int t = 0; t < 30; ++t)
        {
            solver.step();
            components.update(transposed(X), S, C);
            maps.update(X, C, S);
        }
        CHECK(relative_distance(to_matrix(solver.current().maps), C) < 1e-7);
        CHECK(relative_distance(to_matrix(solver.current().components), S) < 1e-7);
    }
}

TEST_CASE("mals: without weights it is als")
{
    const matrix X = random_matrix(300, 44, 3);
    auto plain = make<float>(X, xu::als{});
    auto held = make<float>(X, xu::mals{.start = 0});
    step(plain, 15);
    step(held, 15);
    CHECK(relative_distance(to_matrix(held.current().maps), to_matrix(plain.current().maps)) <
          1e-5);
}

TEST_CASE("mals: holds the first steps back where als is thrown far")
{
    // Strongly resembling components make als clip a lot.
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const planted p =
            plant({.positions = 100, .channels = 60, .rank = 6, .background = 1, .seed = seed});
        const auto worst = [&](const auto& update)
        {
            const auto found =
                xu::factorize(unfold_as<double>(p.X),
                              {.rank = 6, .max_iterations = 5, .tolerance = 0, .seed = seed},
                              update, xu::on_maps(xu::non_negative{}),
                              xu::on_components(xu::non_negative{}, xu::unit_norm{}));
            double mse = 0;
            for (const auto& line : found.history)
                mse = std::max(mse, line.mse);
            return mse;
        };
        CHECK(worst(xu::mals{}) < 0.1 * worst(xu::als{}));
    }
}

TEST_CASE("mals: a resumed solver takes the steps it would have taken")
{
    const matrix X = random_matrix(400, 50, 2);
    auto whole = make<float>(X, xu::mals{}, layout::row_major, 1),
         first = make<float>(X, xu::mals{}, layout::row_major, 2),
         second = make<float>(X, xu::mals{}, layout::row_major, 2);
    step(whole, 20);
    step(first, 7);
    second.resume(first.state());
    step(second, 13);
    CHECK(whole.state().maps == second.state().maps);
    CHECK(whole.state().components == second.state().components);
    CHECK(whole.state().sections == second.state().sections);
}

TEST_CASE("mals: bad input is refused before any work")
{
    const auto data = unfold_as<double>(random_matrix(20, 10, 1));
    CHECK_THROWS_WITH_AS(xu::factorize(data, {.rank = 3}, xu::mals{.start = -1}),
                         "mals needs a start of its weights that is not negative and finite, got "
                         "-1",
                         xu::invalid_argument);
}
}
