// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace no_downward_convex_peak_test
{
using namespace support;
using xu::background_bound;

namespace
{
constexpr background_bound bounds[] = {
    background_bound::listing_s4, background_bound::rotational_average, background_bound::robust};

/// A halo with a bright spot at (20, 40) and, where asked, a dark one at (44, 40).
matrix pattern(std::size_t rows, std::size_t columns, double dark = 0)
{
    matrix out(rows * columns, 1);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
        {
            const double y = static_cast<double>(i), x = static_cast<double>(j);
            const auto gauss = [&](double v, double u)
            { return std::exp(-((y - v) * (y - v) + (x - u) * (x - u)) / 5); };
            const double halo = 1e-2 * std::exp(-std::hypot(y - static_cast<double>(rows) / 2,
                                                            x - static_cast<double>(columns) / 2) /
                                                20);
            out(i * columns + j, 0) = halo * (1 - dark * gauss(44, 40)) + 0.03 * gauss(20, 40);
        }
    return out;
}

template <class T>
matrix projected(const matrix& f, std::size_t rows, std::size_t columns,
                 const xu::no_downward_convex_peak& constraint = {},
                 std::vector<std::uint8_t> keep = {})
{
    owned_factor<T> out(f, xu::grid{{rows, columns}, std::move(keep)});
    constraint.validate(out.places, out.rank);
    constraint.project(out.ref());
    return to_matrix(out.view());
}
}

TEST_CASE_TEMPLATE("no_downward_convex_peak: fills dark spots, keeps bright ones", T, float, double)
{
    const matrix clean = pattern(64, 64), dented = pattern(64, 64, 1);
    for (const auto bound : {background_bound::rotational_average, background_bound::robust})
    {
        const matrix mended = projected<T>(dented, 64, 64, {.bound = bound});
        const std::size_t dark = 44 * 64 + 40, bright = 20 * 64 + 40;
        CHECK(dented(dark, 0) < 0.1 * clean(dark, 0));
        CHECK(mended(dark, 0) > 0.9 * clean(dark, 0));
        CHECK(mended(dark, 0) < 1.1 * clean(dark, 0));
        CHECK(mended(bright, 0) == doctest::Approx(clean(bright, 0)));
        // What had no dent stays nearly as it was.
        CHECK(relative_distance(projected<T>(clean, 64, 64, {.bound = bound}), clean) < 0.03);
    }
}

TEST_CASE("no_downward_convex_peak: raises and never lowers, corners and masked pixels stay")
{
    matrix noisy = pattern(40, 57, 0.8);
    std::mt19937_64 engine(3);
    std::uniform_real_distribution<double> draw(0, 2);
    for (double& x : noisy.values)
        x *= draw(engine);
    std::vector<std::uint8_t> keep(40 * 57, 1);
    for (std::size_t i = 0; i < 40 * 57; i += 17)
        keep[i] = 0, noisy(i, 0) = 0;
    const xu::polar_grid grid(40, 57);
    for (const auto bound : bounds)
    {
        const matrix out = projected<double>(noisy, 40, 57, {.bound = bound}, keep);
        std::size_t raised = 0;
        for (std::size_t i = 0; i < out.rows; ++i)
        {
            CHECK(out(i, 0) >= noisy(i, 0));
            raised += out(i, 0) > noisy(i, 0);
            if (!keep[i] || grid.radius(i / 57, i % 57) > 19)
                CHECK(out(i, 0) == noisy(i, 0));
        }
        CHECK(raised > 200);
    }
}

TEST_CASE("no_downward_convex_peak: scale does not matter, zero stays zero")
{
    const matrix f = pattern(32, 32, 0.5);
    for (const auto bound : bounds)
    {
        const matrix once = projected<double>(f, 32, 32, {.bound = bound});
        for (const double scale : {1e-9, 1e9})
        {
            matrix scaled = f;
            for (double& x : scaled.values)
                x *= scale;
            scaled = projected<double>(scaled, 32, 32, {.bound = bound});
            for (double& x : scaled.values)
                x /= scale;
            CHECK(relative_distance(scaled, once) < 1e-12);
        }
        CHECK(squared_norm(projected<double>(matrix(1024, 2), 32, 32, {.bound = bound})) == 0);
    }
}

TEST_CASE("no_downward_convex_peak: the listing's bound is too high by the spots' share")
{
    // The background itself is a third too high where spots hold a quarter of the intensity.
    const matrix f = pattern(64, 64);
    const matrix literal = projected<double>(f, 64, 64, {.bound = background_bound::listing_s4});
    const matrix ours = projected<double>(f, 64, 64);
    const std::size_t between = 44 * 64 + 24;
    CHECK(literal(between, 0) > 1.02 * f(between, 0));
    CHECK(ours(between, 0) < 1.02 * f(between, 0));
}

TEST_CASE("no_downward_convex_peak: works with every update, the best iterate is kept")
{
    // Two patterns, mixed, with counts.
    matrix S(32 * 32, 2);
    const matrix a = pattern(32, 32);
    for (std::size_t i = 0; i < 32 * 32; ++i)
    {
        S(i, 0) = a(i, 0);
        S(i, 1) = a(i / 32 + 32 * (i % 32), 0) + (i / 32 == 8 && i % 32 == 8 ? 0.3 : 0);
    }
    const matrix X = counted(random_matrix(80, 2, 5, 0.1, 1) * transposed(S), 3000);
    const auto data = unfold_as<std::uint16_t>(X, layout::row_major, {8, 10}, {32, 32});
    const auto run = [&](auto update)
    {
        const auto r = xu::factorize(
            data, {.rank = 2, .max_iterations = 60, .keep = xu::iterate::best, .seed = 2}, update,
            xu::on_maps(xu::non_negative{}),
            xu::on_components(xu::all_of(xu::non_negative{}, xu::no_downward_convex_peak{})));
        CHECK(r.best_iteration >= 1);
        // The sums of the iterations are in float.
        for (const auto& h : r.history)
            CHECK(h.objective >= r.objective - 1e-6 * squared_norm(X));
        // The constraint holds for what is returned, up to what raising moves the bound.
        const auto components = r.components();
        for (std::size_t j = 0; j < 2; ++j)
        {
            const std::vector<float> one(components.data() + j * 1024,
                                         components.data() + (j + 1) * 1024);
            const xu::polar_grid grid(32, 32);
            xu::rotational_averager<float> average(grid, xu::robust_outliers);
            const auto bound = average(one);
            double below = 0, all = 0;
            for (std::size_t i = 0; i < 1024; ++i)
            {
                below += std::max(0.0f, bound[i] - one[i]);
                all += one[i];
            }
            CHECK(below < 0.02 * all);
        }
    };
    run(xu::als{});
    run(xu::hals{});
    run(xu::multiplicative{});
}

TEST_CASE("no_downward_convex_peak: bad input")
{
    const auto validate = [](std::vector<std::size_t> shape, xu::polar_geometry geometry = {}) {
        xu::no_downward_convex_peak{.geometry = geometry}.validate(xu::grid{std::move(shape), {}},
                                                                   2);
    };
    CHECK(message_of<xu::invalid_argument>([&] { validate({100}); }) ==
          "no_downward_convex_peak needs components that are images, with two axes; these have "
          "shape (100)");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  validate({7, 100});
              }) == "a pattern needs at least 8 x 8 pixels for polar coordinates, got 7 x 100");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  validate({32, 32}, {.center = xu::image_point{-1, 3}});
              }) == "the centre of a pattern of 32 x 32 pixels must lie on it, got (-1, 3)");
}

TEST_CASE("dark_peak_weight: of a dent, of none, and bad input")
{
    const matrix clean = pattern(64, 64), dented = pattern(64, 64, 1);
    const auto weight = [](const matrix& f)
    { return xu::dark_peak_weight(std::span<const double>(f.values), 64, 64, 4); };
    double missing = 0, sum = 0;
    for (std::size_t i = 0; i < clean.rows; ++i)
        missing += clean(i, 0) - dented(i, 0), sum += dented(i, 0);
    CHECK(weight(dented) - weight(clean) == doctest::Approx(missing / sum).epsilon(0.15));
    CHECK(xu::dark_peak_weight(std::span<const double>(clean.values), 64, 64, 0) == 0);
    CHECK(message_of<xu::invalid_argument>([&] { weight(matrix(4096, 1)); }) ==
          "the dark-peak weight of a pattern needs a positive sum, got 0");
}
}
