// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/xtensor.hpp>

namespace fixed_test
{
using namespace support;

namespace
{
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A factor of twelve rows (an image of 3 x 4) and 3 columns, projected.
template <class T>
matrix projected(const xu::fixed& constraint, const matrix& f)
{
    owned_factor<T> out(f, xu::grid{{3, 4}, {}});
    constraint.validate(out.places, out.rank);
    constraint.project(out.ref());
    return to_matrix(out.view());
}

const matrix start = random_matrix(12, 3, 31, 5, 6);
}

TEST_CASE_TEMPLATE("fixed: whole columns stay, the others are free", T, float, double)
{
    const matrix known = random_matrix(12, 2, 32);
    const matrix f = projected<T>(xu::fixed(to_tensor(known, {3, 4})), start);
    for (std::size_t i = 0; i < 12; ++i)
    {
        CHECK(f(i, 0) == static_cast<double>(static_cast<T>(known(i, 0))));
        CHECK(f(i, 1) == static_cast<double>(static_cast<T>(known(i, 1))));
        CHECK(f(i, 2) == static_cast<double>(static_cast<T>(start(i, 2))));
    }
}

TEST_CASE("fixed: entries that are NaN are free")
{
    matrix known(12, 3, unknown);
    known(2, 0) = 1;
    known(7, 2) = -3;
    const matrix f = projected<double>(xu::fixed(to_tensor(known, {3, 4})), start);
    for (std::size_t i = 0; i < 12; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(f(i, j) == (std::isnan(known(i, j)) ? start(i, j) : known(i, j)));
}

TEST_CASE("fixed: flags say which entries are known")
{
    const auto values = to_tensor(random_matrix(12, 2, 33), {3, 4});
    auto where = xu::tensor<bool>::from_shape({2, 3, 4});
    for (std::size_t e = 0; e < where.size(); ++e)
        where.data()[e] = e % 3 == 0;
    const matrix f = projected<double>(xu::fixed(values, where), start);
    for (std::size_t j = 0; j < 2; ++j)
        for (std::size_t i = 0; i < 12; ++i)
            CHECK(f(i, j) == ((j * 12 + i) % 3 == 0 ? values.data()[j * 12 + i] : start(i, j)));
}

TEST_CASE("fixed: takes integers, other layouts and expressions, and keeps a copy")
{
    auto whole_numbers = xu::tensor<std::uint16_t>::from_shape({1, 3, 4});
    std::iota(whole_numbers.begin(), whole_numbers.end(), std::uint16_t{65520});
    const xu::fixed constraint(whole_numbers);
    xt::xarray<double, xt::layout_type::column_major> column_major = whole_numbers;
    const xu::fixed same(column_major), same_again(whole_numbers * 1.0);
    whole_numbers.fill(0);
    const matrix f = projected<double>(constraint, start);
    for (std::size_t i = 0; i < 12; ++i)
        CHECK(f(i, 0) == 65520.0 + static_cast<double>(i));
    CHECK(projected<double>(same, start).values == f.values);
    CHECK(projected<double>(same_again, start).values == f.values);
}

TEST_CASE("fixed: a block of rows finds its place in the whole")
{
    const matrix known = random_matrix(12, 1, 34);
    owned_factor<double> f(start, xu::grid{{3, 4}, {}});
    const xu::fixed constraint(to_tensor(known, {3, 4}));
    constraint.prox_column(f.ref().block(5, 2), 0, 1.0);
    for (std::size_t i = 0; i < 12; ++i)
        CHECK(f.ref()(i, 0) == (i == 5 || i == 6 ? known(i, 0) : start(i, 0)));
}

TEST_CASE("fixed: shapes that do not fit are refused")
{
    const auto validate = [](const xu::fixed& c) { c.validate(xu::grid{{3, 4}, {}}, 3); };
    const auto tensor = [](std::vector<std::size_t> shape) -> xu::tensor<double>
    {
        auto out = xu::tensor<double>::from_shape(shape);
        out.fill(1);
        return out;
    };
    CHECK(message_of<xu::invalid_argument>([&] { xu::fixed{tensor({5})}; }) ==
          "fixed needs values of shape (c, places...), got (5)");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  validate(xu::fixed(tensor({2, 12})));
              }) == "fixed needs values of shape (c, 3, 4) with 1 <= c <= 3, got (2, 12)");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  validate(xu::fixed(tensor({4, 3, 4})));
              }) == "fixed needs values of shape (c, 3, 4) with 1 <= c <= 3, got (4, 3, 4)");
    CHECK_THROWS_AS(validate(xu::fixed(tensor({2, 4, 3}))), xu::invalid_argument);
    CHECK_THROWS_AS(validate(xu::fixed(tensor({0, 3, 4}))), xu::invalid_argument);
    CHECK_NOTHROW(validate(xu::fixed(tensor({3, 3, 4}))));
    const auto flags = xu::tensor<bool>::from_shape({2, 3});
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::fixed(tensor({2, 4}), flags);
              }) == "fixed needs values and flags of one shape, got (2, 4) and (2, 3)");
}
}
