// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <cmath>

#include <xunmix/compare/adjusted_rand.hpp>

namespace adjusted_rand_test
{
using namespace support;
using labels = std::vector<std::size_t>;

TEST_CASE("adjusted_rand_index: the values of scikit-learn")
{
    const auto index = [](const labels& a, const labels& b)
    {
        CHECK(xu::adjusted_rand_index(a, b) == xu::adjusted_rand_index(b, a));
        return xu::adjusted_rand_index(a, b);
    };
    CHECK(index({0, 0, 1, 1}, {7, 7, 2, 2}) == 1);
    CHECK(index({0, 0, 1, 1}, {0, 0, 1, 2}) == doctest::Approx(0.5714285714285714));
    CHECK(index({0, 0, 1, 1}, {5, 3, 5, 3}) == doctest::Approx(-0.5));
    CHECK(index({0, 0, 0, 1, 1, 1, 2, 2}, {0, 0, 1, 1, 1, 2, 2, 2}) ==
          doctest::Approx(0.23809523809523808));
    CHECK(std::isnan(xu::adjusted_rand_index(labels{1, 1, 1}, labels{2, 2, 2})));
}

TEST_CASE("adjusted_rand_index: bad input is refused")
{
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::adjusted_rand_index(labels{1, 2, 3}, labels{1, 2});
              }) ==
          "the Rand index compares two labellings of the same things, two at least, got 3 and 2 "
          "labels");
}
}
