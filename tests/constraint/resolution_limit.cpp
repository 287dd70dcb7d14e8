// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <complex>
#include <numbers>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace resolution_limit_test
{
using namespace support;
using xu::frequency_window;

namespace
{
using std::numbers::pi;

/// The filter by its definition: the plain Fourier sums of the image mirrored at its borders.
matrix filtered_by_definition(const matrix& image, double cutoff)
{
    const std::size_t H = 2 * image.rows, W = 2 * image.cols;
    const auto mirrored = [&](std::size_t i, std::size_t j)
    { return image(i < image.rows ? i : H - 1 - i, j < image.cols ? j : W - 1 - j); };
    std::vector<std::complex<double>> spectrum(H * W);
    for (std::size_t k = 0; k < H; ++k)
        for (std::size_t l = 0; l < W; ++l)
        {
            const double qy = static_cast<double>(std::min(k, H - k)) / static_cast<double>(H),
                         qx = static_cast<double>(std::min(l, W - l)) / static_cast<double>(W);
            if (std::hypot(qy, qx) > cutoff * (1 + 1e-12))
                continue;
            for (std::size_t i = 0; i < H; ++i)
                for (std::size_t j = 0; j < W; ++j)
                    spectrum[k * W + l] +=
                        mirrored(i, j) *
                        std::polar(1.0, -2 * pi *
                                            (static_cast<double>(k * i) / static_cast<double>(H) +
                                             static_cast<double>(l * j) / static_cast<double>(W)));
        }
    matrix out(image.rows, image.cols);
    for (std::size_t i = 0; i < image.rows; ++i)
        for (std::size_t j = 0; j < image.cols; ++j)
            for (std::size_t k = 0; k < H; ++k)
                for (std::size_t l = 0; l < W; ++l)
                    out(i, j) +=
                        (spectrum[k * W + l] *
                         std::polar(1.0, 2 * pi *
                                             (static_cast<double>(k * i) / static_cast<double>(H) +
                                              static_cast<double>(l * j) / static_cast<double>(W))))
                            .real() /
                        static_cast<double>(H * W);
    return out;
}

template <class T>
std::vector<T> projected(std::vector<T> map, std::vector<std::size_t> shape,
                         const xu::resolution_limit& limit)
{
    const xu::grid places{std::move(shape), {}};
    limit.validate(places, 1);
    limit.project(xu::factor_ref<T>(map.data(), map.size(), 1, map.size(), &places));
    return map;
}

/// White noise around 10: nothing gets clipped.
std::vector<double> noise(std::size_t count, std::uint64_t seed = 1)
{
    return random_matrix(count, 1, seed, 9, 11).values;
}
}

TEST_CASE("resolution_limit: the filter is the plain Fourier sum with mirrored borders")
{
    for (const auto& [rows, columns] :
         {std::pair<std::size_t, std::size_t>{8, 8}, {7, 10}, {1, 9}, {5, 1}})
        for (const double cutoff : {0.11, 0.25, 0.5})
        {
            matrix image(rows, columns);
            image.values = noise(rows * columns);
            const matrix expected = filtered_by_definition(image, cutoff);
            const auto found = projected<double>(
                image.values, {rows, columns},
                {.cutoff = cutoff, .window = frequency_window::hard, .rounds = 1});
            for (std::size_t i = 0; i < found.size(); ++i)
                CHECK(found[i] == doctest::Approx(expected.values[i]).epsilon(1e-10));
        }
}

TEST_CASE_TEMPLATE("resolution_limit: what is resolved passes, what is not goes", T, float, double)
{
    const std::size_t ny = 50, nx = 41;
    const auto wave = [&](double qy, double qx)
    {
        std::vector<T> out;
        for (std::size_t i = 0; i < ny; ++i)
            for (std::size_t j = 0; j < nx; ++j)
                out.push_back(
                    static_cast<T>(5 + std::cos(2 * pi * qy * (static_cast<double>(i) + 0.5)) *
                                           std::cos(2 * pi * qx * (static_cast<double>(j) + 0.5))));
        return out;
    };
    for (const auto window : {frequency_window::hard, frequency_window::cosine})
    {
        const xu::resolution_limit limit{.cutoff = 0.2, .window = window};
        const auto slow = wave(4.0 / 100, 6.0 / 82); // |q| = 0.083
        const auto kept = projected<T>(slow, {ny, nx}, limit);
        for (std::size_t i = 0; i < kept.size(); ++i)
            CHECK(kept[i] == doctest::Approx(slow[i]).epsilon(1e-5));
        const auto gone = projected<T>(wave(18.0 / 100, 10.0 / 82), {ny, nx}, limit); // |q| = 0.217
        for (const T x : gone)
            CHECK(x == doctest::Approx(5).epsilon(1e-5));
    }
    const auto damped =
        projected<T>(wave(10.0 / 100, 0), {ny, nx},
                     {.cutoff = 0.2, .window = frequency_window::gauss, .rounds = 1});
    CHECK(damped[0] - 5 == doctest::Approx(std::cos(pi * 0.1) * std::exp(-4.5 / 4)).epsilon(1e-4));
}

TEST_CASE("resolution_limit: maps of one, two and three axes of any size, borders without ringing")
{
    for (const std::vector<std::size_t>& shape :
         {std::vector<std::size_t>{97}, {31, 64}, {13, 17}, {6, 7, 8}, {1, 1}})
    {
        std::size_t places = 1;
        for (const std::size_t n : shape)
            places *= n;
        const auto map = projected<double>(noise(places), shape, {.cutoff = 0.2});
        CHECK(xu::out_of_band_power(std::span<const double>(map), shape, 0.2) < 1e-20);
        const std::vector<double> flat(places, 3.0);
        const auto same = projected<double>(flat, shape, {.cutoff = 0.1});
        for (const double x : same)
            CHECK(x == doctest::Approx(3));
    }
}

TEST_CASE("resolution_limit: with rounds, neither negative nor beyond the limit")
{
    const std::vector<std::size_t> shape{40, 40};
    std::vector<double> spikes(1600);
    for (std::size_t i = 0; i < 1600; i += 61)
        spikes[i] = 1;
    double before = 1;
    for (const std::size_t rounds : {1u, 3u, 10u, 100u})
    {
        const auto map = projected<double>(
            spikes, shape, {.cutoff = 0.2, .window = frequency_window::hard, .rounds = rounds});
        CHECK(*std::min_element(map.begin(), map.end()) >= 0);
        const double beyond = xu::out_of_band_power(std::span<const double>(map), shape, 0.2);
        CHECK(beyond < before);
        before = beyond;
    }
    CHECK(before < 1e-4);
}

TEST_CASE("resolution_limit: Dykstra's corrections lead to the nearest map")
{
    const std::vector<std::size_t> shape{12, 12};
    const auto start = random_matrix(144, 1, 5, -1, 1).values;
    const xu::resolution_limit exact{
        .cutoff = 0.25, .window = frequency_window::hard, .rounds = 3000};
    auto plain = exact;
    plain.corrections = false;
    const auto nearest = projected<double>(start, shape, exact),
               some = projected<double>(start, shape, plain);
    const auto distance = [&](const std::vector<double>& x)
    {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
            sum += (x[i] - start[i]) * (x[i] - start[i]);
        return std::sqrt(sum);
    };
    CHECK(xu::out_of_band_power(std::span<const double>(nearest), shape, 0.25) < 1e-8);
    CHECK(distance(nearest) < distance(some));
    // The variational inequality: no allowed map makes an acute angle with the way to the start.
    for (std::uint64_t seed = 0; seed < 20; ++seed)
    {
        const auto other =
            projected<double>(random_matrix(144, 1, 100 + seed, -1, 1).values, shape, exact);
        double slope = 0;
        for (std::size_t i = 0; i < 144; ++i)
            slope += (start[i] - nearest[i]) * (other[i] - nearest[i]);
        CHECK(slope < 1e-3 * distance(nearest));
    }
}

TEST_CASE("resolution_limit: a resolution in the scan's units")
{
    CHECK(xu::resolution_limit::resolving(4).cutoff == 0.25);
    CHECK(xu::resolution_limit::resolving(1.0, 0.2).cutoff == 0.2);
    CHECK(message_of<xu::invalid_argument>([] { xu::resolution_limit::resolving(0.3, 0.2); }) ==
          "a resolution must be finite and at least two steps of the scan, 0.4, got 0.3: a scan "
          "with steps of 0.2 shows no finer detail");
}

TEST_CASE("resolution_limit: with every update the maps keep to the limit")
{
    // Two smooth maps, counted.
    matrix C(30 * 30, 2);
    for (std::size_t i = 0; i < 900; ++i)
    {
        const double y = static_cast<double>(i / 30), x = static_cast<double>(i % 30);
        C(i, 0) = std::exp(-(y - 10) * (y - 10) / 60 - (x - 12) * (x - 12) / 60);
        C(i, 1) = 1.1 - C(i, 0);
    }
    const matrix S = random_matrix(64, 2, 9);
    matrix X = C * transposed(S);
    std::mt19937_64 engine(4);
    std::normal_distribution<double> draw(0, 3);
    for (double& x : X.values)
        x = std::max(0.0, 20 * x + draw(engine));
    const auto data = unfold_as<float>(X, layout::row_major, {30, 30}, {64});
    const std::vector<std::size_t> shape{30, 30};
    const auto beyond = [&](auto update, auto on_maps)
    {
        const auto maps = xu::factorize(data, {.rank = 2, .max_iterations = 80, .seed = 3}, update,
                                        on_maps, xu::on_components(xu::non_negative{}))
                              .maps();
        double worst = 0;
        for (std::size_t j = 0; j < 2; ++j)
            worst = std::max(
                worst, xu::out_of_band_power(std::span<const float>(maps.data() + j * 900, 900),
                                             shape, 0.2));
        return worst;
    };
    const auto free = xu::on_maps(xu::non_negative{});
    const auto limited = xu::on_maps(xu::resolution_limit{.cutoff = 0.2});
    CHECK(beyond(xu::als{}, free) > 2e-3);
    CHECK(beyond(xu::als{}, limited) < 1e-3);
    CHECK(beyond(xu::hals{}, limited) < 1e-3);
    CHECK(beyond(xu::multiplicative{}, limited) < 1e-3);
}

TEST_CASE("resolution_limit: bad input")
{
    const auto validate = [](const xu::resolution_limit& limit,
                             std::vector<std::size_t> shape = {8, 8}) {
        limit.validate(xu::grid{std::move(shape), {}}, 2);
    };
    using xu::invalid_argument;
    CHECK(message_of<invalid_argument>([&] { validate({}); }) ==
          "resolution_limit needs a cutoff above 0 and at most 0.5 cycles a position, the Nyquist "
          "frequency, got 0");
    CHECK(message_of<invalid_argument>([&] { validate({.cutoff = 0.6}); }) ==
          "resolution_limit needs a cutoff above 0 and at most 0.5 cycles a position, the Nyquist "
          "frequency, got 0.6");
    CHECK(message_of<invalid_argument>([&] { validate({.cutoff = 0.2, .edge = 1.5}); }) ==
          "resolution_limit needs an edge between 0 and 1, got 1.5");
    CHECK(message_of<invalid_argument>([&] { validate({.cutoff = 0.2, .rounds = 0}); }) ==
          "resolution_limit needs at least one round, got 0");
    CHECK(message_of<invalid_argument>([&] { validate({.cutoff = 0.2}, {}); }) ==
          "resolution_limit needs a factor that is an image; this one has no shape");
    const std::vector<double> image(12);
    CHECK(message_of<invalid_argument>(
              [&] {
                  xu::out_of_band_power(std::span<const double>(image),
                                        std::vector<std::size_t>{3, 5}, 0.2);
              }) == "an image of shape (3, 5) has 15 values, got 12");
}
}
