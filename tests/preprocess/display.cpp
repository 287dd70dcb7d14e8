// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/preprocess/display.hpp>

namespace display_test
{
using namespace support;

TEST_CASE("display: logarithms and square roots for the eye")
{
    auto x = xu::tensor<std::uint16_t>::from_shape({2, 2});
    x.data()[0] = 0, x.data()[1] = 1, x.data()[2] = 10, x.data()[3] = 1000;
    const auto log = xu::display_log(x), floored = xu::display_log(x, 10),
               root = xu::display_sqrt(x);
    CHECK((log.dimension() == 2 && log.shape()[0] == 2 && log.shape()[1] == 2));
    CHECK((log.data()[0] == 0 && log.data()[2] == 1 && log.data()[3] == doctest::Approx(3)));
    CHECK((floored.data()[0] == 1 && floored.data()[3] == doctest::Approx(3)));
    CHECK(root.data()[1] == doctest::Approx(2 * std::sqrt(1.375)));
    auto y = xu::tensor<double>::from_shape({3});
    y.data()[0] = std::nan(""), y.data()[1] = -5, y.data()[2] = 0.01;
    CHECK(std::isnan(xu::display_log(y).data()[0]));
    CHECK(xu::display_log(y).data()[1] == doctest::Approx(-2));
    CHECK(xu::display_sqrt(y).data()[1] == 0);
    y.fill(0);
    CHECK(xu::display_log(y).data()[2] == 0);
    CHECK(message_of<xu::invalid_argument>([&] { xu::display_log(y, -1); }) ==
          "the least value to take a logarithm of must be above 0, or 0 for the smallest there is, "
          "got -1");
}

TEST_CASE("display: the square root evens out counting noise")
{
    xu::random_engine engine(4);
    for (const double mean : {5.0, 20.0, 200.0})
    {
        auto x = xu::tensor<double>::from_shape({20000});
        for (double& v : x)
            v = static_cast<double>(xu::simulate::poisson(engine, mean));
        double sum = 0, squares = 0;
        for (const double v : xu::display_sqrt(x))
            sum += v, squares += v * v;
        CHECK(squares / 20000 - sum * sum / 4e8 == doctest::Approx(1).epsilon(0.06));
    }
}
}
