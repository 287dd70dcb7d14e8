// SPDX-License-Identifier: BSD-3-Clause
// Rows that a function hands out give the bits of the same rows in memory.
#include "../support.hpp"

#include <atomic>
#include <stdexcept>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/rows_from.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace rows_from_test
{
using namespace support;

namespace
{
constexpr std::size_t positions = 143, channels = 37;

template <class T>
std::vector<T> some_numbers()
{
    const matrix X =
        counted(random_matrix(positions, 3, 1) * transposed(random_matrix(channels, 3, 2)), 50);
    std::vector<T> out;
    for (const double x : X.values)
        out.push_back(static_cast<T>(x));
    return out;
}

xu::grid masked(std::size_t places, std::size_t every)
{
    xu::grid out{{places}};
    for (std::size_t i = 0; i < places; ++i)
        out.keep.push_back(every == 0 || i % every != 1);
    return out;
}

template <class T>
auto rows_of(const std::vector<T>& values, const xu::grid& p, const xu::grid& c)
{
    return xu::rows_from<T>(p, c,
                            [&values](std::size_t i, std::span<T> row)
                            {
                                std::copy_n(values.begin() +
                                                static_cast<std::ptrdiff_t>(i * channels),
                                            row.size(), row.begin());
                            });
}

template <class T>
auto in_memory(const std::vector<T>& values, const xu::grid& p, const xu::grid& c)
{
    return xu::dense(xu::unfolded<T>(values.data(), channels, 1,
                                     {.positions = p, .channels = c, .axes = {0, 1}}, nullptr));
}

template <class R>
std::vector<double> numbers(const R& r)
{
    std::vector<double> out{r.mse, r.objective};
    for (const auto f : {r.maps_matrix(), r.components_matrix()})
        for (const auto column : f.columns())
            out.insert(out.end(), column.begin(), column.end());
    return out;
}
}

TEST_CASE_TEMPLATE("rows_from: the bits of the rows in memory, masked or not", T, std::uint8_t,
                   std::int32_t, float, double)
{
    const auto values = some_numbers<T>();
    for (const std::size_t every : std::vector<std::size_t>{0, 2, 5})
    {
        const auto p = masked(positions, every), c = masked(channels, every);
        const auto called = rows_of(values, p, c);
        const auto dense = in_memory(values, p, c);
        CHECK(called.squared_norm() == dense.squared_norm());
        CHECK(called.summary().dark_channels == dense.summary().dark_channels);
        for (const std::size_t threads : std::vector<std::size_t>{1, 2, 3})
        {
            const xu::options opt{.rank = 3, .max_iterations = 12, .threads = threads};
            const auto fit = [&](const auto& x)
            {
                return numbers(xu::factorize(x, opt, xu::hals{}, xu::on_maps(xu::non_negative{}),
                                             xu::on_components(xu::non_negative{})));
            };
            CHECK(fit(called) == fit(dense));
        }
    }
}

TEST_CASE("rows_from: losses that read elements give the same bits")
{
    const auto values = some_numbers<std::uint16_t>();
    const auto p = masked(positions, 0), c = masked(channels, 4);
    const auto fit = [&](const auto& x)
    {
        return numbers(xu::factorize(x, {.rank = 3, .max_iterations = 10}, xu::multiplicative{},
                                     xu::beta_divergence{1}));
    };
    CHECK(fit(rows_of(values, p, c)) == fit(in_memory(values, p, c)));
}

TEST_CASE("rows_from: each row is asked for once a read, a masked one never")
{
    const auto values = some_numbers<float>();
    const auto p = masked(positions, 2);
    std::vector<std::atomic<std::size_t>> asked(positions);
    const auto x =
        xu::rows_from<float>(p, {{channels}},
                             [&](std::size_t i, std::span<float> row)
                             {
                                 ++asked[i];
                                 std::copy_n(&values[i * channels], row.size(), row.begin());
                             });
    for (std::size_t i = 0; i < positions; ++i)
        CHECK(asked[i] == (p.keeps(i) ? 1U : 0U));
    auto s = xu::make_solver(x, {.rank = 1}, xu::hals{}, xu::on_maps(xu::non_negative{}));
    s.step();
    const std::size_t before = asked[0];
    s.step();
    s.step();
    REQUIRE(s.one_read());
    CHECK(asked[0].load() == before + 2);
}

TEST_CASE("rows_from: numbers that are not finite are found where they are")
{
    auto values = some_numbers<double>();
    values[5 * channels + 3] = std::numeric_limits<double>::quiet_NaN();
    values[7 * channels + 1] = std::numeric_limits<double>::infinity();
    const auto x = rows_of(values, masked(positions, 0), masked(channels, 0));
    CHECK(x.summary().non_finite == 2);
    CHECK(x.summary().first_bad_position == 5);
    CHECK(x.summary().first_bad_channel == 3);
}

TEST_CASE("rows_from: bad grids are refused, and what the function throws comes out")
{
    const auto nothing = [](std::size_t, std::span<float>) {};
    CHECK(message_of<xu::invalid_argument>([&] { xu::rows_from<float>({}, {{3}}, nothing); }) ==
          "rows_from needs at least one of the positions, unmasked; got the shape ()");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::rows_from<float>({{4}}, {{3}, {1, 1}}, nothing);
              }) == "rows_from needs a mask with one entry a place, 3 for the channels, got 2");
    const auto fails = [](std::size_t, std::span<float>)
    { throw std::runtime_error("the camera is gone"); };
    CHECK_THROWS_AS(xu::rows_from<float>({{4}}, {{3}}, fails, 1), std::runtime_error);
}
}
