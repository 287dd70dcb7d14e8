// SPDX-License-Identifier: BSD-3-Clause
// What must not matter does not: threads, reads, layouts, number types, other solvers at work.
#include "../support.hpp"

#include <thread>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace agreement_test
{
using namespace support;

namespace
{
xu::tensor<bool> keep_most(std::size_t count)
{
    auto keep = xu::tensor<bool>::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        keep(i) = i % 11 != 4 && (i < 100 || i > 140);
    return keep;
}

struct factors
{
    matrix maps, components;
    double objective = 0;
    bool one_read = false;
};

template <class Solver>
factors after(std::size_t iterations, Solver solver)
{
    for (std::size_t t = 0; t < iterations; ++t)
        solver.step();
    const auto it = solver.current();
    return {to_matrix(it.maps), to_matrix(it.components), it.objective, solver.one_read()};
}

void check_same_bits(const factors& a, const factors& b)
{
    CHECK(a.maps.values == b.maps.values);
    CHECK(a.components.values == b.components.values);
    CHECK(a.objective == b.objective);
}

void check_close(const factors& a, const factors& b, double tolerance)
{
    CHECK(relative_distance(a.maps, b.maps) < tolerance);
    CHECK(relative_distance(a.components, b.components) < tolerance);
}

/// Not row-separable, and nothing else: forces two reads.
struct needs_everything
{
    void project(auto f) const
    {
        REQUIRE(f.is_whole());
    }
    void prox_column(auto f, std::size_t, auto) const
    {
        REQUIRE(f.is_whole());
    }
};
}

TEST_CASE_TEMPLATE("agreement: any number of threads gives the same bits", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    const matrix X = counted(random_matrix(1100, 190, 1), 1000);
    const auto run = [&]<class T>(layout how, std::size_t threads, T)
    {
        const auto x =
            unfold_as<T>(X, how).mask_positions(keep_most(X.rows)).mask_channels(keep_most(X.cols));
        return after(4, xu::make_solver(x, {.rank = 5, .tolerance = 0, .threads = threads}, U{},
                                        xu::on_maps(xu::non_negative{}),
                                        xu::on_components(xu::non_negative{}, xu::unit_norm{})));
    };
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const factors a = run(how, 1, float{}), b = run(how, 1, std::uint16_t{});
        for (const std::size_t threads : {2U, 3U})
        {
            check_same_bits(run(how, threads, float{}), a);
            check_same_bits(run(how, threads, std::uint16_t{}), b);
        }
    }
}

TEST_CASE_TEMPLATE("agreement: one read of X gives what two reads give", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    const matrix X = random_matrix(300, 90, 2);
    const auto run = [&](layout how, const auto&... constraints)
    {
        return after(50, xu::make_solver(unfold_as<double>(X, how),
                                         {.rank = 4, .tolerance = 0, .threads = 2}, U{},
                                         xu::on_maps(xu::non_negative{}, constraints...),
                                         xu::on_components(xu::non_negative{}, constraints...)));
    };
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const factors one = run(how), two = run(how, needs_everything{});
        CHECK(one.one_read);
        CHECK_FALSE(two.one_read);
        check_close(two, one, 1e-10);
        CHECK(two.objective == doctest::Approx(one.objective).epsilon(1e-10));
    }
}

TEST_CASE("agreement: only the swept side's constraints decide the number of reads")
{
    const auto reads_once = [](layout how, const auto&... constraints)
    {
        return xu::make_solver(unfold_as<float>(random_matrix(9, 8, 1), how),
                               {.rank = 2, .threads = 1}, xu::hals{}, constraints...)
            .one_read();
    };
    const auto on_maps = xu::on_maps(needs_everything{});
    const auto on_components = xu::on_components(needs_everything{});
    CHECK_FALSE(reads_once(layout::row_major, on_maps));
    CHECK(reads_once(layout::row_major, on_components));
    CHECK(reads_once(layout::column_major, on_maps));
    CHECK_FALSE(reads_once(layout::column_major, on_components));
}

TEST_CASE_TEMPLATE("agreement: layouts and number types give the same factors", U, xu::als,
                   xu::hals, xu::multiplicative, xu::bpp)
{
    const matrix X = counted(random_matrix(150, 70, 3), 250);
    const xu::given start{.maps = to_tensor(random_matrix(150, 4, 4)),
                          .components = to_tensor(random_matrix(70, 4, 5, 0, 100))};
    const auto run = [&]<class T>(layout how, T)
    {
        return after(10, xu::make_solver(unfold_as<T>(X, how), {.rank = 4, .threads = 1}, U{},
                                         start, xu::on_maps(xu::non_negative{}),
                                         xu::on_components(xu::non_negative{}, xu::unit_norm{})));
    };
    const factors reference = run(layout::row_major, double{});
    check_close(run(layout::column_major, double{}), reference, 1e-10);
    const factors in_float = run(layout::row_major, float{});
    check_close(in_float, reference, 1e-3);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const factors same_layout = how == layout::row_major ? in_float : run(how, float{});
        check_close(same_layout, reference, 1e-3);
        check_same_bits(run(how, std::uint8_t{}), same_layout);
        check_same_bits(run(how, std::uint32_t{}), same_layout);
    }
}

TEST_CASE("agreement: solvers in two threads share one matrix and do as they do alone")
{
    const xu::dense x(unfold_as<float>(random_matrix(400, 120, 6)), 1);
    const auto run = [&x](std::uint64_t seed)
    {
        return after(20, xu::make_solver(x, {.rank = 4, .tolerance = 0, .seed = seed, .threads = 1},
                                         xu::hals{}, xu::on_maps(xu::non_negative{}),
                                         xu::on_components(xu::non_negative{})));
    };
    const std::vector<factors> alone{run(1), run(2)};
    std::vector<factors> together(2);
    {
        std::jthread first([&] { together[0] = run(1); });
        std::jthread second([&] { together[1] = run(2); });
    }
    check_same_bits(together[0], alone[0]);
    check_same_bits(together[1], alone[1]);
}
}
