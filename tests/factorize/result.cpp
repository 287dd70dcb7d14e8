// SPDX-License-Identifier: BSD-3-Clause
// Scale, order and shape of what comes back.
#include "../support.hpp"

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>

namespace result_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(30, 24, 1);

template <class... Args>
auto run(xu::scaling scale, const Args&... args)
{
    return xu::factorize(unfold_as<double>(X, layout::row_major, {5, 6}, {4, 3, 2}),
                         {.rank = 4, .max_iterations = 30, .threads = 1, .scale = scale},
                         xu::hals{}, args...);
}

matrix column_sums(const matrix& f)
{
    return matrix(1, f.rows, 1) * f;
}
}

TEST_CASE("result: components have unit length or unit sum, and C S^T does not change")
{
    const auto on_maps = xu::on_maps(xu::non_negative{});
    const auto on_components = xu::on_components(xu::non_negative{});
    const auto raw = run(xu::scaling::none, on_maps, on_components);
    const auto l2 = run(xu::scaling::unit_l2, on_maps, on_components);
    const auto sum = run(xu::scaling::unit_sum, on_maps, on_components);
    const matrix model =
        to_matrix(raw.maps_matrix()) * transposed(to_matrix(raw.components_matrix()));
    for (const auto* r : {&l2, &sum})
    {
        const matrix C = to_matrix(r->maps_matrix()), S = to_matrix(r->components_matrix());
        CHECK(relative_distance(C * transposed(S), model) < 1e-13);
        const matrix gram = transposed(S) * S, sums = column_sums(S);
        for (std::size_t j = 0; j < 4; ++j)
            CHECK((r == &l2 ? gram(j, j) : sums(0, j)) == doctest::Approx(1).epsilon(1e-14));
        const matrix intensity = column_sums(C);
        for (std::size_t j = 1; j < 4; ++j)
            CHECK(intensity(0, j - 1) >= intensity(0, j));
        CHECK(r->objective == doctest::Approx(raw.objective).epsilon(1e-12));
    }
    const matrix gram =
        transposed(to_matrix(raw.components_matrix())) * to_matrix(raw.components_matrix());
    CHECK(gram(0, 0) != doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("result: constraints that hold scale or order keep them")
{
    const auto bounded = run(xu::scaling::unit_l2, xu::on_maps(xu::bounded{.upper = 0.2}),
                             xu::on_components(xu::non_negative{}));
    const matrix C = to_matrix(bounded.maps_matrix());
    CHECK(*std::max_element(C.values.begin(), C.values.end()) <= 0.2);
    const matrix S = to_matrix(bounded.components_matrix());
    for (std::size_t j = 0; j < 4; ++j) // no unit length, which would have cost the bound
        CHECK((transposed(S) * S)(j, j) > 2);

    const auto normed = run(xu::scaling::unit_l2, xu::on_maps(xu::non_negative{}),
                            xu::on_components(xu::non_negative{}, xu::unit_norm{.p = 1}));
    const matrix sums = column_sums(to_matrix(normed.components_matrix()));
    for (std::size_t j = 0; j < 4; ++j)
        CHECK(sums(0, j) == doctest::Approx(1).epsilon(1e-14));

    matrix known = random_matrix(24, 2, 5);
    for (std::size_t c = 0; c < 24; ++c)
        known(c, 0) *= 1e-3; // weak and first
    const auto held = run(xu::scaling::unit_l2, xu::on_maps(xu::non_negative{}),
                          xu::on_components(xu::fixed(to_tensor(known, {4, 3, 2}))));
    for (std::size_t c = 0; c < 24; ++c)
        for (std::size_t j = 0; j < 2; ++j)
            CHECK(held.components_matrix()(c, j) == known(c, j));
}

TEST_CASE("result: folds back to images, masked places filled")
{
    auto keep_positions = xu::tensor<bool>::from_shape({5, 6});
    auto keep_channels = xu::tensor<bool>::from_shape({4, 3, 2});
    keep_positions.fill(true);
    keep_channels.fill(true);
    keep_positions(2, 3) = false;
    keep_channels(0, 1, 1) = false;
    const auto x = unfold_as<float>(X, layout::row_major, {5, 6}, {4, 3, 2})
                       .mask_positions(keep_positions)
                       .mask_channels(keep_channels);
    const auto result = xu::factorize(x, {.rank = 3, .max_iterations = 5, .threads = 1}, xu::als{});
    CHECK(result.rank() == 3);
    const auto maps = result.maps(-1), components = result.components();
    CHECK(xu::detail::shape_text(maps.shape()) == "(3, 5, 6)");
    CHECK(xu::detail::shape_text(components.shape()) == "(3, 4, 3, 2)");
    for (std::size_t j = 0; j < 3; ++j)
    {
        for (std::size_t i = 0; i < 30; ++i)
            CHECK(maps.data()[j * 30 + i] == (i == 15 ? -1 : result.maps_matrix()(i, j)));
        CHECK(components(j, 0, 1, 1) == 0);
        CHECK(std::isnan(result.maps(std::nan(""))(j, 2, 3)));
        CHECK(result.components(7)(j, 0, 1, 1) == 7);
        CHECK(result.components(7)(j, 3, 2, 1) == result.components_matrix()(23, j));
    }
}

TEST_CASE("result: outlives data and solver, and tells what was odd about the data")
{
    const auto result = []
    {
        matrix data = random_matrix(12, 9, 3);
        data(1, 2) = data(4, 4) = -0.5;
        return xu::factorize(unfold_as<float>(data), {.rank = 2, .max_iterations = 3, .threads = 1},
                             xu::hals{});
    }();
    CHECK(result.negative_data == 2);
    CHECK(result.one_read);
    CHECK(result.seconds > 0);
    CHECK(result.seconds == result.history.back().seconds);
    CHECK(result.maps().size() == 24);
    CHECK(result.shape().channels.size() == 9);
}

TEST_CASE("result: zero columns and what is not a number keep order and scale from harm")
{
    const auto made = [](std::vector<double> maps, std::vector<double> components)
    {
        xu::unfolding shape;
        shape.positions.shape = {2};
        shape.channels.shape = {2};
        xu::result<double> r(std::move(maps), std::move(components), shape);
        r.rescale(xu::scaling::unit_l2);
        r.order();
        return std::pair(to_matrix(r.maps_matrix()), to_matrix(r.components_matrix()));
    };
    const auto [C, S] = made({1, 1, 0, 0, 2, 2}, {0, 0, 3, 4, 3, 4});
    CHECK(C.values == std::vector<double>{10, 1, 0, 10, 1, 0});
    CHECK(S(0, 0) == 0.6);
    CHECK(S(0, 1) == 0);
    CHECK(S(1, 2) == 0.8);
    const double nan = std::nan("");
    CHECK(made({nan, 1, 1, 1}, {1, 0, 1, 0}).first(0, 0) == 1); // NaN goes last
}
}
