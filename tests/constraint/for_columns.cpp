// SPDX-License-Identifier: BSD-3-Clause
// A constraint for some columns: it does to them what it does to a factor of these columns alone,
// and nothing to the others.
#include "../support.hpp"

#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/for_columns.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/check_constraint.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace for_columns_test
{
using namespace support;

namespace
{
static_assert(xu::check_constraint<xu::for_columns<xu::smooth>, float>());
static_assert(xu::check_constraint<xu::for_columns<xu::fixed>, double>());

constexpr std::size_t rows = 12, rank = 4, first = 1, count = 2;
const xu::grid places{{3, 4}, {}};

matrix some_columns(const matrix& f)
{
    matrix out(f.rows, count);
    for (std::size_t i = 0; i < f.rows; ++i)
        for (std::size_t j = 0; j < count; ++j)
            out(i, j) = f(i, first + j);
    return out;
}

/// Calls act(constraint, factor) for the columns of a wrapped constraint and for a factor that has
/// these columns only; whether the same became of them, and nothing of the others.
template <class C, class Act>
bool same(const C& c, Act act)
{
    const matrix start = random_matrix(rows, rank, 3, -1, 2);
    owned_factor<double> whole(start, places), part(some_columns(start), places);
    act(xu::for_columns({.first = first, .count = count}, c), whole, first);
    act(c, part, std::size_t{0});
    const matrix after = to_matrix(whole.ref());
    bool out = some_columns(after).values == to_matrix(part.ref()).values;
    for (std::size_t i = 0; i < rows; ++i)
        for (const std::size_t j : {std::size_t{0}, rank - 1})
            out = out && after(i, j) == start(i, j);
    return out;
}

const auto projects = [](const auto& c, auto& f, std::size_t) { xu::project(c, f.ref()); };
const auto moves_columns = [](const auto& c, auto& f, std::size_t from)
{
    for (std::size_t j = 0; j < count; ++j)
        xu::prox_column(c, f.ref(), from + j, 0.3);
};
}

TEST_CASE("for_columns: projections and proximal steps move the named columns only")
{
    CHECK(same(xu::non_negative{}, projects));
    CHECK(same(xu::sum_to_one{}, projects)); // couples the columns that it holds for
    CHECK(same(xu::fixed(to_tensor(random_matrix(rows, count, 9), {3, 4})), projects));
    CHECK(same(xu::decaying{.component = 1}, projects));
    CHECK(same(xu::non_negative{}, moves_columns));
    CHECK(same(xu::sparse{.weight = 0.7}, moves_columns));
    CHECK(same(xu::ridge{.weight = 0.7}, moves_columns));
    const auto leaves_others = [](const auto& c, auto& f, std::size_t from)
    {
        if (from == first)
            for (const std::size_t j : {std::size_t{0}, rank - 1})
                xu::prox_column(c, f.ref(), j, 0.3);
    };
    CHECK(same(xu::sparse{.weight = 0.7}, leaves_others));
}

TEST_CASE("for_columns: values and terms are those of the named columns")
{
    const matrix f = random_matrix(rows, rank, 5, -1, 1);
    owned_factor<double> whole(f, places), part(some_columns(f), places);
    const xu::smooth c{.weight = 0.3};
    const xu::for_columns some({.first = first, .count = count}, c);
    CHECK(some.value(whole.view()) == c.value(part.view()));

    // The gradient of value / 2, by the bound's terms and by differences of the value.
    matrix gram(rank, rank);
    some.add_to_gram({gram.values.data(), rank}, places);
    owned_factor<double> rhs(matrix(rows, rank), places);
    some.add_to_rhs(rhs.ref(), whole.view());
    for (std::size_t j = 0; j < rank; ++j)
        for (std::size_t i = 0; i < rows; ++i)
        {
            double gradient = -rhs.ref()(i, j);
            for (std::size_t l = 0; l < rank; ++l)
                gradient += f(i, l) * gram(l, j);
            matrix up = f, down = f;
            up(i, j) += 1e-5;
            down(i, j) -= 1e-5;
            const double slope = (some.value(owned_factor<double>(up, places).view()) -
                                  some.value(owned_factor<double>(down, places).view())) /
                                 2e-5;
            CHECK(gradient == doctest::Approx(slope / 2).epsilon(1e-6));
        }
    owned_factor<double> plus(matrix(rows, rank), places), minus(matrix(rows, rank), places);
    some.split_gradient(whole.view(), plus.ref(), minus.ref());
    for (std::size_t i = 0; i < rows; ++i)
        CHECK(plus.ref()(i, 0) + minus.ref()(i, rank - 1) == 0);
}

TEST_CASE("for_columns: scale moves from the named columns only")
{
    const matrix f = random_matrix(rows, rank, 6);
    owned_factor<double> whole(f, places);
    std::vector<double> scale(rank, -1);
    const xu::for_columns some({.first = first, .count = count}, xu::unit_norm{});
    some.normalize(whole.ref(), scale);
    for (std::size_t j = 0; j < rank; ++j)
    {
        const auto column = whole.ref().column(j);
        const double norm =
            std::sqrt(std::inner_product(column.begin(), column.end(), column.begin(), 0.0));
        const bool named = j >= first && j < first + count;
        CHECK((scale[j] == 1) == !named);
        for (std::size_t i = 0; i < rows; ++i)
            CHECK(column[i] * scale[j] == doctest::Approx(f(i, j)).epsilon(1e-12));
        if (named)
            CHECK(norm == doctest::Approx(1).epsilon(1e-12));
    }
}

TEST_CASE_TEMPLATE("for_columns: the objective never rises, and smooth columns are smoother", U,
                   xu::hals, xu::bpp, xu::multiplicative)
{
    const matrix X = random_matrix(48, 20, 8);
    const auto with = [&](const auto&... on_components)
    {
        return xu::make_solver(
            unfold_as<double>(X, layout::row_major, {6, 8}),
            {.rank = 3, .max_iterations = 40, .tolerance = 0, .scale = xu::scaling::none}, U{},
            xu::on_maps(xu::non_negative{},
                        xu::for_columns({.first = 1}, xu::smooth{.weight = 20})),
            xu::on_components(xu::non_negative{}, on_components...));
    };
    auto descending = with();
    double last = std::numeric_limits<double>::infinity();
    while (descending.status() == xu::status::running)
    {
        descending.step();
        CHECK(descending.current().objective <= last * (1 + 1e-12));
        last = descending.current().objective;
    }

    auto held = with(xu::unit_norm{});
    while (held.status() == xu::status::running)
        held.step();
    const auto roughness = [&](std::size_t j)
    {
        const auto map = held.current().maps.columns_from(j, 1);
        const auto column = map.column(0);
        return xu::smooth{.weight = 1}.value(map) /
               std::inner_product(column.begin(), column.end(), column.begin(), 0.0);
    };
    CHECK(roughness(1) < 0.5 * roughness(0));
    CHECK(roughness(1) < 0.5 * roughness(2));
}

TEST_CASE("for_columns: all columns of it is the constraint itself, to the last bit")
{
    const matrix X = random_matrix(48, 20, 8);
    const auto run = [&](const auto& c, auto update)
    {
        // Not the result, whose columns for_columns keeps in their order.
        auto solver = xu::make_solver(unfold_as<double>(X, layout::row_major, {6, 8}),
                                      {.rank = 3, .max_iterations = 15, .tolerance = 0}, update,
                                      xu::on_maps(c));
        while (solver.status() == xu::status::running)
            solver.step();
        return std::pair(solver.state().maps, solver.state().components);
    };
    const auto equal = [&](const auto& c, auto update)
    { return run(c, update) == run(xu::for_columns({.first = 0, .count = 3}, c), update); };
    CHECK(equal(xu::non_negative{}, xu::hals{}));
    CHECK(equal(xu::smooth{.weight = 0.5}, xu::hals{}));
    CHECK(equal(xu::sparse{.weight = 0.5}, xu::hals{}));
    CHECK(equal(xu::ridge{.weight = 0.5}, xu::bpp{}));
    CHECK(equal(xu::smooth{.weight = 0.5}, xu::multiplicative{}));
    CHECK(equal(xu::sum_to_one{}, xu::als{}));
}

TEST_CASE("for_columns: columns that are not there are refused, and what the constraint refuses")
{
    const auto refused = [](const auto& c)
    {
        return message_of<xu::invalid_argument>(
            [&]
            {
                xu::make_solver(unfold_as<double>(random_matrix(9, 8, 1)), {.rank = 3}, xu::hals{},
                                xu::on_maps(c));
            });
    };
    CHECK(refused(xu::for_columns({.first = 3}, xu::non_negative{})) ==
          "for_columns needs columns that the factor has, 0 to 2, got 1 from 3 on");
    CHECK(refused(xu::for_columns({.first = 2, .count = 2}, xu::non_negative{})) ==
          "for_columns needs columns that the factor has, 0 to 2, got 2 from 2 on");
    CHECK(refused(xu::for_columns({.first = 0, .count = 0}, xu::non_negative{})) ==
          "for_columns needs columns that the factor has, 0 to 2, got 0 from 0 on");
    CHECK(refused(xu::for_columns({.first = 1}, xu::sparse{.weight = -1})).find("sparse") !=
          std::string::npos);
    CHECK(refused(xu::for_columns({.first = 2}, xu::non_negative{})) == "no exception");
}
}
