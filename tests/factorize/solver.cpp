// SPDX-License-Identifier: BSD-3-Clause
// How a factorization runs and how it ends.
#include "../support.hpp"

#include <memory>
#include <type_traits>

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace solver_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(30, 24, 1);

/// Multiplies all entries by `factor` at its `when`-th call; the first is at the start.
auto spoil(int when, double factor)
{
    return [calls = std::make_shared<int>(0), when, factor](xu::factor_ref<double> f)
    {
        if (++*calls == when)
            for (auto column : f.columns())
                for (double& x : column)
                    x *= factor;
    };
}

/// A proximal step that returns NaN at its `when`-th call: a descent pair that goes wrong.
struct spoiling_prox
{
    std::shared_ptr<int> calls = std::make_shared<int>(0);
    int when = 10;

    void prox_column(xu::factor_ref<double> f, std::size_t j, double) const
    {
        if (++*calls == when)
            f(0, j) = std::nan("");
    }
};
}

TEST_CASE("solver: does exactly max_iterations, and none for 0")
{
    for (const std::size_t wanted : {0U, 1U, 7U})
    {
        std::size_t calls = 0;
        const auto result =
            xu::factorize(unfold_as<float>(X),
                          {.rank = 3, .max_iterations = wanted, .tolerance = 0, .threads = 1},
                          xu::hals{}, [&](const auto&) { ++calls; });
        CHECK(calls == wanted);
        CHECK(result.iterations == wanted);
        CHECK(result.history.size() == wanted);
        CHECK(result.status == xu::status::max_iterations);
    }
}

TEST_CASE("solver: before the first iteration the result is the start and its exact objective")
{
    const matrix C = random_matrix(30, 2, 2), S = random_matrix(24, 2, 3);
    const auto result =
        xu::factorize(unfold_as<double>(X),
                      {.rank = 2, .max_iterations = 0, .threads = 1, .scale = xu::scaling::none},
                      xu::hals{}, xu::given{.maps = to_tensor(C), .components = to_tensor(S)},
                      xu::on_maps(xu::ridge{.weight = 0.5}));
    const double residual = squared_residual(X, C, S);
    CHECK(result.mse == doctest::Approx(residual / 720).epsilon(1e-12));
    CHECK(result.objective == doctest::Approx(residual + 0.5 * squared_norm(C)).epsilon(1e-12));
    CHECK(squared_norm(to_matrix(result.maps_matrix())) ==
          doctest::Approx(squared_norm(C)).epsilon(1e-12));
}

TEST_CASE("solver: result() and residual() may be called at any time and change nothing")
{
    const auto make = [&]
    {
        return xu::make_solver(unfold_as<double>(X),
                               {.rank = 3, .max_iterations = 20, .tolerance = 0.1, .threads = 1},
                               xu::als{}, xu::on_maps(xu::non_negative{}));
    };
    auto quiet = make(), asked = make();
    while (quiet.status() == xu::status::running)
    {
        CHECK(std::isfinite(asked.result().objective));
        CHECK(asked.residual() > 0);
        quiet.step();
        asked.step();
    }
    CHECK(asked.status() == quiet.status());
    CHECK(asked.state().iterations == quiet.state().iterations);
    CHECK(asked.state().maps == quiet.state().maps);
}

TEST_CASE_TEMPLATE("solver: the objective is what the elements of X say", T, float, double)
{
    auto solver = xu::make_solver(unfold_as<T>(X), {.rank = 3, .threads = 1}, xu::hals{},
                                  xu::on_maps(xu::non_negative{}, xu::sparse{.weight = 0.2}));
    for (int t = 0; t < 5; ++t)
        solver.step();
    const auto it = solver.current();
    const double residual = squared_residual(X, to_matrix(it.maps), to_matrix(it.components));
    CHECK(solver.residual() == doctest::Approx(residual).epsilon(1e-5));
    CHECK(it.mse * 720 == doctest::Approx(residual).epsilon(1e-5));
    double l1 = 0;
    for (double x : to_matrix(it.maps).values)
        l1 += std::abs(x);
    CHECK(it.objective == doctest::Approx(residual + 2 * 0.2 * l1).epsilon(1e-5));
}

TEST_CASE("solver: converges where the relative decrease is below the tolerance")
{
    const auto run = [](double tolerance, std::size_t patience)
    {
        return xu::factorize(unfold_as<double>(X),
                             {.rank = 3,
                              .max_iterations = 5000,
                              .tolerance = tolerance,
                              .patience = patience,
                              .threads = 1},
                             xu::hals{}, xu::on_maps(xu::non_negative{}),
                             xu::on_components(xu::non_negative{}));
    };
    for (const std::size_t patience : {1U, 4U})
    {
        const auto result = run(1e-4, patience);
        CHECK(result.status == xu::status::converged);
        const auto& history = result.history;
        REQUIRE(history.size() > patience + 1);
        std::size_t in_a_row = 0;
        for (std::size_t t = 0; t < history.size(); ++t)
        {
            CHECK(history[t].iteration == t + 1);
            const double change = t == 0 ? std::numeric_limits<double>::infinity()
                                         : (history[t - 1].objective - history[t].objective) /
                                               history[t - 1].objective;
            CHECK(history[t].relative_change == change);
            in_a_row = change < 1e-4 ? in_a_row + 1 : 0;
            CHECK((in_a_row >= patience) == (t + 1 == history.size()));
        }
    }
    CHECK(run(0, 1).status == xu::status::max_iterations);
    CHECK(run(1e-4, 0).iterations == run(1e-4, 1).iterations);
}

TEST_CASE_TEMPLATE("solver: a warm start from the answer stops at once", U, xu::als, xu::hals)
{
    const auto run = [&](double tolerance, const auto& init)
    {
        return xu::factorize(
            unfold_as<double>(X),
            {.rank = 3, .max_iterations = 20000, .tolerance = tolerance, .threads = 1}, U{}, init,
            xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    };
    const auto cold = run(1e-13, xu::random_uniform{});
    const auto warm = run(1e-9, xu::given{.maps = cold.maps(), .components = cold.components()});
    CHECK(warm.status == xu::status::converged);
    CHECK(warm.iterations <= (std::is_same_v<U, xu::als> ? 4 : 2)); // three without progress
    CHECK(warm.objective <= cold.objective * (1 + 1e-8));
}

TEST_CASE("solver: a perfect fit is the end")
{
    const matrix C = random_matrix(20, 2, 4), S = random_matrix(15, 2, 5);
    const auto result =
        xu::factorize(unfold_as<double>(C * transposed(S)), {.rank = 2, .threads = 1}, xu::als{});
    CHECK(result.status == xu::status::converged);
    CHECK(result.mse < 1e-13);
}

TEST_CASE("solver: what can be stopped is stopped, once")
{
    auto solver = xu::make_solver(unfold_as<float>(X), {.rank = 2, .threads = 1}, xu::hals{});
    solver.step();
    solver.stop();
    CHECK(solver.status() == xu::status::stopped);
    const auto maps = solver.state().maps;
    solver.step();
    CHECK(solver.state().iterations == 1);
    CHECK(solver.state().maps == maps);
    auto ended = xu::make_solver(unfold_as<float>(X),
                                 {.rank = 2, .max_iterations = 1, .threads = 1}, xu::hals{});
    ended.step();
    ended.stop();
    CHECK(ended.status() == xu::status::max_iterations);
}

TEST_CASE("solver: NaN and infinity end it as non_finite, and the best iterate is kept")
{
    for (const double factor : {std::nan(""), std::numeric_limits<double>::infinity(), 1e200})
    {
        CAPTURE(factor);
        const auto result =
            xu::factorize(unfold_as<double>(X), {.rank = 3, .tolerance = 0, .threads = 1},
                          xu::hals{}, xu::on_components(spoil(5, factor)));
        CHECK(result.status == xu::status::non_finite);
        CHECK(result.iterations == 4);
        CHECK(result.best_iteration == 3);
        const matrix C = to_matrix(result.maps_matrix()), S = to_matrix(result.components_matrix());
        CHECK(squared_residual(X, C, S) == doctest::Approx(result.objective).epsilon(1e-10));
        CHECK(result.objective == doctest::Approx(result.history[2].objective).epsilon(1e-12));
    }
    const auto broken = xu::factorize(unfold_as<double>(X), {.rank = 3, .threads = 1}, xu::hals{},
                                      xu::on_maps(spoiling_prox{}));
    CHECK(broken.status == xu::status::non_finite);
    CHECK(std::isnan(broken.history.back().objective));
}

TEST_CASE("solver: an objective that explodes ends it as diverged")
{
    const auto result =
        xu::factorize(unfold_as<double>(X), {.rank = 3, .tolerance = 0, .threads = 1}, xu::hals{},
                      xu::on_components(spoil(5, 1e4)));
    CHECK(result.status == xu::status::diverged);
    CHECK(result.iterations == 4);
    CHECK(result.best_iteration == 3);
    CHECK(result.objective < squared_norm(X));
}

TEST_CASE("solver: where scale moves under a penalty the best iterate is kept")
{
    // Each column of the components is normalised after its map was shrunk: no descent.
    auto solver = xu::make_solver(
        unfold_as<double>(X), {.rank = 3, .max_iterations = 60, .tolerance = 0, .threads = 1},
        xu::hals{}, xu::on_maps(xu::non_negative{}, xu::sparse{.weight = 2}),
        xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    double best = std::numeric_limits<double>::infinity();
    while (solver.status() == xu::status::running)
    {
        solver.step();
        best = std::min(best, solver.current().objective);
    }
    CHECK(solver.result().objective == doctest::Approx(best).epsilon(1e-12));
    CHECK_FALSE(solver.state().best_maps.empty());
}

TEST_CASE("solver: names of states")
{
    CHECK(std::string(xu::name(xu::status::running)) == "running");
    CHECK(std::string(xu::name(xu::status::converged)) == "converged");
    CHECK(std::string(xu::name(xu::status::max_iterations)) == "max_iterations");
    CHECK(std::string(xu::name(xu::status::stopped)) == "stopped");
    CHECK(std::string(xu::name(xu::status::diverged)) == "diverged");
    CHECK(std::string(xu::name(xu::status::non_finite)) == "non_finite");
}

namespace
{
/// A hard constraint whose place changes with the factor: no entry below half of its column's mean.
struct moving_floor
{
    static constexpr bool moves = true;

    void project(xu::factor_ref<double> f) const
    {
        for (auto column : f.columns())
        {
            double mean = 0;
            for (const double x : column)
                mean += x / static_cast<double>(column.size());
            for (double& x : column)
                x = std::max(x, 0.5 * mean);
        }
    }
};
}

TEST_CASE("solver: the result is the best iterate, or the last with a constraint that moves")
{
    const auto run = [](const auto& constraint, xu::iterate keep)
    {
        return xu::factorize(unfold_as<double>(X),
                             {.rank = 4,
                              .max_iterations = 30,
                              .tolerance = 0,
                              .keep = keep,
                              .seed = 2,
                              .threads = 1},
                             xu::als{}, xu::on_maps(xu::non_negative{}),
                             xu::on_components(constraint));
    };
    const auto fixed = [](xu::factor_ref<double> f) { moving_floor{}.project(f); };
    const auto least = [](const auto& result)
    {
        double out = 1e300;
        for (const auto& r : result.history)
            out = std::min(out, r.objective);
        return out;
    };
    using enum xu::iterate;
    for (const auto& result : {run(moving_floor{}, automatic), run(moving_floor{}, last),
                               run(fixed, last), run(xu::scheduled(moving_floor{}, 5), automatic)})
    {
        CHECK(result.best_iteration == 30);
        CHECK(result.objective == doctest::Approx(result.history.back().objective).epsilon(1e-12));
    }
    for (const auto& result : {run(moving_floor{}, best), run(fixed, automatic), run(fixed, best)})
        CHECK(result.objective == doctest::Approx(least(result)).epsilon(1e-12));
    std::size_t rises = 0;
    const auto result = run(fixed, best);
    for (std::size_t t = 1; t < 30; ++t)
        rises += result.history[t].objective > (1 + 1e-6) * result.history[t - 1].objective;
    CHECK(result.rises() == rises);
}

TEST_CASE("solver: one rise is not convergence, and a constraint that moves needs ten quiet ones")
{
    const auto run = [](const auto& constraint)
    {
        return xu::factorize(
            unfold_as<double>(X), {.rank = 4, .max_iterations = 3000, .seed = 2, .threads = 1},
            xu::als{}, xu::on_maps(xu::non_negative{}), xu::on_components(constraint));
    };
    const auto at_the_end = [](const auto& result, auto is_quiet)
    {
        const auto& history = result.history;
        std::size_t count = 0;
        while (count < history.size() &&
               is_quiet(history[history.size() - 1 - count].relative_change))
            ++count;
        return count;
    };
    const auto moving = run(moving_floor{}),
               fixed = run([](xu::factor_ref<double> f) { moving_floor{}.project(f); });
    REQUIRE(moving.status == xu::status::converged);
    REQUIRE(fixed.status == xu::status::converged);
    CHECK(at_the_end(moving, [](double change) { return std::abs(change) < 1e-5; }) == 10);
    CHECK(at_the_end(fixed, [](double change) { return change < 1e-5; }) == 3);
}
}
