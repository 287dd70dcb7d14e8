// SPDX-License-Identifier: BSD-3-Clause
// A constraint at some iterations only: when it holds, and which iterates count.
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace scheduled_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(30, 24, 1);

/// No entry below 0.2.
const auto at_least = [](xu::factor_ref<double> f)
{
    for (auto column : f.columns())
        for (double& x : column)
            x = std::max(x, 0.2);
};

template <class U>
auto solver_with(std::size_t from, std::size_t every, const xu::options& options, U update)
{
    return xu::make_solver(
        unfold_as<double>(X), options, update, xu::on_maps(xu::non_negative{}),
        xu::on_components(xu::non_negative{}, xu::scheduled(at_least, from, every)));
}

double least(xu::factor_ref<const double> f)
{
    double out = 1e300;
    for (const auto column : f.columns())
        for (const double x : column)
            out = std::min(out, x);
    return out;
}

xu::options options(std::size_t iterations, double tolerance = 0)
{
    return {.rank = 3, .max_iterations = iterations, .tolerance = tolerance, .threads = 1};
}
}

TEST_CASE_TEMPLATE("scheduled: holds after the iterations it names and after no other", U, xu::als,
                   xu::hals, xu::multiplicative)
{
    for (const auto& [from, every] : {std::pair<std::size_t, std::size_t>{1, 1}, {4, 1}, {3, 4}})
    {
        auto solver = solver_with(from, every, options(14), U{});
        for (std::size_t t = 1; t <= 14; ++t)
        {
            solver.step();
            const bool due = t >= from && (t - from) % every == 0;
            CHECK((least(solver.current().components) >= 0.2) == due);
        }
    }
}

TEST_CASE("scheduled: the best iterate is one of those it names")
{
    auto solver = solver_with(7, 5, options(20), xu::als{});
    while (solver.status() == xu::status::running)
        solver.step();
    const auto& state = solver.state();
    CHECK((state.best_iteration == 7 || state.best_iteration == 12 || state.best_iteration == 17));
    for (const std::size_t t : {7U, 12U, 17U})
        CHECK(state.best_objective <= state.history[t - 1].objective);
    const auto result = solver.result();
    CHECK(result.objective == doctest::Approx(state.best_objective).epsilon(1e-6));
    CHECK(result.best_iteration == state.best_iteration);
}

TEST_CASE("scheduled: where its iterations are never reached the last iterate is the result")
{
    auto solver = solver_with(1000, 1, options(20), xu::als{});
    while (solver.status() == xu::status::running)
        solver.step();
    const auto result = solver.result();
    CHECK(result.best_iteration == 20);
    CHECK(result.objective ==
          doctest::Approx(solver.state().history.back().objective).epsilon(1e-6));
}

TEST_CASE("scheduled: nothing converges before it holds")
{
    const auto iterations = [](std::size_t from, std::size_t every)
    {
        auto solver = solver_with(from, every, options(100, 0.5), xu::hals{});
        while (solver.status() == xu::status::running)
            solver.step();
        CHECK(solver.status() == xu::status::converged);
        return solver.state().iterations;
    };
    const std::size_t soon = iterations(1, 1);
    CHECK(soon < 10);
    CHECK(iterations(30, 1) >= 30);
    CHECK((iterations(30, 7) - 30) % 7 == 0);
}

TEST_CASE("scheduled: resumes bit for bit, whether or not it holds at the break")
{
    for (const std::size_t stop : {5U, 6U, 8U})
    {
        auto whole = solver_with(6, 2, options(12), xu::hals{}),
             first = solver_with(6, 2, options(12), xu::hals{}),
             second = solver_with(6, 2, options(12), xu::hals{});
        for (std::size_t t = 0; t < 12; ++t)
            whole.step();
        for (std::size_t t = 0; t < stop; ++t)
            first.step();
        second.resume(first.state());
        for (std::size_t t = stop; t < 12; ++t)
            second.step();
        CHECK(second.state().maps == whole.state().maps);
        CHECK(second.state().components == whole.state().components);
        CHECK(second.state().best_components == whole.state().best_components);
    }
}

TEST_CASE("scheduled: bad input")
{
    const xu::grid image{{9, 9}, {}}, curve{{9}, {}};
    const auto refusal = [](const auto& c, const xu::grid& places)
    { return message_of<xu::invalid_argument>([&] { c.validate(places, 3); }); };
    const std::string rule =
        "scheduled counts iterations from 1 and needs a step of at least 1, got ";
    const xu::no_downward_convex_peak peaks{};
    CHECK(refusal(xu::scheduled(peaks, 0), image) == rule + "from 0 every 1");
    CHECK(refusal(xu::scheduled(peaks, 3, 0), image) == rule + "from 3 every 0");
    CHECK(refusal(xu::scheduled(peaks, 3), curve) == refusal(peaks, curve));
    xu::scheduled(peaks, 3, 2).validate(image, 3);
    const auto parse = [](const std::string& name)
    { return message_of<xu::invalid_argument>([&] { xu::any_constraint({name}); }); };
    for (const std::string number : {"0", "-1", "1.5"})
        CHECK(parse("no_downward_convex_peak:" + number) ==
              "constraint \"no_downward_convex_peak:" + number +
                  "\" counts iterations in whole numbers from 1, got " + number);
}

TEST_CASE("scheduled: by name as by type")
{
    const matrix values = random_matrix(20, 81, 3);
    auto scan = xu::tensor<double>::from_shape({20, 9, 9});
    std::copy(values.values.begin(), values.values.end(), scan.begin());
    const auto run = [&](const auto& c)
    {
        return xu::factorize(xu::unfold(scan, xu::positions{0}), options(15), xu::als{},
                             xu::on_maps(xu::non_negative{}), xu::on_components(c))
            .components();
    };
    CHECK(run(xu::any_constraint({"non_negative", "no_downward_convex_peak:4:3"})) ==
          run(xu::all_of(xu::non_negative{}, xu::scheduled(xu::no_downward_convex_peak{}, 4, 3))));
}
}
