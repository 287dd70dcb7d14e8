// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/nndsvd.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/hals.hpp>

#include "../svd/jacobi.hpp"

namespace nndsvd_test
{
using namespace support;

namespace
{
struct factors
{
    matrix maps, components;
};

template <class Data>
factors start(const Data& x, std::size_t rank, xu::nndsvd how = {}, std::uint64_t seed = 1,
              std::size_t threads = 1)
{
    const auto solver =
        xu::make_solver(x, {.rank = rank, .seed = seed, .threads = threads}, xu::hals{}, how);
    return {to_matrix(solver.current().maps), to_matrix(solver.current().components)};
}

/// The published formulas on a decomposition by Jacobi rotations.
factors by_the_book(const matrix& X, std::size_t rank)
{
    const auto svd = jacobi::decompose(X);
    factors out{matrix(X.rows, rank), matrix(X.cols, rank)};
    const auto part = [](const matrix& from, std::size_t j, double sign)
    {
        matrix v(from.rows, 1);
        for (std::size_t i = 0; i < from.rows; ++i)
            v(i, 0) = std::max(0.0, sign * from(i, j));
        return v;
    };
    const auto set = [](matrix& to, std::size_t j, const matrix& v, double scale)
    {
        for (std::size_t i = 0; i < to.rows; ++i)
            to(i, j) = scale * v(i, 0);
    };
    for (std::size_t j = 0; j < rank; ++j)
    {
        double best = -1;
        for (const double sign : {1.0, -1.0})
        {
            const matrix u = part(svd.U, j, sign), v = part(svd.V, j, sign);
            const double nu = std::sqrt(squared_norm(u)), nv = std::sqrt(squared_norm(v));
            if (nu * nv <= best)
                continue;
            best = nu * nv;
            const double lambda = std::sqrt(svd.lengths[j] * nu * nv);
            set(out.maps, j, u, nu > 0 ? lambda / nu : 0);
            set(out.components, j, v, nv > 0 ? lambda / nv : 0);
        }
    }
    return out;
}
}

TEST_CASE("nndsvd: the published formulas on an independent decomposition")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        for (const layout how : {layout::row_major, layout::column_major})
        {
            const matrix X = random_matrix(40, 25, seed);
            const factors expected = by_the_book(X, 6), found = start(unfold_as<double>(X, how), 6);
            CHECK(relative_distance(found.maps, expected.maps) < 1e-9);
            CHECK(relative_distance(found.components, expected.components) < 1e-9);
            const factors rounded = start(unfold_as<float>(X, how), 6);
            CHECK(relative_distance(rounded.maps, expected.maps) < 1e-3);
        }
}

TEST_CASE("nndsvd: more directions than are kept whole")
{
    // Both sides above 64: the decomposition is randomized.
    const planted p = plant({.positions = 150, .channels = 120, .rank = 5});
    const factors expected = by_the_book(p.X, 5), found = start(unfold_as<double>(p.X), 5);
    CHECK(relative_distance(found.maps, expected.maps) < 1e-9);
    CHECK(relative_distance(found.components, expected.components) < 1e-9);
}

TEST_CASE("nndsvd: zeros are filled from the mean of X")
{
    const matrix X = random_matrix(40, 25, 3);
    const double mean = std::accumulate(X.values.begin(), X.values.end(), 0.0) / 1000;
    const auto x = unfold_as<double>(X);
    const factors zero = start(x, 6), filled = start(x, 6, {.fill = xu::nndsvd_fill::mean}),
                  drawn = start(x, 6, {.fill = xu::nndsvd_fill::random});
    double sum = 0, square = 0;
    std::size_t zeros = 0;
    for (const auto which : {&factors::maps, &factors::components})
        for (std::size_t e = 0; e < (zero.*which).values.size(); ++e)
        {
            const double value = (zero.*which).values[e], a = (filled.*which).values[e],
                         ar = (drawn.*which).values[e];
            CHECK(a == (value > 0 ? value : doctest::Approx(mean).epsilon(1e-12)));
            CHECK((value > 0 ? ar == value : ar > 0));
            zeros += value == 0;
            sum += value == 0 ? ar : 0;
            square += value == 0 ? ar * ar : 0;
        }
    const double count = static_cast<double>(zeros);
    REQUIRE(count > 100);
    // |normal| has the mean sqrt(2 / pi) and the mean square 1.
    CHECK(sum / count == doctest::Approx(0.798 * mean / 100).epsilon(0.2));
    CHECK(square / count == doctest::Approx(mean * mean / 1e4).epsilon(0.35));
    const factors again = start(x, 6, {.fill = xu::nndsvd_fill::random}),
                  other = start(x, 6, {.fill = xu::nndsvd_fill::random}, 2);
    CHECK(again.maps.values == drawn.maps.values);
    CHECK(other.maps.values != drawn.maps.values);
}

TEST_CASE("nndsvd: units and threads")
{
    matrix X = random_matrix(80, 70, 4);
    const factors one = start(unfold_as<double>(X), 5),
                  two = start(unfold_as<double>(X), 5, {}, 1, 2);
    CHECK((one.maps.values == two.maps.values && one.components.values == two.components.values));
    for (double& x : X.values)
        x *= 1e-16;
    factors small = start(unfold_as<double>(X), 5);
    for (double& x : small.maps.values)
        x *= 1e8;
    CHECK(relative_distance(small.maps, one.maps) < 1e-9);
    const matrix counts = counted(random_matrix(40, 30, 5), 200);
    CHECK(relative_distance(start(unfold_as<std::uint8_t>(counts), 4).maps,
                            by_the_book(counts, 4).maps) < 1e-3);
}

TEST_CASE("nndsvd: what is masked is not read and stays zero")
{
    matrix X = random_matrix(30, 20, 6);
    auto keep = xu::tensor<bool>::from_shape({std::size_t{30}});
    for (std::size_t i = 0; i < 30; ++i)
        keep(i) = i % 4 != 1;
    matrix cut(0, 20);
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t c = 0; c < 20; ++c)
        {
            if (keep(i))
                cut.values.push_back(X(i, c));
            else
                X(i, c) = std::nan("");
        }
    cut.rows = cut.values.size() / 20;
    const auto x = unfold_as<double>(X).mask_positions(keep);
    for (const auto fill : {xu::nndsvd_fill::zero, xu::nndsvd_fill::mean, xu::nndsvd_fill::random})
    {
        const factors f = start(x, 4, {.fill = fill});
        CHECK((f.maps(1, 3) == 0 && f.maps(29, 0) == 0));
        CHECK(std::isfinite(squared_norm(f.maps)));
        if (fill == xu::nndsvd_fill::zero)
            CHECK(relative_distance(f.components, by_the_book(cut, 4).components) < 1e-9);
    }
}

TEST_CASE("nndsvd: weights count in the decomposition")
{
    const matrix X = counted(random_matrix(40, 25, 7), 50);
    const auto x = xu::poisson_scaled(xu::dense(unfold_as<double>(X)));
    matrix even = X;
    for (std::size_t i = 0; i < 40; ++i)
        for (std::size_t c = 0; c < 25; ++c)
            even(i, c) *= std::sqrt(x.weights().positions[i] * x.weights().channels[c]);
    factors expected = by_the_book(even, 4);
    for (std::size_t j = 0; j < 4; ++j)
    {
        for (std::size_t i = 0; i < 40; ++i)
            expected.maps(i, j) /= std::sqrt(x.weights().positions[i]);
        for (std::size_t c = 0; c < 25; ++c)
            expected.components(c, j) /= std::sqrt(x.weights().channels[c]);
    }
    const factors found = start(x, 4);
    CHECK(relative_distance(found.maps, expected.maps) < 1e-9);
    CHECK(relative_distance(found.components, expected.components) < 1e-9);
}

TEST_CASE("nndsvd: the start is nearer to X than a random one")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const planted p = plant({.rank = 4, .background = 0.5, .seed = seed});
        const auto before = [&](const auto& init)
        {
            return xu::factorize(unfold_as<double>(p.X),
                                 {.rank = 4, .max_iterations = 0, .seed = seed, .threads = 1},
                                 xu::hals{}, init)
                .objective;
        };
        CHECK(before(xu::nndsvd{}) < 0.8 * before(xu::random_uniform{}));
    }
}

TEST_CASE("nndsvd: bad input is refused in words, data of both signs are not")
{
    const matrix low = random_matrix(9, 2, 1) * random_matrix(2, 5, 2);
    CHECK(message_of<xu::invalid_argument>([&] { start(unfold_as<double>(low), 3); }) ==
          "nndsvd needs data of rank 3 at least, and X has rank 2; ask for 2 components");
    matrix negative = low;
    for (double& x : negative.values)
        x = -1;
    CHECK(message_of<xu::invalid_data>(
              [&] { start(unfold_as<double>(negative), 1, {.fill = xu::nndsvd_fill::mean}); }) ==
          "nndsvd fills zeros from the mean of X, which must be positive, got -1; take "
          "nndsvd_fill::zero");
    // u > 0 and v < 0: no pair of parts.
    const factors f = start(unfold_as<double>(negative), 1);
    CHECK(std::isfinite(squared_norm(f.maps)));
    matrix blocks(6, 6);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t c = 0; c < 6; ++c)
            blocks(i, c) = i < 3 && c < 3 ? 2 : i >= 3 && c >= 3 ? -1 : 0;
    const factors g = start(unfold_as<double>(blocks), 2);
    CHECK((squared_norm(g.maps) > 0 && g.maps(4, 1) == 0 && g.components(4, 1) == 0));
}
}
