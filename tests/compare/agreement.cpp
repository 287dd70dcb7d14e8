// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <numbers>

#include <xunmix/compare/agreement.hpp>

namespace agreement_test
{
using namespace support;

namespace
{
using list = std::vector<double>;

double cosine(const list& a, const list& b)
{
    return xu::cosine(std::span(a), std::span(b));
}

double angle(const list& a, const list& b)
{
    return xu::spectral_angle(std::span(a), std::span(b));
}

double correlation(const list& a, const list& b)
{
    return xu::correlation(std::span(a), std::span(b));
}

double total(const matrix& gain, const std::vector<std::size_t>& columns)
{
    double sum = 0;
    for (std::size_t i = 0; i < gain.rows; ++i)
        sum += gain(i, columns[i]);
    return sum;
}

/// The largest total of all choices of columns.
double best_total(const matrix& gain)
{
    std::vector<std::size_t> order(gain.cols);
    std::iota(order.begin(), order.end(), std::size_t{0});
    double best = -std::numeric_limits<double>::infinity();
    do
        best = std::max(best, total(gain, order));
    while (std::next_permutation(order.begin(), order.end()));
    return best;
}

bool all_different(std::vector<std::size_t> columns)
{
    std::sort(columns.begin(), columns.end());
    return std::adjacent_find(columns.begin(), columns.end()) == columns.end();
}

/// Columns of `truth` in other places and at other scales, among columns that stand for nothing.
matrix moved(const matrix& truth, const std::vector<std::size_t>& places, std::size_t cols)
{
    matrix out = random_matrix(truth.rows, cols, 77);
    for (std::size_t j = 0; j < truth.cols; ++j)
        for (std::size_t i = 0; i < truth.rows; ++i)
            out(i, places[j]) = truth(i, j) * std::pow(10.0, static_cast<double>(j) - 2);
    return out;
}

std::string refusal(auto&& work)
{
    return message_of<xu::invalid_argument>(work);
}
}

TEST_CASE("spectral_angle and cosine: known angles, whatever the scale and the type")
{
    using std::numbers::pi;
    CHECK(angle({1, 0}, {1, 1}) == doctest::Approx(pi / 4));
    CHECK(angle({1, 0, 0}, {0, 0, 3}) == doctest::Approx(pi / 2));
    CHECK(angle({2, 4}, {-1, -2}) == doctest::Approx(pi));
    CHECK(angle({1e-9, 0}, {std::sqrt(3.0) * 1e12, 1e12}) == doctest::Approx(pi / 6));
    CHECK(cosine({3, 4}, {4, 3}) == doctest::Approx(24.0 / 25));
    const std::vector<float> a{3, 4};
    const std::vector<int> b{4, 3};
    CHECK(xu::cosine(std::span(a), std::span(b)) == doctest::Approx(24.0 / 25));
    const matrix x = random_matrix(200, 1, 3);
    CHECK(cosine(x.values, x.values) == 1);
    CHECK(angle(x.values, x.values) == 0);
    list scaled = x.values;
    for (double& v : scaled)
        v *= 0.3;
    CHECK(angle(x.values, scaled) < 1e-7);
}

TEST_CASE("cosine and correlation: 0 where there is no direction")
{
    const double unknown = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    for (const list& none : {list{0, 0, 0}, list{1, unknown, 2}, list{1, infinity, 2}})
    {
        CHECK(cosine(none, {1, 2, 3}) == 0);
        CHECK(cosine({1, 2, 3}, none) == 0);
        CHECK(angle(none, none) == doctest::Approx(std::numbers::pi / 2));
        CHECK(correlation(none, {1, 2, 3}) == 0);
    }
    CHECK(correlation(list(7, 0.1), {1, 2, 3, 4, 5, 6, 8}) == 0);
    CHECK(cosine({}, {}) == 0);
    CHECK(correlation({}, {}) == 0);
}

TEST_CASE("correlation: known values, whatever is added and multiplied")
{
    CHECK(correlation({1, 2, 3}, {10, 20, 30}) == doctest::Approx(1));
    CHECK(correlation({1, 2, 3}, {5, 4, 3}) == doctest::Approx(-1));
    CHECK(correlation({1, 2, 3, 4}, {1, -1, -1, 1}) == doctest::Approx(0).epsilon(1e-15));
    CHECK(correlation({1, 2, 3}, {1, 2, 4}) == doctest::Approx(0.9819805060619656));
    CHECK(correlation({1e8 + 1, 1e8 + 2, 1e8 + 3}, {1, 2, 4}) ==
          doctest::Approx(0.9819805060619656));
}

TEST_CASE("best_assignment: the best of all, ties or not")
{
    for (std::size_t rows = 1; rows <= 6; ++rows)
        for (std::size_t cols = rows; cols <= 8; ++cols)
            for (std::uint64_t seed = 0; seed < 6; ++seed)
            {
                CAPTURE(rows);
                CAPTURE(cols);
                CAPTURE(seed);
                matrix gain = random_matrix(rows, cols, seed, -1, 1);
                if (seed % 3 == 0)
                    for (double& x : gain.values)
                        x = std::round(2 * x);
                const auto found = xu::best_assignment(gain.values, rows, cols);
                REQUIRE(found.size() == rows);
                CHECK(all_different(found));
                CHECK(total(gain, found) == doctest::Approx(best_total(gain)).epsilon(1e-12));
            }
    CHECK(xu::best_assignment({}, 0, 0).empty());
    CHECK(xu::best_assignment({}, 0, 4).empty());
}

TEST_CASE("best_assignment: not the largest gain first")
{
    const list gains{10, 9, //
                     9, 0};
    CHECK(xu::best_assignment(gains, 2, 2) == std::vector<std::size_t>{1, 0});
    // Each row would rather have the column of the one before: one that is placed moves them all.
    constexpr std::size_t n = 40;
    matrix chain(n, n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            chain(i, j) = j == i ? 2 : j + 1 == i ? 3 : 0;
    chain(0, 0) = 2.5, chain(0, n - 1) = 2;
    auto found = xu::best_assignment(chain.values, n, n);
    CHECK(total(chain, found) == 3 * (n - 1) + 2);
    CHECK(found[0] == n - 1);
    CHECK(found[n - 1] == n - 2);
}

TEST_CASE("match_components: more found than true, in another order and scale")
{
    const matrix truth = random_matrix(60, 4, 1);
    const std::vector<std::size_t> places{3, 0, 5, 1};
    const auto found = to_tensor(moved(truth, places, 6), {6, 10});
    CHECK(xu::match_components(found, to_tensor(truth)) == places);
    xu::tensor<float> single = found;
    CHECK(xu::match_components(single, to_tensor(truth)) == places);
    // A component that vanished stands for the true one that is left.
    matrix vanished = truth;
    for (std::size_t i = 0; i < truth.rows; ++i)
        vanished(i, 2) = 0;
    CHECK(xu::match_components(to_tensor(vanished), to_tensor(truth)) ==
          std::vector<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("match_components: the least mean angle of all")
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const matrix found = random_matrix(5, 5, seed), truth = random_matrix(5, 3, seed + 100);
        matrix gain(3, 5);
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t l = 0; l < 5; ++l)
                gain(j, l) = -support::angle(found, l, truth, j);
        const auto order = xu::match_components(to_tensor(found), to_tensor(truth));
        CHECK(all_different(order));
        CHECK(total(gain, order) == doctest::Approx(best_total(gain)).epsilon(1e-12));
        CHECK(-3 * mean_angle(found, truth) == doctest::Approx(best_total(gain)));
    }
}

TEST_CASE("compare: perfect where all was found, and what is missing otherwise")
{
    const planted p = plant({.rank = 3});
    const std::vector<std::size_t> places{2, 0, 1};
    const auto maps = to_tensor(p.maps), components = to_tensor(p.components);
    const auto all = xu::compare(to_tensor(moved(p.maps, places, 3)),
                                 to_tensor(moved(p.components, places, 3)), maps, components);
    CHECK(all.found == places);
    CHECK(all.angle < 1e-7);
    CHECK(all.correlation == doctest::Approx(1));
    CHECK(all.worst_cosine == doctest::Approx(1));
    CHECK(all.worst_correlation == doctest::Approx(1));
    const matrix alike = cosines(p.maps, p.maps);
    CHECK(all.overlap == doctest::Approx(std::max({alike(0, 1), alike(0, 2), alike(1, 2)})));

    // Two spectra at right angles, of which one is turned by 0.3, and its map upside down.
    const matrix S = []
    {
        matrix out(2, 2);
        out(0, 0) = out(1, 1) = 1;
        return out;
    }();
    matrix turned = S, C = random_matrix(9, 2, 4), other = C;
    turned(0, 1) = std::sin(0.3), turned(1, 1) = std::cos(0.3);
    for (std::size_t i = 0; i < 9; ++i)
        other(i, 1) = 1 - C(i, 1);
    const auto half = xu::compare(to_tensor(other), to_tensor(turned), to_tensor(C), to_tensor(S));
    CHECK(half.found == std::vector<std::size_t>{0, 1});
    CHECK(half.angle == doctest::Approx(0.15));
    CHECK(half.correlation == doctest::Approx(0).epsilon(1e-12));
    CHECK(half.worst_cosine == doctest::Approx(std::cos(0.3)));
    CHECK(half.worst_correlation == doctest::Approx(-1));
    CHECK(half.overlap == doctest::Approx(cosines(other, other)(0, 1)));
}

TEST_CASE("compare: a factorization with the truth")
{
    const planted p = plant({.rank = 2});
    const auto x = unfold_as<float>(p.X);
    std::vector<float> maps, components;
    for (std::size_t j : {1U, 0U})
    {
        for (std::size_t i = 0; i < p.maps.rows; ++i)
            maps.push_back(static_cast<float>(p.maps(i, j)));
        for (std::size_t c = 0; c < p.components.rows; ++c)
            components.push_back(static_cast<float>(p.components(c, j)));
    }
    const struct
    {
        xu::tensor<double> maps, components;
    } truth{to_tensor(p.maps), to_tensor(p.components)};
    const auto fit = xu::compare(xu::result<float>(maps, components, x.shape()), truth);
    CHECK(fit.found == std::vector<std::size_t>{1, 0});
    CHECK(fit.angle < 1e-6);
    CHECK(fit.worst_correlation == doctest::Approx(1));
}

TEST_CASE("agreement: bad input is refused")
{
    for (const auto measure : {cosine, angle, correlation})
        CHECK(refusal(
                  [&] {
                      measure({1, 2, 3}, {1, 2});
                  }) == "only lists of one length can be compared, got 3 and 2 elements");
    const auto stack = [](std::size_t count, std::size_t size)
    { return to_tensor(random_matrix(size, count, 1)); };
    CHECK(refusal([&] { xu::slice(stack(3, 5), 3); }) ==
          "a stack of 3 is numbered from 0 to one less, got number 3");

    const list six(6, 1.0), unknown{0, std::numeric_limits<double>::quiet_NaN()};
    CHECK(refusal([&] { xu::best_assignment(six, 3, 2); }) ==
          "an assignment gives each row a column of its own, got 3 rows and 2 columns; exchange "
          "the two");
    CHECK(refusal([&] { xu::best_assignment(six, 2, 4); }) ==
          "a table of 2 x 4 gains has as many numbers, got 6");
    CHECK(refusal([&] { xu::best_assignment(unknown, 1, 2); }) ==
          "an assignment needs finite gains, got one that is not");

    CHECK(refusal([&] { xu::match_components(stack(2, 5), stack(3, 5)); }) ==
          "each true component, one at least, needs a found one of its own, got 3 true and 2 "
          "found ones");
    CHECK(refusal([&] { xu::match_components(stack(2, 5), stack(0, 5)); }) ==
          "each true component, one at least, needs a found one of its own, got 0 true and 2 "
          "found ones");
    CHECK(refusal([&] { xu::match_components(stack(3, 5), stack(3, 6)); }) ==
          "found and true components need the same number of elements, got 5 and 6");
    CHECK(refusal([&] { xu::compare(stack(2, 9), stack(3, 5), stack(3, 9), stack(3, 5)); }) ==
          "there is one map for each component, got maps of shape (2, 9) and 3 components");
    CHECK(refusal([&] { xu::compare(stack(3, 9), stack(3, 5), stack(2, 9), stack(3, 5)); }) ==
          "there is one map for each component, got maps of shape (2, 9) and 3 components");
    CHECK(refusal([&] { xu::compare(stack(3, 8), stack(3, 5), stack(3, 9), stack(3, 5)); }) ==
          "only lists of one length can be compared, got 8 and 9 elements");
}
}
