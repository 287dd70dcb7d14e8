// SPDX-License-Identifier: BSD-3-Clause
// A factor with memory of its own, and its views.
#include "../support.hpp"

#include <limits>

#include <xunmix/model/best_of.hpp>

namespace factor_test
{
using namespace support;

namespace
{
/// Entry (i, j) is 10 i + j.
xu::factor<double> numbered(std::size_t rows, std::size_t rank)
{
    xu::factor<double> f(rows, rank);
    for (std::size_t j = 0; j < rank; ++j)
        for (std::size_t i = 0; i < rows; ++i)
            f(i, j) = static_cast<double>(10 * i + j);
    return f;
}
}

TEST_CASE("factor: begins with zeros, and a view is the same numbers")
{
    xu::factor<float> f(3, 2);
    CHECK(f.rows() == 3);
    CHECK(f.rank() == 2);
    CHECK(f.values() == std::vector<float>(6, 0.0F));
    f.view()(2, 1) = 4;
    CHECK(f(2, 1) == 4);
    CHECK(f.values()[5] == 4);
    const xu::grid places{{3}};
    CHECK(f.view(&places).places() == &places);
    CHECK(f.view().is_whole());
}

TEST_CASE("factor: numbers make as many columns as they fill, a copy is on its own")
{
    const xu::factor<int> f({1, 2, 3, 4, 5, 6}, 2);
    CHECK(f.rank() == 3);
    CHECK(f(1, 2) == 6);
    xu::factor<int> copy(f.view().block(1, 1));
    CHECK(copy.rows() == 1);
    CHECK(copy.values() == std::vector<int>{2, 4, 6});
    copy(0, 0) = 9;
    CHECK(f(1, 0) == 2);
    CHECK(xu::factor<int>({}, 0).rank() == 0);
}

TEST_CASE("factor: columns are appended, kept and reordered")
{
    auto f = numbered(4, 3);
    f.append(numbered(4, 2).view());
    CHECK(f.rank() == 5);
    f.keep_columns({4, 0, 2});
    CHECK(f.rank() == 3);
    CHECK(f.rows() == 4);
    CHECK(f(3, 0) == 31);
    CHECK(f(3, 1) == 30);
    CHECK(f(3, 2) == 32);
    f.keep_columns({});
    CHECK(f.rank() == 0);
    xu::factor<double> empty;
    empty.append(numbered(2, 1).view());
    CHECK(empty.rows() == 2);
    CHECK(empty(1, 0) == 10);
}

TEST_CASE("factor: the first columns are kept, equal are those of the same numbers and shape")
{
    const auto all = numbered(4, 3);
    auto some = all;
    CHECK(some == all);
    some.keep_first(2);
    CHECK(some != all);
    CHECK((some.rows() == 4 && some.rank() == 2));
    CHECK(some == xu::factor<double>(all.view().columns_from(0, 2)));
    CHECK(some.column(1)[3] == all.column(1)[3]);
    CHECK(xu::factor<double>(6, 2) != xu::factor<double>(4, 3));
    CHECK_FALSE(some.empty());
    some.keep_first(0);
    CHECK(some.empty());
    CHECK(xu::factor<double>().empty());
}

TEST_CASE("best_of: the least objective in whatever order starts end, of equals the earlier")
{
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    const std::vector<double> objectives{nan, 3, 1, infinity, 1, 2};
    std::vector<std::size_t> order{0, 1, 2, 3, 4, 5};
    do
    {
        xu::best_of best;
        for (const std::size_t start : order)
            best.offer(objectives[start], start);
        CHECK(best.start() == 2);
        CHECK(best.is_finite());
    } while (std::next_permutation(order.begin(), order.end()));
    xu::best_of none;
    CHECK_FALSE(none.is_finite());
    CHECK(none.offer(nan, 3));
    CHECK_FALSE(none.is_finite());
    CHECK_FALSE(none.offer(infinity, 1));
    CHECK(none.start() == 3);
}
}
