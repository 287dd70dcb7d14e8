// SPDX-License-Identifier: BSD-3-Clause
// Iterations that read X in interleaved groups of rows and move the other factor after each.
#include "../support.hpp"

#include <sstream>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/batch.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/svd/compressed.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace groups_test
{
using namespace support;

namespace
{
/// Enough rows for several blocks in each of several groups.
const planted truth = plant({.positions = 500, .channels = 40, .rank = 4, .seed = 3});
const matrix noisy = []
{
    matrix X = truth.X;
    const matrix noise = random_matrix(X.rows, X.cols, 4, -0.05, 0.05);
    for (std::size_t e = 0; e < X.values.size(); ++e)
        X.values[e] = std::max(0.0, X.values[e] + noise.values[e]);
    return X;
}();

xu::options options(std::size_t iterations, std::size_t groups, std::size_t threads = 1)
{
    return {.rank = 4,
            .max_iterations = iterations,
            .tolerance = 0,
            .groups = groups,
            .seed = 1,
            .threads = threads,
            .scale = xu::scaling::none};
}

template <class T>
std::vector<double> objectives(xu::solver<T>& solver)
{
    std::vector<double> out;
    while (solver.status() == xu::status::running)
    {
        solver.step();
        out.push_back(solver.current().objective);
    }
    return out;
}

template <class T>
void check_descent(xu::solver<T>& solver)
{
    const auto all = objectives(solver);
    for (std::size_t t = 1; t < all.size(); ++t)
        CHECK(all[t] <= all[t - 1] + solver.state().rounding);
    CHECK(all.back() < 0.5 * all.front());
    CHECK(solver.current().mse * static_cast<double>(noisy.values.size()) ==
          doctest::Approx(solver.residual()).epsilon(std::is_same_v<T, double> ? 1e-11 : 1e-3));
}
}

TEST_CASE_TEMPLATE("groups: every row is in one group, and their sums are those of a sweep", T,
                   float, double, std::uint16_t)
{
    using F = xu::factor_value_t<T>;
    std::vector<std::uint8_t> keep(500, 1);
    for (std::size_t i = 0; i < 500; i += 7)
        keep[i] = 0;
    for (const layout how : {layout::row_major, layout::column_major})
        for (const std::size_t groups : {1U, 2U, 3U, 16U, 200U})
        {
            const auto data = xu::dense(unfold_as<T>(counted(noisy, 100), how)
                                            .mask_positions(xu::tensor<bool>(xt::adapt(
                                                std::vector<bool>(keep.begin(), keep.end())))));
            const std::size_t rows = how == layout::row_major ? 500 : 40,
                              across = how == layout::row_major ? 40 : 500;
            owned_factor<F> held(random_matrix(across, 3, 8)), whole(matrix(across, 3)),
                sum(matrix(across, 3)), part(matrix(across, 3));
            matrix formed(rows, 3), by_group(rows, 3);
            std::vector<std::size_t> visits(rows);
            typename xu::dense<T>::workspace work{.threads = 2};
            const auto keep_rows = [&](matrix& out)
            {
                return [&](std::size_t first, xu::factor_ref<F> block, std::size_t)
                {
                    for (std::size_t i = 0; i < block.rows(); ++i)
                        for (std::size_t j = 0; j < 3; ++j)
                            out(first + i, j) = static_cast<double>(block(i, j));
                };
            };
            auto once = keep_rows(formed), again = keep_rows(by_group);
            data.sweep(held.view(), once, whole.ref(), work);
            for (std::size_t group = 0; group < groups; ++group)
            {
                auto count = [&](std::size_t first, xu::factor_ref<F> block, std::size_t worker)
                {
                    again(first, block, worker);
                    for (std::size_t i = 0; i < block.rows(); ++i)
                        ++visits[first + i];
                };
                data.sweep(held.view(), count, part.ref(), work, {group, groups});
                for (std::size_t e = 0; e < sum.values.size(); ++e)
                    sum.values[e] += part.values[e];
            }
            CHECK(visits == std::vector<std::size_t>(rows, 1));
            CHECK(by_group.values == formed.values);
            CHECK(relative_distance(to_matrix(sum.ref()), to_matrix(whole.ref())) <
                  4 * static_cast<double>(std::numeric_limits<F>::epsilon()));
        }
}

TEST_CASE_TEMPLATE("groups: the objective never rises and is that of the factors", T, float, double)
{
    for (const layout how : {layout::row_major, layout::column_major})
        for (const std::size_t groups : {1U, 2U, 5U, 16U})
        {
            const auto data = unfold_as<T>(noisy, how);
            const auto with = [&](auto update, const auto&... maps)
            {
                return xu::make_solver(data, options(30, groups), update,
                                       xu::on_maps(xu::non_negative{}, maps...),
                                       xu::on_components(xu::non_negative{}));
            };
            auto extrapolated = with(xu::hals{}), plain = with(xu::hals{.extrapolate = false}),
                 exact = with(xu::bpp{}), sparse = with(xu::hals{}, xu::sparse{.weight = 0.1});
            CHECK(extrapolated.groups() == groups);
            CHECK(extrapolated.one_read());
            check_descent(extrapolated);
            check_descent(plain);
            check_descent(exact);
            CHECK(sparse.groups() == groups);
            objectives(sparse);
        }
}

TEST_CASE("groups: fewer iterations to the same answer")
{
    const auto needed = [](std::size_t groups, layout how)
    {
        auto solver = xu::make_solver(
            unfold_as<double>(truth.X, how), options(500, groups), xu::hals{.extrapolate = false},
            xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
        const double enough = 1e-4 * squared_norm(truth.X);
        while (solver.status() == xu::status::running && !(solver.current().objective < enough))
            solver.step();
        return solver.current().number;
    };
    const std::size_t plain = needed(1, layout::row_major), grouped = needed(8, layout::row_major);
    CAPTURE(plain);
    CHECK(5 * grouped < 3 * plain);
}

TEST_CASE("groups: what they lead to fulfils the conditions of a minimum")
{
    auto solver =
        xu::make_solver(unfold_as<double>(noisy), options(600, 4), xu::hals{},
                        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    objectives(solver);
    const matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
    CHECK(kkt_residual(noisy, C, S) < 1e-4);
    CHECK(kkt_residual(transposed(noisy), S, C) < 1e-4);
}

TEST_CASE("groups: the same bits for any number of threads, also beside other solvers")
{
    const auto data = xu::dense(unfold_as<std::uint16_t>(counted(noisy, 200)));
    const auto make = [&](std::size_t threads, std::uint64_t seed, std::size_t groups)
    {
        auto opt = options(8, groups, threads);
        opt.seed = seed;
        return xu::make_solver(data, opt, xu::hals{}, xu::on_maps(xu::non_negative{}),
                               xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    };
    auto one = make(1, 1, 4);
    objectives(one);
    for (const std::size_t threads : {2U, 3U})
    {
        auto more = make(threads, 1, 4);
        objectives(more);
        CHECK(more.state().maps == one.state().maps);
        CHECK(more.state().components == one.state().components);
    }
    std::vector<xu::solver<float>> together;
    together.push_back(make(1, 1, 4));
    together.push_back(make(1, 2, 4));
    together.push_back(make(1, 3, 2));
    xu::batch<float> batch(2);
    for (std::size_t t = 0; t < 8; ++t)
        batch.step(std::span(together));
    CHECK(together[0].state().maps == one.state().maps);
    auto third = make(1, 3, 2);
    objectives(third);
    CHECK(together[2].state().components == third.state().components);
}

TEST_CASE("groups: a state goes on to the last bit")
{
    const auto make = [](std::size_t iterations)
    {
        return xu::make_solver(unfold_as<float>(noisy), options(iterations, 4), xu::hals{},
                               xu::on_maps(xu::non_negative{}),
                               xu::on_components(xu::non_negative{}));
    };
    auto whole = make(12), first = make(5), second = make(12);
    objectives(whole);
    objectives(first);
    std::stringstream file;
    xu::write_state(file, first.state());
    second.resume(xu::read_state<float>(file));
    objectives(second);
    CHECK(second.state().maps == whole.state().maps);
    CHECK(second.state().product == whole.state().product);
}

TEST_CASE("groups: weighted data, and constraints that move scale")
{
    const auto data = xu::poisson_scaled(xu::dense(unfold_as<double>(counted(noisy, 100))));
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto on_components =
            xu::make_solver(unfold_as<double>(noisy, how), options(40, 4), xu::hals{},
                            xu::on_maps(xu::non_negative{}),
                            xu::on_components(xu::non_negative{}, xu::unit_norm{}));
        auto on_maps = xu::make_solver(unfold_as<double>(noisy, how), options(40, 4), xu::bpp{},
                                       xu::on_maps(xu::non_negative{}, xu::unit_norm{}),
                                       xu::on_components(xu::non_negative{}));
        // A norm is one of whole columns: on the swept side it takes a read of its own.
        CHECK(on_components.groups() == (how == layout::row_major ? 4 : 1));
        CHECK(on_maps.groups() == (how == layout::row_major ? 1 : 4));
        check_descent(on_components);
        check_descent(on_maps);
    }
    auto solver = xu::make_solver(data, options(40, 4), xu::hals{}, xu::on_maps(xu::non_negative{}),
                                  xu::on_components(xu::non_negative{}));
    CHECK(solver.groups() == 4);
    const auto all = objectives(solver);
    for (std::size_t t = 1; t < all.size(); ++t)
        CHECK(all[t] <= all[t - 1] * (1 + 1e-12));
    CHECK(solver.current().objective == doctest::Approx(solver.residual()).epsilon(1e-10));
}

TEST_CASE("groups: switched off where they are not allowed, on where they pay")
{
    const auto data = unfold_as<double>(noisy, layout::row_major, {20, 25});
    const auto groups = [&](const auto& x, std::size_t wanted, auto update, const auto& on_maps)
    {
        return xu::make_solver(x, options(1, wanted), update, xu::on_maps(on_maps),
                               xu::on_components(xu::non_negative{}))
            .groups();
    };
    const xu::non_negative plain;
    CHECK(groups(data, 4, xu::hals{}, plain) == 4);
    CHECK(groups(data, 4, xu::bpp{}, plain) == 4);
    CHECK(groups(data, 4, xu::als{}, plain) == 1);                    // clips
    CHECK(groups(data, 4, xu::ard{}, plain) == 1);                    // adapts to whole factors
    CHECK(groups(data, 4, xu::hals{}, xu::smooth{.weight = 1}) == 1); // whole maps
    CHECK(groups(data, 4, xu::hals{}, xu::resolution_limit{.cutoff = 0.2}) == 1);
    CHECK(groups(xu::compressed(xu::dense(data), 4), 4, xu::hals{}, plain) == 1);
    CHECK(groups(data, 0, xu::hals{}, plain) == 1); // 500 rows are too few to pay
    const auto small = unfold_as<float>(random_matrix(8000, 12, 5));
    CHECK(groups(small, 0, xu::hals{}, plain) == 1); // there is nothing to gain
    const auto large = unfold_as<float>(random_matrix(8000, 550, 5));
    CHECK(groups(large, 0, xu::hals{}, plain) == 4);
    CHECK(groups(large, 1, xu::hals{}, plain) == 1);
}
}
