// SPDX-License-Identifier: BSD-3-Clause
// What hals adds to the columns' steps: several rounds over them, and going further where the last
// iteration went.
#include "../support.hpp"

#include <sstream>

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/hals.hpp>

namespace rounds_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;
const names positive{"non_negative"};

/// F after an update with so many rounds, of 1/2 |X - F O^T|^2 with F >= 0.
matrix updated(const matrix& X, const matrix& F, const matrix& O, std::size_t rounds,
               std::size_t calls = 1)
{
    const matrix gram = transposed(O) * O;
    owned_factor<double> f(F);
    const xu::any_constraint c(positive);
    const xu::hals update{.rounds = rounds};
    for (std::size_t call = 0; call < calls; ++call)
    {
        std::vector<double> g = gram.values;
        owned_factor<double> rhs(X * O);
        xu::hals::state<double> state;
        update.prepare(xu::matrix_ref<double>(g.data(), O.cols), xu::grid{{F.rows}, {}}, c, state);
        update(f.ref(),
               xu::normal_equations<double>{
                   xu::matrix_ref<const double>(g.data(), O.cols, O.cols, O.cols), rhs.ref()},
               c, state);
    }
    return to_matrix(f.view());
}

/// Planted, of rank 4, with noise of a fifth of it.
matrix noisy(std::uint64_t seed)
{
    planted truth = plant({.positions = 50, .channels = 40, .rank = 4, .seed = seed});
    const matrix noise = random_matrix(50, 40, seed + 1000, 0, 0.4);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += noise.values[e];
    return truth.X;
}

xu::tensor<bool> all_but_some(std::size_t count)
{
    auto keep = xu::tensor<bool>::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        keep(i) = i % 7 != 2;
    return keep;
}

/// NaN where any mask of all_but_some covers X.
template <class T>
xu::unfolded<T> masked(matrix X, layout how)
{
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            if (i % 7 == 2 || c % 7 == 2)
                X(i, c) = std::nan("");
    return unfold_as<T>(X, how)
        .mask_positions(all_but_some(X.rows))
        .mask_channels(all_but_some(X.cols));
}

template <class T>
auto make(const xu::unfolded<T>& x, const xu::hals& update, const names& on_maps = positive,
          const names& on_components = positive, std::size_t iterations = 60,
          std::uint64_t seed = 1)
{
    return xu::make_solver(
        x, {.rank = 4, .max_iterations = iterations, .tolerance = 0, .seed = seed, .threads = 1},
        update, xu::on_maps(xu::any_constraint(on_maps)),
        xu::on_components(xu::any_constraint(on_components)));
}

template <class Solver>
Solver run_out(Solver solver)
{
    while (solver.status() == xu::status::running)
        solver.step();
    return solver;
}

/// Not row-separable, and nothing else: forces two reads.
struct needs_everything
{
    void prox_column(xu::factor_ref<double>, std::size_t, double) const {}
};

template <class T>
std::string without_time(xu::solver_state<T> state)
{
    state.seconds = 0;
    for (auto& line : state.history)
        line.seconds = 0;
    std::ostringstream out;
    xu::write_state(out, state);
    return out.str();
}

template <class T>
xu::solver_state<T> written_and_read(const xu::solver_state<T>& state)
{
    std::stringstream file;
    xu::write_state(file, state);
    return xu::read_state<T>(file);
}

struct combination
{
    names on_maps, on_components;
};
const std::vector<combination> descent_pairs = {
    {positive, positive},
    {{}, {}},
    {{"non_negative", "ridge:0.5"}, {"ridge:0.5"}},
    {{"non_negative", "sparse:0.2"}, {"non_negative", "sparse:0.1"}},
    {{"bounded:0.05:0.7"}, {"bounded:0:0.9", "ridge:0.1"}}};
}

TEST_CASE("rounds: the more, the nearer to the non-negative least-squares fit")
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const matrix X = random_matrix(130, 30, seed, -0.5, 1), O = random_matrix(30, 5, seed + 20),
                     F = random_matrix(130, 5, seed + 40);
        double before = squared_residual(X, F, O);
        for (const std::size_t rounds : {1U, 2U, 4U, 8U})
        {
            const double now = squared_residual(X, updated(X, F, O, rounds), O);
            CHECK(now < before);
            before = now;
        }
        CHECK(kkt_residual(X, updated(X, F, O, 256), O) < kkt_residual(X, updated(X, F, O, 8), O));
        CHECK(kkt_residual(X, updated(X, F, O, 5000), O) < 1e-10);
    }
}

TEST_CASE("rounds: n rounds are one round n times")
{
    const matrix X = random_matrix(150, 30, 1, -0.5, 1), O = random_matrix(30, 5, 2),
                 F = random_matrix(150, 5, 3);
    for (const std::size_t rounds : {2U, 7U})
        CHECK(updated(X, F, O, rounds).values == updated(X, F, O, 1, rounds).values);
}

TEST_CASE("rounds: an iteration with more of them is better in the long run")
{
    std::size_t better = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        const auto x = unfold_as<double>(noisy(seed));
        const auto objective = [&](std::size_t rounds)
        {
            return run_out(make(x, {.rounds = rounds, .extrapolate = false}, positive, positive, 40,
                                seed))
                .current()
                .objective;
        };
        better += objective(10) <= objective(1);
    }
    CHECK(better >= 15);
}

TEST_CASE("extrapolation: no iteration raises the objective")
{
    for (const auto& c : descent_pairs)
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            for (const layout how : {layout::row_major, layout::column_major})
            {
                CAPTURE(seed);
                const matrix X = noisy(seed);
                const bool hides = seed % 2 == 0;
                auto solver = make(hides ? masked<double>(X, how) : unfold_as<double>(X, how),
                                   {.rounds = 1 + seed % 4}, c.on_maps, c.on_components, 80, seed);
                const double rounding = 1e-12 * squared_norm(X);
                std::size_t rises = 0;
                double before = std::numeric_limits<double>::infinity();
                while (solver.status() == xu::status::running)
                {
                    solver.step();
                    rises += !(solver.current().objective <= before + rounding);
                    before = solver.current().objective;
                }
                CHECK(rises == 0);
                CHECK(solver.state().iterations == 80);
            }
}

TEST_CASE("extrapolation: objective and constraints are those of the factors that it leaves")
{
    for (const layout how : {layout::row_major, layout::column_major})
        for (const bool hides : {false, true})
        {
            matrix X = noisy(1);
            auto solver = make(hides ? masked<double>(X, how) : unfold_as<double>(X, how), {},
                               {"bounded:0.05:0.7"}, positive);
            for (std::size_t i = 0; i < X.rows; ++i)
                for (std::size_t c = 0; c < X.cols; ++c)
                    if (hides && (i % 7 == 2 || c % 7 == 2))
                        X(i, c) = 0;
            while (solver.status() == xu::status::running)
            {
                solver.step();
                const matrix C = to_matrix(solver.current().maps),
                             S = to_matrix(solver.current().components);
                CHECK(solver.current().objective ==
                      doctest::Approx(squared_residual(X, C, S)).epsilon(1e-10));
                for (std::size_t i = 0; i < C.rows; ++i)
                    for (std::size_t j = 0; j < 4; ++j)
                        CHECK((hides && i % 7 == 2 ? C(i, j) == 0
                                                   : C(i, j) >= 0.05 && C(i, j) <= 0.7));
                for (std::size_t c = 0; c < S.rows; ++c)
                    for (std::size_t j = 0; j < 4; ++j)
                        CHECK((hides && c % 7 == 2 ? S(c, j) == 0 : S(c, j) >= 0));
            }
        }
}

TEST_CASE("extrapolation: is off where it cannot descend or scale moves")
{
    const matrix X = noisy(2);
    const auto differs = [&](layout how, const names& on_maps, const names& on_components)
    {
        const auto run = [&](bool extrapolate)
        {
            return run_out(make(unfold_as<double>(X, how), {.extrapolate = extrapolate}, on_maps,
                                on_components, 20))
                .state();
        };
        const auto with = run(true), without = run(false);
        CHECK(without.extrapolated.empty());
        CHECK(with.extrapolated.empty() == (with.maps == without.maps));
        return with.maps != without.maps || with.components != without.components ||
               with.objective != without.objective;
    };
    for (const layout how : {layout::row_major, layout::column_major})
    {
        for (const auto& c : descent_pairs)
            CHECK(differs(how, c.on_maps, c.on_components));
        CHECK_FALSE(differs(how, {"sum_to_one"}, positive));
        CHECK_FALSE(differs(how, positive, {"sum_to_one"}));
        CHECK_FALSE(differs(how, positive, {"non_negative", "unit_norm"}));
        CHECK_FALSE(differs(how, {"unit_norm"}, positive));
    }
}

TEST_CASE("extrapolation: one read of X gives what two reads give")
{
    const auto run = [](layout how, const auto&... more)
    {
        return run_out(
            xu::make_solver(unfold_as<double>(noisy(2), how),
                            {.rank = 4, .max_iterations = 30, .tolerance = 0, .threads = 1},
                            xu::hals{}, xu::on_maps(xu::any_constraint(positive), more...),
                            xu::on_components(xu::any_constraint(positive), more...)));
    };
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto one = run(how);
        const auto two = run(how, needs_everything{});
        CHECK((one.one_read() && !two.one_read()));
        CHECK_FALSE(two.state().extrapolated.empty());
        CHECK(relative_distance(to_matrix(two.current().maps), to_matrix(one.current().maps)) <
              1e-9);
        CHECK(relative_distance(to_matrix(two.current().components),
                                to_matrix(one.current().components)) < 1e-9);
    }
}

TEST_CASE("extrapolation: gets further in as many iterations")
{
    for (const layout how : {layout::row_major, layout::column_major})
        for (const std::size_t rounds : {1U, 10U})
        {
            std::size_t better = 0;
            for (std::uint64_t seed = 1; seed <= 20; ++seed)
            {
                const auto x = unfold_as<double>(noisy(seed), how);
                const auto objective = [&](bool extrapolate)
                {
                    return run_out(make(x, {.rounds = rounds, .extrapolate = extrapolate}, positive,
                                        positive, 60, seed))
                        .current()
                        .objective;
                };
                better += objective(true) <= objective(false);
            }
            CAPTURE(rounds);
            CHECK(better >= 15);
        }
}

TEST_CASE("extrapolation: ends where the optimality conditions hold")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const matrix X = noisy(3);
        const auto solver = run_out(make(unfold_as<double>(X, how), {}, positive, positive, 3000));
        CHECK(kkt_residual_of_both(X, to_matrix(solver.current().maps),
                                   to_matrix(solver.current().components)) < 1e-6);
    }
}

TEST_CASE_TEMPLATE("extrapolation: resumes bit for bit from every iteration", T, float, double)
{
    std::size_t taken_back = 0;
    for (const layout how : {layout::row_major, layout::column_major})
        for (const bool hides : {false, true})
        {
            const matrix X = noisy(4);
            const auto x = hides ? masked<T>(X, how) : unfold_as<T>(X, how);
            const xu::hals update{.rounds = 2};
            auto straight = make(x, update, positive, positive, 40);
            std::vector<xu::solver_state<T>> states{straight.state()};
            while (straight.status() == xu::status::running)
            {
                straight.step();
                states.push_back(straight.state());
                taken_back += states.back().momentum < states[states.size() - 2].momentum;
            }
            for (const auto& state : states)
            {
                auto resumed = make(x, update, positive, positive, 40, 99);
                resumed.resume(written_and_read(state));
                CHECK(without_time(run_out(std::move(resumed)).state()) ==
                      without_time(straight.state()));
            }
        }
    CHECK(taken_back > 0); // or the test has not seen it all
}
}
