// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <set>

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/init/random_positions.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/update/hals.hpp>

namespace starts_test
{
using namespace support;

namespace
{
struct factors
{
    matrix maps, components;
};

/// The factors before the first iteration.
template <class T, class... Args>
factors start(const xu::unfolded<T>& x, std::size_t rank, std::uint64_t seed, const Args&... args)
{
    const auto solver =
        xu::make_solver(x, {.rank = rank, .seed = seed, .threads = 1}, xu::hals{}, args...);
    return {to_matrix(solver.current().maps), to_matrix(solver.current().components)};
}

double dot(const matrix& a, const matrix& b)
{
    return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.0);
}

template <class... Args>
std::string refusal(const matrix& X, std::size_t rank, const Args&... args)
{
    return message_of<xu::invalid_argument>([&] { start(unfold_as<double>(X), rank, 0, args...); });
}

xu::tensor<bool> every_third_masked(std::size_t count)
{
    auto keep = xu::tensor<bool>::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        keep(i) = i % 3 != 1;
    return keep;
}
}

TEST_CASE_TEMPLATE("random_uniform: uniform numbers, scaled alike so that the model fits best", T,
                   float, double, std::uint8_t)
{
    const matrix X = counted(random_matrix(400, 300, 1), 200);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto [C, S] = start(unfold_as<T>(X, how), 5, 3);
        const matrix model = C * transposed(S);
        CHECK(dot(X, model) / dot(model, model) == doctest::Approx(1).epsilon(1e-5));
        // The largest of 2,000 uniform numbers is close to 1, so its multiple tells the scale.
        const double scale = *std::max_element(C.values.begin(), C.values.end());
        double mean = 0, square = 0;
        for (double x : S.values)
        {
            CHECK((x >= 0 && x <= 1.01 * scale));
            mean += x / scale / static_cast<double>(S.values.size());
            square += x * x / scale / scale / static_cast<double>(S.values.size());
        }
        CHECK(mean == doctest::Approx(0.5).epsilon(0.05));
        CHECK(square == doctest::Approx(1.0 / 3).epsilon(0.07));
    }
}

TEST_CASE("random starts: the seed decides, and nothing else")
{
    const auto x = unfold_as<float>(random_matrix(50, 30, 1));
    for (const bool positions : {false, true})
    {
        const auto draw = [&](std::uint64_t seed)
        {
            return positions ? start(x, 3, seed, xu::random_positions{})
                             : start(x, 3, seed, xu::random_uniform{});
        };
        const factors a = draw(7), b = draw(7), c = draw(8);
        CHECK((a.maps.values == b.maps.values && a.components.values == b.components.values));
        CHECK((a.maps.values != c.maps.values && a.components.values != c.components.values));
    }
    CHECK(start(x, 3, 7).maps.values == start(x, 3, 7, xu::random_uniform{}).maps.values);
}

TEST_CASE("random_uniform: no number of threads changes it, maps and components have their own")
{
    const auto x = unfold_as<float>(random_matrix(1500, 1500, 1));
    const auto draw = [&](std::size_t threads)
    {
        const auto solver =
            xu::make_solver(x, {.rank = 2, .seed = 5, .threads = threads}, xu::hals{});
        return factors{to_matrix(solver.current().maps), to_matrix(solver.current().components)};
    };
    const factors one = draw(1);
    for (const std::size_t threads : {2U, 3U})
    {
        const factors some = draw(threads);
        CHECK(some.maps.values == one.maps.values);
        CHECK(some.components.values == one.components.values);
    }
    std::size_t equal = 0;
    for (std::size_t i = 0; i < one.maps.values.size(); ++i)
        equal += one.maps.values[i] == one.components.values[i];
    CHECK(equal < 10);
}

TEST_CASE("random starts: masked places are zero and rubbish under them is not read")
{
    matrix X = random_matrix(20, 16, 2);
    for (std::size_t i = 0; i < 20; ++i)
        for (std::size_t c = 0; c < 16; ++c)
            if (i % 3 == 1 || c % 3 == 1)
                X(i, c) = std::nan("");
    const auto x = unfold_as<double>(X)
                       .mask_positions(every_third_masked(20))
                       .mask_channels(every_third_masked(16));
    for (const auto& f : {start(x, 3, 1), start(x, 3, 1, xu::random_positions{.average = 2})})
    {
        for (std::size_t j = 0; j < 3; ++j)
        {
            CHECK((f.maps(1, j) == 0 && f.maps(19, j) == 0));
            CHECK((f.components(1, j) == 0 && f.components(13, j) == 0));
        }
        CHECK(std::isfinite(squared_norm(f.maps)));
        CHECK(squared_norm(f.maps) > 0);
        CHECK(std::isfinite(squared_norm(f.components)));
        CHECK(squared_norm(f.components) > 0);
    }
}

TEST_CASE("random_positions: components are means of what different positions measured")
{
    matrix X(12, 12); // position i lights up channel i only
    for (std::size_t i = 0; i < 12; ++i)
        X(i, i) = 6;
    for (const std::size_t average : {1U, 2U, 4U})
        for (const layout how : {layout::row_major, layout::column_major})
            for (std::uint64_t seed = 0; seed < 20; ++seed)
            {
                const auto [C, S] = start(unfold_as<double>(X, how), 3, seed,
                                          xu::random_positions{.average = average});
                std::set<std::size_t> used;
                std::size_t lit = 0;
                for (std::size_t c = 0; c < 12; ++c)
                    for (std::size_t j = 0; j < 3; ++j)
                        if (S(c, j) != 0)
                        {
                            CHECK(
                                S(c, j) ==
                                doctest::Approx(6.0 / static_cast<double>(average)).epsilon(1e-14));
                            used.insert(c);
                            ++lit;
                        }
                CHECK(lit == 3 * average);
                CHECK(used.size() == lit);
                // The maps are the least-squares fit: 1 at the positions that were drawn.
                for (std::size_t i = 0; i < 12; ++i)
                    for (std::size_t j = 0; j < 3; ++j)
                        CHECK(C(i, j) == doctest::Approx(S(i, j) != 0 ? 1 : 0).epsilon(1e-12));
            }
}

TEST_CASE("random_positions: every position has its chance")
{
    matrix X(6, 6);
    for (std::size_t i = 0; i < 6; ++i)
        X(i, i) = 1;
    std::vector<int> drawn(6, 0);
    for (std::uint64_t seed = 0; seed < 600; ++seed)
    {
        const matrix S = start(unfold_as<float>(X), 1, seed, xu::random_positions{}).components;
        for (std::size_t c = 0; c < 6; ++c)
            drawn[c] += S(c, 0) != 0;
    }
    for (int count : drawn)
        CHECK((count > 60 && count < 140)); // 100 expected, deviation 9
}

TEST_CASE("random_positions: needs rank x average unmasked positions")
{
    const std::string rule =
        "random_positions draws rank x average different positions: needs 1 to 10, got ";
    const matrix X = random_matrix(10, 8, 3);
    CHECK(refusal(X, 3, xu::random_positions{.average = 0}) == rule + "3 x 0");
    CHECK(refusal(X, 3, xu::random_positions{.average = 4}) == rule + "3 x 4");
    CHECK(refusal(X, 2, xu::random_positions{.average = std::size_t{1} << 63}) ==
          rule + "2 x 9223372036854775808");
    CHECK(refusal(X, 5, xu::random_positions{.average = 2}) == "no exception");
}

TEST_CASE("given: both factors are taken as they are")
{
    const matrix X = random_matrix(12, 10, 4), C = random_matrix(12, 2, 5, -1, 1),
                 S = random_matrix(10, 2, 6, -1, 1);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto f =
            start(unfold_as<double>(X, how, {3, 4}, {5, 2}), 2, 0,
                  xu::given{.maps = to_tensor(C, {3, 4}), .components = to_tensor(S, {5, 2})});
        CHECK(f.maps.values == C.values);
        CHECK(f.components.values == S.values);
    }
}

TEST_CASE("given: the other factor is the clipped least-squares fit")
{
    const matrix C = random_matrix(12, 2, 5), S = random_matrix(10, 2, 6);
    matrix X = C * transposed(S);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto from_maps =
            start(unfold_as<double>(X, how), 2, 0, xu::given{.maps = to_tensor(C)});
        const auto from_components =
            start(unfold_as<double>(X, how), 2, 0, xu::given{.components = to_tensor(S)});
        CHECK(relative_distance(from_maps.components, S) < 1e-12);
        CHECK(relative_distance(from_components.maps, C) < 1e-12);
    }
    for (double& x : X.values)
        x = -x;
    const auto f = start(unfold_as<double>(X), 2, 0, xu::given{.maps = to_tensor(C)});
    CHECK(squared_norm(f.components) == 0);
}

TEST_CASE("given: rubbish under a mask is ignored, elsewhere it is refused")
{
    const matrix X = random_matrix(9, 8, 7);
    matrix C = random_matrix(9, 2, 8);
    C(4, 1) = std::nan("");
    const xu::given init{.maps = to_tensor(C), .components = to_tensor(random_matrix(8, 2, 9))};
    const auto x = unfold_as<double>(X);
    const auto f = start(x.mask_positions(every_third_masked(9)), 2, 0, init);
    CHECK((f.maps(4, 1) == 0 && f.maps(3, 1) == C(3, 1)));
    CHECK(refusal(X, 2, init) ==
          "the start must be finite: the maps hold 1 NaN or infinite values");
}

TEST_CASE("given: shapes that do not fit are refused")
{
    const matrix X = random_matrix(9, 8, 7);
    CHECK(refusal(X, 2, xu::given{}) == "given needs maps, components or both; neither was set");
    CHECK(refusal(X, 3, xu::given{.maps = to_tensor(matrix(9, 2, 1))}) ==
          "given maps must have the shape (3, 9), got (2, 9)");
    CHECK(refusal(X, 2, xu::given{.components = to_tensor(matrix(8, 2, 1), {4, 2})}) ==
          "given components must have the shape (2, 8), got (2, 4, 2)");
}

TEST_CASE("starts: a user's own, moved to where the constraints hold")
{
    const auto ones = [](const auto&, auto maps, auto components, xu::random_engine&, auto&)
    {
        for (auto f : {maps, components})
            for (auto column : f.columns())
                std::fill(column.begin(), column.end(), 1);
    };
    const matrix X = random_matrix(9, 8, 7);
    matrix known(8, 1, 0.25);
    known(2, 0) = std::nan("");
    const auto f = start(unfold_as<float>(X), 4, 0, ones, xu::on_maps(xu::sum_to_one{}),
                         xu::on_components(xu::fixed(to_tensor(known))));
    CHECK(*std::min_element(f.maps.values.begin(), f.maps.values.end()) == 0.25);
    CHECK(*std::max_element(f.maps.values.begin(), f.maps.values.end()) == 0.25);
    CHECK((f.components(0, 0) == 0.25 && f.components(2, 0) == 1 && f.components(0, 1) == 1));
    const auto g = start(unfold_as<float>(X), 4, 0, ones, xu::on_components(xu::unit_norm{.p = 1}));
    CHECK((g.maps(3, 2) == 8 && g.components(5, 1) == 0.125));
}
}
