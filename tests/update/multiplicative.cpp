// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace multiplicative_test
{
using namespace support;

namespace
{
/// Lee & Seung's rule entry by entry, with penalties, and scikit-learn's stand-in for zero.
matrix step(const matrix& X, const matrix& F, const matrix& O, const problem& p)
{
    const matrix rhs = X * O, FG = F * (transposed(O) * O);
    matrix out = F;
    for (std::size_t e = 0; e < F.values.size(); ++e)
    {
        const double down = FG.values[e] + p.ridge * F.values[e] + p.l1;
        out.values[e] *= rhs.values[e] / (down == 0 ? 1.1920928955078125e-7 : down);
        out.values[e] = std::clamp(out.values[e], p.lower, p.upper);
    }
    return out;
}

struct start
{
    matrix X, C, S;
};

start random_start()
{
    start s{random_matrix(31, 24, 1), random_matrix(31, 4, 2), random_matrix(24, 4, 3)};
    for (std::size_t c = 0; c < 24; ++c)
        s.X(5, c) = 0; // a dark position
    for (std::size_t i = 0; i < 31; ++i)
        s.X(i, 7) = 0; // a dead channel
    s.C(2, 1) = s.S(4, 0) = 0;
    return s;
}

/// The library beside the naive rule for 60 iterations.
template <class... Constraints>
void check_follows(start s, const problem& maps, const problem& components, layout how,
                   const Constraints&... constraints)
{
    auto solver = xu::make_solver(
        unfold_as<double>(s.X, how),
        {.rank = 4, .max_iterations = 60, .tolerance = 0, .threads = 1}, xu::multiplicative{},
        xu::given{.maps = to_tensor(s.C), .components = to_tensor(s.S)}, constraints...);
    for (double& x : s.C.values)
        x = std::clamp(x, maps.lower, maps.upper);
    for (int t = 0; t < 60; ++t)
    {
        solver.step();
        s.C = step(s.X, s.C, s.S, maps);
        s.S = step(transposed(s.X), s.S, s.C, components);
    }
    const auto it = solver.current();
    CHECK(relative_distance(to_matrix(it.maps), s.C) < 1e-10);
    CHECK(relative_distance(to_matrix(it.components), s.S) < 1e-10);
    if (maps.lower == 0)
        CHECK((it.maps(2, 1) == 0 && it.maps(5, 0) == 0)); // a zero stays, a dark position fades
    CHECK((it.components(4, 0) == 0 && it.components(7, 2) == 0));
}
}

TEST_CASE("multiplicative: follows Lee and Seung's rule")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        check_follows(random_start(), {}, {}, how);
        check_follows(random_start(), {}, {}, how, xu::on_maps(xu::non_negative{}),
                      xu::on_components(xu::non_negative{}));
    }
}

TEST_CASE("multiplicative: penalties and bounds enter where the rule has them")
{
    for (const layout how : {layout::row_major, layout::column_major})
    {
        check_follows(random_start(), {.l1 = 0.2}, {.ridge = 0.7}, how,
                      xu::on_maps(xu::sparse{.weight = 0.2}),
                      xu::on_components(xu::ridge{.weight = 0.7}));
        check_follows(random_start(), {.upper = 0.6}, {.l1 = 0.1, .ridge = 0.3}, how,
                      xu::on_maps(xu::bounded{.upper = 0.6}),
                      xu::on_components(xu::sparse{.weight = 0.1}, xu::ridge{.weight = 0.3}));
    }
    check_follows(random_start(), {.lower = 0.2, .upper = 0.9}, {}, layout::row_major,
                  xu::on_maps(xu::bounded{.lower = 0.2, .upper = 0.9}));
}

TEST_CASE("multiplicative: a projection of the whole factor sees the whole factor")
{
    // Not row-separable: the second half of the rows becomes the first. Two reads, no blocks.
    const auto repeat_first_half = [](xu::factor_ref<double> f)
    {
        REQUIRE(f.is_whole());
        for (auto column : f.columns())
            std::copy_n(column.begin(), column.size() / 2,
                        column.end() - static_cast<std::ptrdiff_t>(column.size() / 2));
    };
    const matrix X = random_matrix(150, 24, 9);
    auto solver = xu::make_solver(unfold_as<double>(X), {.rank = 3, .threads = 1},
                                  xu::multiplicative{}, xu::on_maps(repeat_first_half));
    CHECK_FALSE(solver.one_read());
    matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
    for (int t = 0; t < 5; ++t)
    {
        solver.step();
        C = step(X, C, S, {});
        for (std::size_t i = 0; i < 75; ++i)
            for (std::size_t j = 0; j < 3; ++j)
                C(75 + i, j) = C(i, j);
        S = step(transposed(X), S, C, {});
    }
    CHECK(relative_distance(to_matrix(solver.current().maps), C) < 1e-12);
    CHECK(relative_distance(to_matrix(solver.current().components), S) < 1e-12);
}

TEST_CASE("multiplicative: what is negative is refused before any work")
{
    const auto refusal = [](const matrix& X, const auto&... args)
    {
        return message_of<xu::error>(
            [&] {
                xu::factorize(unfold_as<float>(X), {.rank = 2, .threads = 1}, xu::multiplicative{},
                              args...);
            });
    };
    matrix X = random_matrix(6, 5, 1);
    const matrix C = random_matrix(6, 2, 2, -1, 0);
    CHECK(refusal(X, xu::given{.maps = to_tensor(C)}) ==
          "multiplicative updates need factors >= 0 to start from: the maps hold 12 negative "
          "values; add non_negative, or use hals or als");
    CHECK(refusal(X, xu::on_components(xu::bounded{.lower = -2, .upper = -1})) ==
          "multiplicative updates need factors >= 0 to start from: the components hold 10 negative "
          "values; add non_negative, or use hals or als");
    X(3, 4) = -2.5;
    X(0, 1) = -1;
    CHECK(refusal(X) == "multiplicative updates need X >= 0: it holds 2 negative values, the "
                        "smallest -2.5; clip them with unfold(...).clipped(0), or use hals or als");
    const auto clipped = unfold_as<float>(X).clipped(0);
    CHECK_NOTHROW(xu::factorize(clipped, {.rank = 2, .max_iterations = 2, .threads = 1},
                                xu::multiplicative{}));
}
}
