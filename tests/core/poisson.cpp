// SPDX-License-Identifier: BSD-3-Clause
// Poisson counts follow their law, below and above the mean where the method changes.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/core/poisson.hpp>

namespace poisson_test
{
namespace xs = xunmix::simulate;

TEST_CASE("the logarithm of a factorial equals the sum of logarithms")
{
    double sum = 0;
    for (int k = 1; k < 2000; ++k)
    {
        sum += std::log(k);
        CAPTURE(k);
        CHECK(std::abs(xs::detail::log_factorial(k) - sum) < 1e-9);
    }
    CHECK(std::abs(xs::detail::log_factorial(0)) < 1e-9);
}

TEST_CASE("Poisson counts have the mean and the variance they should")
{
    constexpr std::size_t draws = 200000;
    xunmix::random_engine engine(3);
    for (double mean : {0.001, 0.05, 0.7, 3.0, 9.999, 10.0, 17.5, 60.0, 1e3, 5e4, 1e9})
    {
        CAPTURE(mean);
        double sum = 0, squares = 0;
        for (std::size_t i = 0; i < draws; ++i)
        {
            const double off = static_cast<double>(xs::poisson(engine, mean)) - mean;
            sum += off;
            squares += off * off;
        }
        const double n = draws;
        CHECK(std::abs(sum / n) < 5 * std::sqrt(mean / n));
        // the variance of (x - mean)^2 is mean + 2 mean^2
        CHECK(std::abs(squares / n - mean) < 5 * std::sqrt((mean + 2 * mean * mean) / n));
    }
}

TEST_CASE("Poisson counts are distributed as mean^k exp(-mean) / k!")
{
    constexpr std::size_t draws = 200000;
    xunmix::random_engine engine(4);
    for (double mean : {0.3, 4.0, 9.9, 10.1, 25.0})
    {
        std::vector<std::size_t> seen(200, 0);
        for (std::size_t i = 0; i < draws; ++i)
            ++seen.at(xs::poisson(engine, mean));
        double chi_square = 0;
        int cells = 0;
        double probability = std::exp(-mean);
        for (std::size_t k = 0; k < seen.size(); ++k)
        {
            const double expected = probability * draws;
            if (expected > 20)
            {
                const double off = static_cast<double>(seen[k]) - expected;
                chi_square += off * off / expected;
                ++cells;
            }
            probability *= mean / static_cast<double>(k + 1);
        }
        CAPTURE(mean);
        CHECK(cells >= 3);
        CHECK(chi_square < cells + 5 * std::sqrt(2.0 * cells));
    }
}

TEST_CASE("a mean of zero never counts, and equal engines count alike")
{
    xunmix::random_engine a(9), b(9);
    for (int i = 0; i < 1000; ++i)
    {
        CHECK(xs::poisson(a, 0) == 0);
        xs::poisson(b, 0);
        CHECK(xs::poisson(a, 0.1 * i) == xs::poisson(b, 0.1 * i));
    }
}
}
