// SPDX-License-Identifier: BSD-3-Clause
// Random numbers for factors: the same whatever part of a factor is here, on however many threads.
#include "../support.hpp"

#include <bit>
#include <cmath>
#include <set>

#include <xunmix/core/random.hpp>
#include <xunmix/model/draw.hpp>

namespace draw_test
{
using namespace support;

namespace
{
constexpr std::size_t block = xu::rows_drawn_together;
/// Some blocks and a piece of one more.
constexpr std::size_t many = 3 * block + 217;

template <class T>
xu::factor<T> uniform(std::size_t rows, std::size_t rank, std::uint64_t key,
                      std::size_t threads = 1)
{
    xu::factor<T> f(rows, rank);
    xu::fill_uniform(f.view(), key, threads);
    return f;
}

/// Mean of (x - centre)^power over all entries.
double moment(const xu::factor<double>& f, double centre, int power)
{
    double sum = 0;
    for (const double x : f.values())
        sum += std::pow(x - centre, power);
    return sum / static_cast<double>(f.values().size());
}

/// Mean of the products of entries `apart` rows and `beside` columns from each other, both less
/// their mean of 1/2.
double covariance(const xu::factor<double>& f, std::size_t apart, std::size_t beside)
{
    double sum = 0;
    const std::size_t rows = f.rows() - apart, columns = f.rank() - beside;
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i)
            sum += (f(i, j) - 0.5) * (f(i + apart, j + beside) - 0.5);
    return sum / static_cast<double>(rows * columns);
}
}

TEST_CASE("mixed: other keys and other indices give other numbers, half of whose bits differ")
{
    std::set<std::uint64_t> seen;
    double differing = 0;
    for (std::uint64_t key = 0; key < 50; ++key)
        for (std::uint64_t index = 0; index < 50; ++index)
        {
            seen.insert(xu::mixed(key, index));
            differing += std::popcount(xu::mixed(key, index) ^ xu::mixed(key, index + 1));
            differing += std::popcount(xu::mixed(key, index) ^ xu::mixed(key + 1, index));
        }
    CHECK(seen.size() == 2500);
    CHECK(differing / 5000 == doctest::Approx(32).epsilon(0.01));
    // SplitMix64 from 1234567 on, as published with it.
    CHECK(xu::mixed(1234567, 0) == 6457827717110365317U);
    CHECK(xu::mixed(1234567, 1) == 3203168211198807973U);
}

TEST_CASE_TEMPLATE("draw: the same numbers on any number of threads", T, float, double)
{
    const auto one = uniform<T>(many, 3, 7);
    for (const std::size_t threads : {2U, 3U, 8U})
        CHECK(uniform<T>(many, 3, 7, threads).values() == one.values());
    CHECK(uniform<T>(0, 3, 7).values().empty());
    CHECK(uniform<T>(5, 0, 7).values().empty());
}

TEST_CASE("draw: some rows get what they get in the whole factor, wherever it is cut")
{
    constexpr std::size_t rank = 3;
    xu::factor<double> whole(many, rank);
    xu::fill_normal(whole.view(), 5, 2);
    std::vector<std::size_t> cuts{0,         1,         100,      block - 1, block,
                                  block + 1, 2 * block, many - 1, many};
    for (const std::size_t first : cuts)
        for (const std::size_t last : cuts)
        {
            if (last <= first)
                continue;
            CAPTURE(first);
            CAPTURE(last);
            xu::factor<double> some(last - first, rank);
            xu::fill_normal(xu::factor_ref<double>(&some(0, 0), last - first, rank, last - first,
                                                   nullptr, first),
                            5, 3);
            CHECK(some.values() ==
                  xu::factor<double>(whole.view().block(first, last - first)).values());
        }
    // A longer factor begins as a shorter one does.
    const auto longer = uniform<double>(many + 2 * block, rank, 9);
    CHECK(xu::factor<double>(longer.view().block(0, many)).values() ==
          uniform<double>(many, rank, 9).values());
}

TEST_CASE("draw: a view of some rows leaves the others alone, masked rows become zero")
{
    constexpr std::size_t first = block - 10, count = 30;
    xu::grid places{{many}};
    places.keep.assign(many, 1);
    for (std::size_t i = 0; i < many; i += 4)
        places.keep[i] = 0;
    xu::factor<float> f({std::vector<float>(2 * many, -1)}, many);
    xu::fill_uniform(f.view(&places).block(first, count), 3);
    const auto plain = uniform<float>(many, 2, 3);
    for (std::size_t j = 0; j < 2; ++j)
        for (std::size_t i = 0; i < many; ++i)
        {
            const bool here = i >= first && i < first + count;
            const float wanted = places.keeps(i) ? plain(i, j) : 0;
            CHECK(f(i, j) == (here ? wanted : -1));
        }
}

TEST_CASE("draw: what is put may leave entries as they are, and is drawn for them all the same")
{
    const auto plain = uniform<double>(100, 2, 4);
    xu::factor<double> f(100, 2);
    for (std::size_t i = 0; i < 100; i += 3)
        f(i, 1) = 5;
    xu::draw_by_rows(f.view(), 4, 2, xu::uniform01,
                     [](double& entry, double number)
                     {
                         if (entry == 0)
                             entry = number;
                     });
    for (std::size_t i = 0; i < 100; ++i)
    {
        CHECK(f(i, 0) == plain(i, 0));
        CHECK(f(i, 1) == (i % 3 == 0 ? 5 : plain(i, 1)));
    }
}

TEST_CASE("draw: float and double get the same numbers but for rounding, other keys others")
{
    const auto in_double = uniform<double>(many, 2, 11);
    const auto in_float = uniform<float>(many, 2, 11);
    for (std::size_t i = 0; i < in_double.values().size(); ++i)
        CHECK(in_float.values()[i] == static_cast<float>(in_double.values()[i]));
    const auto other = uniform<double>(many, 2, 12);
    std::size_t equal = 0;
    for (std::size_t i = 0; i < in_double.values().size(); ++i)
        equal += in_double.values()[i] == other.values()[i];
    CHECK(equal == 0);
}

TEST_CASE("draw: uniform numbers have the moments of U(0, 1), and neighbours nothing in common")
{
    constexpr std::size_t rows = 40 * block, rank = 2;
    constexpr auto count = static_cast<double>(rows * rank);
    const auto f = uniform<double>(rows, rank, 1);
    const auto [least, most] = std::minmax_element(f.values().begin(), f.values().end());
    CHECK((*least >= 0 && *most < 1));
    // Within four deviations of what so many numbers have.
    CHECK(std::abs(moment(f, 0, 1) - 0.5) < 4 * std::sqrt(1 / 12.0 / count));
    CHECK(std::abs(moment(f, 0.5, 2) - 1 / 12.0) < 4 * std::sqrt(1 / 180.0 / count));
    struct distance
    {
        std::size_t apart, beside;
    };
    for (const distance d : {distance{1, 0}, distance{0, 1}, distance{1, 1}, distance{block, 0},
                             distance{block, 1}, distance{2 * block, 0}})
    {
        CAPTURE(d.apart);
        CAPTURE(d.beside);
        const auto pairs = static_cast<double>((rows - d.apart) * (rank - d.beside));
        CHECK(std::abs(covariance(f, d.apart, d.beside)) < 4 / 12.0 / std::sqrt(pairs));
    }
}

TEST_CASE("draw: normal numbers have the moments of the standard normal distribution")
{
    xu::factor<double> f(20 * block, 3);
    xu::fill_normal(f.view(), 2, 2);
    const auto count = static_cast<double>(f.values().size());
    CHECK(std::abs(moment(f, 0, 1)) < 4 / std::sqrt(count));
    CHECK(std::abs(moment(f, 0, 2) - 1) < 4 * std::sqrt(2 / count));
    CHECK(std::abs(moment(f, 0, 4) - 3) < 4 * std::sqrt(96 / count));
}
}
