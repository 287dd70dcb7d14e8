// SPDX-License-Identifier: BSD-3-Clause
// Solvers that share each read of X do as each does alone.
#include "../support.hpp"

#include <span>

#include <xunmix/factorize/batch.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>

namespace batch_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;
const names positive{"non_negative"};

xu::tensor<bool> all_but_some(std::size_t count)
{
    auto keep = xu::tensor<bool>::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        keep(i) = i % 7 != 2;
    return keep;
}

/// One solver for each rank, with seeds 1, 2, ...
template <class M, class U = xu::hals>
auto solvers_of(const M& x, const std::vector<std::size_t>& ranks, std::size_t iterations,
                double tolerance = 0, U update = {}, const names& on_maps = positive,
                const names& on_components = positive)
{
    const auto make = [&](std::size_t rank, std::uint64_t seed)
    {
        return xu::make_solver(x,
                               {.rank = rank,
                                .max_iterations = iterations,
                                .tolerance = tolerance,
                                .seed = seed,
                                .threads = 1},
                               update, xu::on_maps(xu::any_constraint(on_maps)),
                               xu::on_components(xu::any_constraint(on_components)));
    };
    std::vector<decltype(make(1, 1))> out;
    for (std::size_t i = 0; i < ranks.size(); ++i)
        out.push_back(make(ranks[i], i + 1));
    return out;
}

/// Steps one set of solvers together and another alone; both see the same.
template <class Solver>
void check_as_alone(std::vector<Solver> together, std::vector<Solver> alone, std::size_t steps,
                    double tolerance)
{
    xu::batch<typename Solver::value_type> shared(1);
    for (std::size_t t = 0; t < steps; ++t)
    {
        shared.step(std::span<Solver>(together));
        for (Solver& s : alone)
            s.step();
        for (std::size_t i = 0; i < alone.size(); ++i)
        {
            const auto a = together[i].current(), b = alone[i].current();
            CAPTURE(i);
            CHECK(together[i].status() == alone[i].status());
            CHECK((a.number == b.number && a.last == b.last));
            CHECK(a.objective == doctest::Approx(b.objective).epsilon(tolerance));
            CHECK(a.mse == doctest::Approx(b.mse).epsilon(tolerance));
            CHECK(together[i].state().history.size() == alone[i].state().history.size());
        }
    }
    for (std::size_t i = 0; i < alone.size(); ++i)
    {
        const auto a = together[i].current(), b = alone[i].current();
        CHECK(relative_distance(to_matrix(a.maps), to_matrix(b.maps)) < 100 * tolerance);
        CHECK(relative_distance(to_matrix(a.components), to_matrix(b.components)) <
              100 * tolerance);
        CHECK(a.seconds >= 0);
    }
}

const matrix X = random_matrix(150, 90, 1);
}

TEST_CASE("batch: solvers of different ranks do as each alone")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const xu::dense x(unfold_as<double>(X, how), 1);
        const std::vector<std::size_t> ranks{3, 7, 4, 4}, with_one{3, 1, 7, 4, 4};
        check_as_alone(solvers_of(x, ranks, 30), solvers_of(x, ranks, 30), 30, 1e-9);
        check_as_alone(solvers_of(x, with_one, 5), solvers_of(x, with_one, 5), 5, 1e-9);
        // Rank 1 has converged after ten iterations: from then on rounding would decide whether the
        // objective rises, and with that whether an extrapolated iteration is taken back.
        const auto plain = [&]
        { return solvers_of(x, with_one, 30, 0, xu::hals{.extrapolate = false}); };
        check_as_alone(plain(), plain(), 30, 1e-12);
        check_as_alone(solvers_of(x, {5}, 10), solvers_of(x, {5}, 10), 10, 1e-12);
    }
}

TEST_CASE("batch: more columns than stand side by side")
{
    const xu::dense x(unfold_as<double>(X), 1);
    using batch = xu::batch<double>;
    static_assert(batch::most_columns < 3 * 50);
    const std::vector<std::size_t> ranks{50, 60, 50, 1, batch::most_columns > 90 ? 90 : 70, 50};
    check_as_alone(solvers_of(x, ranks, 4), solvers_of(x, ranks, 4), 4, 1e-9);
}

TEST_CASE("batch: solvers that ended rest, the others go on")
{
    const xu::dense x(unfold_as<double>(X), 1);
    const std::vector<std::size_t> ranks{2, 3, 6};
    const auto with_an_end = [&]
    {
        auto solvers = solvers_of(x, ranks, 40, 1e-3);
        solvers[1].step();
        solvers[1].stop();
        return solvers;
    };
    check_as_alone(with_an_end(), with_an_end(), 45, 1e-9);
    auto all = solvers_of(x, ranks, 1);
    using solver = decltype(all)::value_type;
    xu::batch<double> shared(1);
    shared.step(std::span<solver>(all));
    const auto before = all[2].state().maps;
    shared.step(std::span<solver>(all)); // all have done their iterations
    shared.step(std::span<solver>());
    CHECK(all[2].state().maps == before);
    CHECK(all[2].state().iterations == 1);
}

TEST_CASE("batch: als, which begins with the components")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const xu::dense x(unfold_as<double>(X, how), 1);
        const std::vector<std::size_t> ranks{3, 5, 2};
        check_as_alone(solvers_of(x, ranks, 15, 0, xu::als{}),
                       solvers_of(x, ranks, 15, 0, xu::als{}), 15, 1e-8);
    }
}

TEST_CASE("batch: heuristic constraints, penalties and scale that moves")
{
    const xu::dense x(unfold_as<double>(X), 1);
    const std::vector<std::size_t> ranks{3, 5};
    for (const auto& constraints : {std::pair<names, names>{{"sum_to_one"}, positive},
                                    {{"non_negative", "sparse:0.2"}, {"non_negative", "unit_norm"}},
                                    {{"bounded:0.1:0.8"}, {"ridge:0.5"}}})
    {
        const auto make = [&]
        { return solvers_of(x, ranks, 15, 0, xu::hals{}, constraints.first, constraints.second); };
        check_as_alone(make(), make(), 15, 1e-8);
    }
}

namespace
{
/// Needs the whole factor: two reads an iteration.
struct smallest_to_zero
{
    void project(xu::factor_ref<double> f) const
    {
        REQUIRE(f.is_whole());
        for (auto column : f.columns())
            *std::min_element(column.begin(), column.end()) = 0;
    }
};
}

TEST_CASE("batch: solvers that take two reads step by themselves")
{
    const xu::dense x(unfold_as<double>(X), 1);
    const auto make = [&]
    {
        const auto one = [&](std::size_t rank)
        {
            return xu::make_solver(x, {.rank = rank, .max_iterations = 8, .threads = 1}, xu::hals{},
                                   xu::on_maps(xu::non_negative{}, smallest_to_zero{}));
        };
        std::vector<decltype(one(1))> out;
        out.push_back(one(2));
        out.push_back(one(4));
        return out;
    };
    CHECK_FALSE(make()[0].one_read());
    check_as_alone(make(), make(), 10, 1e-15);
}

TEST_CASE("batch: float counts with masks")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const xu::dense x(unfold_as<std::uint16_t>(counted(X, 200), how)
                              .mask_positions(all_but_some(150))
                              .mask_channels(all_but_some(90)),
                          1);
        const std::vector<std::size_t> ranks{3, 8};
        check_as_alone(solvers_of(x, ranks, 15), solvers_of(x, ranks, 15), 15, 1e-4);
    }
}

TEST_CASE("batch: any number of threads gives the same bits")
{
    const xu::dense x(unfold_as<double>(random_matrix(700, 80, 2)), 1);
    const auto run = [&](std::size_t threads)
    {
        auto solvers = solvers_of(x, {3, 5, 4}, 6);
        using solver = decltype(solvers)::value_type;
        xu::batch<double> shared(threads);
        for (int t = 0; t < 6; ++t)
            shared.step(std::span<solver>(solvers));
        return solvers;
    };
    const auto one = run(1), two = run(2);
    for (std::size_t i = 0; i < 3; ++i)
    {
        CHECK(two[i].state().maps == one[i].state().maps);
        CHECK(two[i].state().components == one[i].state().components);
        CHECK(two[i].state().objective == one[i].state().objective);
    }
}
}
