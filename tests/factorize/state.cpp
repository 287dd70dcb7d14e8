// SPDX-License-Identifier: BSD-3-Clause
// A solver's state, written and read back, goes on as if nothing had happened.
#include "../support.hpp"

#include <cmath>
#include <cstring>
#include <sstream>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/as_start.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace state_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(37, 26, 1);

template <class T, class U>
auto make(layout how, std::size_t iterations, std::uint64_t seed = 1, std::size_t rank = 3,
          double tolerance = 0)
{
    return xu::make_solver(unfold_as<T>(X, how),
                           {.rank = rank,
                            .max_iterations = iterations,
                            .tolerance = tolerance,
                            .seed = seed,
                            .threads = 1},
                           U{}, xu::on_maps(xu::any_constraint({"non_negative"})),
                           xu::on_components(xu::any_constraint({"non_negative", "unit_norm"})));
}

template <class T>
std::string written(const xu::solver_state<T>& state)
{
    std::ostringstream out;
    xu::write_state(out, state);
    return out.str();
}

template <class T>
xu::solver_state<T> read(const std::string& bytes)
{
    std::istringstream in(bytes);
    return xu::read_state<T>(in);
}

/// Everything in a state but the clock.
template <class T>
std::string without_time(xu::solver_state<T> state)
{
    state.seconds = 0;
    for (auto& line : state.history)
        line.seconds = 0;
    return written(state);
}

template <class T, class U>
void check_resumes()
{
    constexpr std::size_t iterations = 9;
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto straight = make<T, U>(how, iterations);
        std::vector<std::string> states{written(straight.state())};
        while (straight.status() == xu::status::running)
        {
            straight.step();
            states.push_back(written(straight.state()));
        }
        REQUIRE(states.size() == iterations + 1);
        for (const auto& bytes : states)
        {
            auto resumed = make<T, U>(how, iterations, 99);
            resumed.resume(read<T>(bytes));
            while (resumed.status() == xu::status::running)
                resumed.step();
            CHECK(without_time(resumed.state()) == without_time(straight.state()));
            const auto a = resumed.result(), b = straight.result();
            CHECK(to_matrix(a.maps_matrix()).values == to_matrix(b.maps_matrix()).values);
            CHECK((a.objective == b.objective && a.best_iteration == b.best_iteration));
        }
    }
}

template <class T>
std::string refusal(const std::string& bytes)
{
    return message_of<xu::io_error>([&] { read<T>(bytes); });
}
}

TEST_CASE_TEMPLATE("state: als resumes bit for bit from every iteration", T, float, double)
{
    check_resumes<T, xu::als>();
}
TEST_CASE_TEMPLATE("state: hals resumes bit for bit from every iteration", T, float, double)
{
    check_resumes<T, xu::hals>();
}
TEST_CASE_TEMPLATE("state: multiplicative resumes bit for bit from every iteration", T, float,
                   double)
{
    check_resumes<T, xu::multiplicative>();
}
TEST_CASE_TEMPLATE("state: bpp resumes bit for bit from every iteration", T, float, double)
{
    check_resumes<T, xu::bpp>();
}

TEST_CASE("state: what had done its iterations or was stopped goes on under new options")
{
    auto longer = make<double, xu::hals>(layout::row_major, 12);
    auto shorter = make<double, xu::hals>(layout::row_major, 5);
    auto stopped = make<double, xu::hals>(layout::row_major, 12);
    for (int t = 0; t < 12; ++t)
    {
        longer.step();
        shorter.step();
        if (t == 6)
            stopped.stop();
        stopped.step();
    }
    CHECK(shorter.status() == xu::status::max_iterations);
    CHECK(stopped.status() == xu::status::stopped);
    CHECK(stopped.state().iterations == 6);
    for (const auto& state : {shorter.state(), stopped.state()})
    {
        auto resumed = make<double, xu::hals>(layout::row_major, 12);
        resumed.resume(state);
        CHECK(resumed.status() == xu::status::running);
        while (resumed.status() == xu::status::running)
            resumed.step();
        CHECK(without_time(resumed.state()) == without_time(longer.state()));
    }
    auto fewer = make<double, xu::hals>(layout::row_major, 4);
    fewer.resume(longer.state());
    CHECK(fewer.status() == xu::status::max_iterations);
    fewer.step();
    CHECK(fewer.state().iterations == 12);
}

TEST_CASE("state: what has converged stays so, and counts its patience across a break")
{
    auto solver = make<double, xu::hals>(layout::row_major, 1000, 1, 3, 1e-3);
    std::string before_last;
    while (solver.status() == xu::status::running)
    {
        before_last = written(solver.state());
        solver.step();
    }
    CHECK(solver.status() == xu::status::converged);
    auto resumed = make<double, xu::hals>(layout::row_major, 1000, 2, 3, 1e-3);
    resumed.resume(read<double>(written(solver.state())));
    CHECK(resumed.status() == xu::status::converged);
    resumed.resume(read<double>(before_last));
    CHECK(resumed.current().relative_change == solver.state().history.end()[-2].relative_change);
    resumed.step();
    CHECK(resumed.status() == xu::status::converged);
}

TEST_CASE("state: cut off anywhere it is refused")
{
    auto solver = make<float, xu::als>(layout::row_major, 2);
    solver.step();
    const std::string bytes = written(solver.state());
    REQUIRE(refusal<float>(bytes) == "no exception");
    for (std::size_t length = 0; length < bytes.size(); length += length < 200 ? 1 : 97)
        CHECK(refusal<float>(bytes.substr(0, length)) == "the solver state ends too early");
    CHECK(refusal<float>(bytes.substr(0, bytes.size() - 1)) == "the solver state ends too early");
}

TEST_CASE("state: other files, other types and damage are refused")
{
    auto solver = make<float, xu::hals>(layout::row_major, 2);
    solver.step();
    std::string bytes = written(solver.state());
    CHECK(refusal<float>("\x93NUMPY and then some") == "this is no solver state of xunmix");
    CHECK(refusal<double>(bytes) ==
          "the solver state is for factors of another type or another machine: its factors have 4 "
          "bytes a number, wanted are 8");
    // magic, format, the method with its length, the data, then twelve numbers
    const std::size_t scalars = 8 + 4 + 8 + solver.state().method.size() + 8 + 12 * 8;
    std::string damaged = bytes;
    damaged[scalars] = 77; // the status
    CHECK(refusal<float>(damaged) ==
          "the solver state is damaged: its status or side does not exist");
    damaged = bytes;
    // status and side, momentum and its limit, then the number of map values
    std::memset(damaged.data() + scalars + 8 + 2 * 8, 0x7f, 8);
    CHECK(refusal<float>(damaged) == "the solver state ends too early");
    auto uneven = solver.state();
    uneven.maps = xu::factor<float>(37, 2); // of a state whose rank is 3
    CHECK(refusal<float>(written(uneven)) ==
          "the solver state is damaged: its factors have 3 columns, and one holds 74 numbers");
    std::ostringstream full_disk;
    full_disk.setstate(std::ios::badbit);
    CHECK(message_of<xu::io_error>([&] { xu::write_state(full_disk, solver.state()); }) ==
          "the solver state could not be written");
}

TEST_CASE("state: one of another size or layout is refused")
{
    auto solver = make<double, xu::hals>(layout::row_major, 3);
    const auto refused = [&](const xu::solver_state<double>& state)
    { return message_of<xu::invalid_argument>([&] { solver.resume(state); }); };
    CHECK(
        refused(make<double, xu::hals>(layout::row_major, 3, 1, 2).state()) ==
        "the state is for rank 2 with 74 map values and 52 component values; this solver has rank "
        "3, 111 and 78");
    CHECK(
        refused(make<double, xu::hals>(layout::column_major, 3).state()) ==
        "the state is of a solver that sweeps the components; this one sweeps the maps: unfold the "
        "data in the same layout");
    auto state = solver.state();
    for (const auto& [rows, rank] :
         std::vector<std::pair<std::size_t, std::size_t>>{{5, 3}, {111, 1}})
    {
        state.best_maps = xu::factor<double>(rows, rank);
        CHECK(refused(state) ==
              xu::detail::text("the state is damaged, or of another update: its best maps of ",
                               rows, " x ", rank,
                               " numbers should be 37 x 3; start again without it"));
    }
    CHECK(refused(solver.state()) == "no exception");
}

TEST_CASE("state: memory of an update that is not of this solver's size is refused")
{
    const auto make_mals = [](std::size_t rank)
    {
        return xu::make_solver(unfold_as<double>(X),
                               {.rank = rank, .max_iterations = 5, .tolerance = 0, .threads = 1},
                               xu::mals{});
    };
    auto solver = make_mals(3);
    solver.step();
    auto state = solver.state();
    const auto refused = [&]
    { return message_of<xu::invalid_argument>([&] { make_mals(3).resume(state); }); };
    CHECK(refused() == "no exception");
    REQUIRE(!state.sections.empty());
    CHECK(state.sections[0].name == "maps/mals");
    auto& memory = state.sections[0].numbers;
    REQUIRE(!memory.empty());
    const auto whole = memory;
    for (const std::size_t size : {whole.size() - 1, whole.size() + 1, std::size_t{1}})
    {
        memory.assign(size, 1.0);
        CAPTURE(size);
        const std::string message = refused();
        CAPTURE(message);
        CHECK(message.starts_with(
            "the state is damaged, or of another update: its numbers of maps/mals are "));
        CHECK(message.ends_with("; start again without it"));
    }
    memory = whole;
    for (const double momentum : {-1.0, 2.0, std::nan("")})
    {
        state.momentum = momentum;
        CAPTURE(momentum);
        CHECK(refused().starts_with("the state is damaged: its momentum is"));
    }
}

TEST_CASE("state: one of another update, of other constraints or other data is refused")
{
    const auto refusal_of = [](auto solver, const auto& state)
    { return message_of<xu::invalid_argument>([&] { solver.resume(state); }); };
    auto first = make<double, xu::hals>(layout::row_major, 5);
    first.step();
    CHECK(refusal_of(make<double, xu::als>(layout::row_major, 5), first.state()) ==
          "the state is of hals (maps: non_negative; components: non_negative, unit_norm); this "
          "solver has als (maps: non_negative; components: non_negative, unit_norm); to start from "
          "its factors all the same, give as_start(state) to factorize");
    const xu::options opt{.rank = 3, .max_iterations = 5, .tolerance = 0};
    const auto data = unfold_as<double>(X, layout::row_major);
    CHECK(refusal_of(xu::make_solver(data, opt, xu::hals{}), first.state())
              .starts_with("the state is of hals (maps: non_negative; components: non_negative, "
                           "unit_norm); this solver has hals (maps: none; components: none)"));
    // Named in the source or at run time, a constraint is the same one.
    auto same = xu::make_solver(data, opt, xu::hals{}, xu::on_maps(xu::non_negative{}),
                                xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    same.resume(first.state());
    same.step();
    CHECK(same.state().iterations == 2);

    auto other = X;
    other(3, 4) += 1;
    const auto make_other = [&]
    {
        return xu::make_solver(
            unfold_as<double>(other, layout::row_major), opt, xu::hals{},
            xu::on_maps(xu::any_constraint({"non_negative"})),
            xu::on_components(xu::any_constraint({"non_negative", "unit_norm"})));
    };
    CHECK(refusal_of(make_other(), first.state())
              .starts_with("the state is of other data: their values, masks or weights differ"));
}

TEST_CASE("as_start: another factorization goes on from the factors, whatever they came from")
{
    auto first = make<double, xu::hals>(layout::row_major, 5);
    while (first.status() == xu::status::running)
        first.step();
    const auto data = unfold_as<double>(X, layout::row_major);
    const xu::options none{.rank = 3, .max_iterations = 0, .scale = xu::scaling::none};
    for (const auto& start :
         {xu::as_start<double>(first.state()), xu::as_start<double>(first.snapshot())})
    {
        const auto same = xu::factorize(data, none, xu::als{}, start);
        CHECK(squared_residual(X, to_matrix(same.maps_matrix()),
                               to_matrix(same.components_matrix())) ==
              doctest::Approx(first.residual()).epsilon(1e-12));
    }
    const auto further =
        xu::factorize(data, {.rank = 3, .max_iterations = 20, .tolerance = 0}, xu::bpp{},
                      xu::as_start<double>(first.state()), xu::on_maps(xu::non_negative{}),
                      xu::on_components(xu::non_negative{}));
    CHECK(further.mse * static_cast<double>(X.rows * X.cols) < first.residual());
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::factorize(data, {.rank = 2}, xu::hals{}, xu::as_start<double>(first.state()));
              }) == "the maps to start from are 37 x 3; these data and this rank need 37 x 2");
}

TEST_CASE("snapshot: a copy that stays as it was while the solver goes on")
{
    auto solver = make<float, xu::hals>(layout::row_major, 10);
    solver.step();
    const auto copy = solver.snapshot();
    const auto now = solver.current();
    CHECK(to_matrix(copy.maps_matrix()).values == to_matrix(now.maps).values);
    CHECK(to_matrix(copy.components_matrix()).values == to_matrix(now.components).values);
    CHECK((copy.objective == now.objective && copy.mse == now.mse && copy.iterations == 1));
    const auto maps = to_matrix(copy.maps_matrix()).values;
    solver.step();
    CHECK(to_matrix(copy.maps_matrix()).values == maps);
    CHECK(to_matrix(solver.current().maps).values != maps);
}
}
