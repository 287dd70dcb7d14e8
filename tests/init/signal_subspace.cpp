// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/signal_subspace.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/hals.hpp>

#include "mixtures.hpp"

namespace signal_subspace_test
{
using namespace support;

namespace
{
template <class Data>
auto search(const Data& x, std::size_t rank, xu::signal_subspace how = {}, std::uint64_t seed = 1,
            std::size_t threads = 1)
{
    return xu::extract_endmembers(x, how, {.rank = rank, .seed = seed, .threads = threads});
}

/// How far the components that were found are from the truth.
template <class Data, class How>
double error_of(const Data& x, const mixture& mix, How how, std::uint64_t seed = 1)
{
    const auto found =
        xu::extract_endmembers(x, how, {.rank = mix.components.cols, .seed = seed, .threads = 1});
    return mean_angle(from_tensor(found.components), mix.components);
}

/// Constraints with random normals around 0, and a box that bounds them.
struct constraints
{
    std::vector<double> rows, bounds;
};

constraints random_constraints(std::size_t d, std::size_t count, std::uint64_t seed)
{
    const matrix normals = random_matrix(count, d, seed, -1, 1), b = random_matrix(count, 1, seed);
    constraints out{normals.values, b.values};
    for (double& bound : out.bounds)
        bound += 0.2;
    for (std::size_t j = 0; j < d; ++j)
        for (const double sign : {1.0, -1.0})
        {
            for (std::size_t l = 0; l < d; ++l)
                out.rows.push_back(l == j ? sign : 0);
            out.bounds.push_back(1.5);
        }
    return out;
}

/// The solution of a small linear system by Cramer's rule; nothing for a singular one.
std::vector<double> solve(const std::vector<std::vector<double>>& a, const std::vector<double>& b)
{
    const auto det = [](const auto& m) -> double
    {
        if (m.size() == 1)
            return m[0][0];
        if (m.size() == 2)
            return m[0][0] * m[1][1] - m[0][1] * m[1][0];
        return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
               m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
               m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
    };
    const double all = det(a);
    if (std::abs(all) < 1e-9)
        return {};
    std::vector<double> out;
    for (std::size_t j = 0; j < b.size(); ++j)
    {
        auto column = a;
        for (std::size_t i = 0; i < b.size(); ++i)
            column[i][j] = b[i];
        out.push_back(det(column) / all);
    }
    return out;
}

double value(const std::vector<double>& c, const std::vector<double>& t)
{
    return std::inner_product(c.begin(), c.end(), t.begin(), 0.0);
}

/// How far t is outside of the constraints.
double violation(const constraints& p, const std::vector<double>& t)
{
    double worst = -1e300;
    for (std::size_t q = 0; q < p.bounds.size(); ++q)
        worst = std::max(
            worst, std::inner_product(t.begin(), t.end(),
                                      p.rows.begin() + static_cast<std::ptrdiff_t>(q * t.size()),
                                      -p.bounds[q]));
    return worst;
}

/// The largest c^T t over all vertices, each the meeting of d constraints.
double best_of_all_vertices(const constraints& p, const std::vector<double>& c)
{
    const std::size_t d = c.size(), count = p.bounds.size();
    std::vector<bool> chosen(count);
    std::fill(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(d), true);
    double best = -1e300;
    do
    {
        std::vector<std::vector<double>> a;
        std::vector<double> b;
        for (std::size_t q = 0; q < count; ++q)
            if (chosen[q])
            {
                a.emplace_back(p.rows.begin() + static_cast<std::ptrdiff_t>(q * d),
                               p.rows.begin() + static_cast<std::ptrdiff_t>((q + 1) * d));
                b.push_back(p.bounds[q]);
            }
        const auto t = solve(a, b);
        if (!t.empty() && violation(p, t) < 1e-9)
            best = std::max(best, value(c, t));
    } while (std::prev_permutation(chosen.begin(), chosen.end()));
    return best;
}
}

TEST_CASE("polytope: the farthest vertex is the best of all")
{
    for (std::size_t d = 1; d <= 3; ++d)
        for (std::uint64_t seed = 1; seed <= 40; ++seed)
        {
            const constraints p = random_constraints(d, 12, seed);
            const xu::detail::polytope inside(d, p.rows, p.bounds);
            xu::random_engine engine(seed);
            const auto c = random_matrix(d, 1, seed + 1000, -1, 1).values;
            const auto t = inside.farthest_vertex(c, engine);
            CHECK(violation(p, t) < 1e-7);
            CHECK(value(c, t) == doctest::Approx(best_of_all_vertices(p, c)).epsilon(1e-7));
        }
}

TEST_CASE("polytope: facets given many times over, and in many dimensions")
{
    // {t >= -1, sum t <= 1}: the farthest vertex along c is known.
    for (const std::size_t d : {2U, 5U, 10U, 20U})
        for (std::uint64_t seed = 1; seed <= 10; ++seed)
        {
            constraints p;
            for (int copy = 0; copy < 30; ++copy)
                for (std::size_t q = 0; q <= d; ++q)
                {
                    const double size = 1 + 0.37 * copy;
                    for (std::size_t j = 0; j < d; ++j)
                        p.rows.push_back(q == d ? size : q == j ? -size : 0);
                    p.bounds.push_back(size);
                }
            const xu::detail::polytope inside(d, p.rows, p.bounds);
            xu::random_engine engine(seed);
            const auto c = random_matrix(d, 1, seed, -1, 1).values;
            const auto t = inside.farthest_vertex(c, engine);
            const double low = -std::accumulate(c.begin(), c.end(), 0.0),
                         top = *std::max_element(c.begin(), c.end());
            CHECK(violation(p, t) < 1e-6);
            CHECK(value(c, t) ==
                  doctest::Approx(std::max(low, low + top * static_cast<double>(d + 1)))
                      .epsilon(1e-6));
        }
}

TEST_CASE("polytope: hit-and-run is uniform and stays inside")
{
    // The triangle (-1, -1), (2, -1), (-1, 2): mean 0, variances 1/2, covariance -1/4.
    const constraints p{{-1, 0, 0, -1, 1, 1}, {1, 1, 1}};
    const xu::detail::polytope inside(2, p.rows, p.bounds);
    xu::random_engine engine(1);
    const std::size_t count = 20000;
    const auto t = inside.samples(count, 5, engine);
    double mean[2] = {}, square[2] = {}, mixed_square = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        CHECK_MESSAGE(violation(p, {t[2 * i], t[2 * i + 1]}) < 1e-12, i);
        for (std::size_t j = 0; j < 2; ++j)
        {
            mean[j] += t[2 * i + j] / count;
            square[j] += t[2 * i + j] * t[2 * i + j] / count;
        }
        mixed_square += t[2 * i] * t[2 * i + 1] / count;
    }
    for (std::size_t j = 0; j < 2; ++j)
    {
        CHECK(std::abs(mean[j]) < 0.03);
        CHECK(square[j] == doctest::Approx(0.5).epsilon(0.05));
    }
    CHECK(mixed_square == doctest::Approx(-0.25).epsilon(0.1));
}

TEST_CASE("signal_subspace: components are found where no position is pure, as vca cannot")
{
    double worst = 0, best_of_vca = 10;
    for (const std::size_t rank : {2U, 3U, 4U, 5U, 6U, 8U})
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
            for (const double decibel : {30.0, 40.0, 0.0})
            {
                CAPTURE(rank);
                CAPTURE(seed);
                CAPTURE(decibel);
                const mixture mix = mixed({.rank = rank,
                                           .most = 0.6,
                                           .pure = false,
                                           .brightness = 3,
                                           .decibel = decibel,
                                           .alone = 5,
                                           .seed = seed});
                const auto x = unfold_as<double>(mix.X);
                const double sss = error_of(x, mix, xu::signal_subspace{}, seed),
                             alone = error_of(x, mix, xu::vca{}, seed);
                CHECK(sss < (decibel == 0 ? 1e-6 : 0.05));
                CHECK(alone > 0.15);
                worst = std::max(worst, sss);
                best_of_vca = std::min(best_of_vca, alone);
            }
    MESSAGE("mean spectral angle at worst " << worst << "; of vca alone at best " << best_of_vca);
}

TEST_CASE("signal_subspace: on maps, where channels overlap")
{
    for (const std::size_t rank : {2U, 4U, 6U})
        for (std::uint64_t seed = 1; seed <= 4; ++seed)
        {
            // What is said of channels above, here of positions.
            mixture mix = mixed({.positions = 100,
                                 .channels = 300,
                                 .rank = rank,
                                 .most = 0.6,
                                 .pure = false,
                                 .decibel = 40,
                                 .alone = 5,
                                 .seed = seed});
            mix.X = transposed(mix.X);
            std::swap(mix.maps, mix.components);
            const auto x = unfold_as<double>(mix.X);
            CHECK(error_of(x, mix, xu::signal_subspace{.on = xu::side::maps}, seed) < 0.02);
        }
}

TEST_CASE("signal_subspace: sampling alone does for few components")
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        const mixture mix =
            mixed({.rank = 2, .most = 0.6, .pure = false, .alone = 5, .seed = seed});
        CHECK(error_of(unfold_as<double>(mix.X), mix,
                       xu::signal_subspace{.samples = 500, .vertices = 0}, seed) < 0.05);
    }
}

TEST_CASE("signal_subspace: counts, with weights or without")
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        mixture mix = mixed({.positions = 1600,
                             .rank = 4,
                             .most = 0.6,
                             .pure = false,
                             .brightness = 3,
                             .alone = 5,
                             .seed = seed});
        std::mt19937_64 engine(seed);
        const double total = std::accumulate(mix.X.values.begin(), mix.X.values.end(), 0.0);
        for (double& x : mix.X.values)
            x = std::poisson_distribution<int>(3000 * 1600 / total * x + 1e-300)(engine);
        const auto x = unfold_as<std::uint16_t>(mix.X);
        CHECK(error_of(x, mix, xu::signal_subspace{}, seed) < 0.03);
        CHECK(error_of(xu::poisson_scaled(xu::dense(x)), mix, xu::signal_subspace{}, seed) < 0.03);
    }
}

TEST_CASE("signal_subspace: units, layouts, number types and threads")
{
    mixture mix = mixed({.rank = 4, .most = 0.6, .pure = false, .decibel = 40, .alone = 5});
    const auto x = unfold_as<double>(mix.X);
    const auto found = search(x, 4);
    CHECK(found.positions.empty());
    const matrix S = from_tensor(found.components);
    for (std::size_t j = 0; j < 4; ++j)
    {
        double sum = 0;
        for (std::size_t c = 0; c < S.rows; ++c)
            sum += S(c, j);
        CHECK(sum == doctest::Approx(1).epsilon(1e-9));
    }
    CHECK(search(x, 4, {}, 1, 2).components == found.components);
    CHECK(mean_angle(from_tensor(search(x, 4, {}, 2).components), S) < 0.01);
    CHECK(error_of(unfold_as<double>(mix.X, layout::column_major), mix, xu::signal_subspace{}) <
          0.02);
    CHECK(error_of(unfold_as<float>(mix.X), mix, xu::signal_subspace{}) < 0.02);
    for (double& value : mix.X.values)
        value *= 1e-8;
    CHECK(mean_angle(from_tensor(search(unfold_as<double>(mix.X), 4).components), S) < 1e-3);
}

TEST_CASE("signal_subspace: what is masked is not read, dark channels do not matter")
{
    mixture mix = mixed({.rank = 3, .most = 0.6, .pure = false, .decibel = 45, .alone = 5});
    auto positions = xu::tensor<bool>::from_shape({mix.X.rows});
    auto channels = xu::tensor<bool>::from_shape({mix.X.cols});
    for (std::size_t i = 0; i < mix.X.rows; ++i)
        positions(i) = i % 9 != 4;
    for (std::size_t c = 0; c < mix.X.cols; ++c)
        channels(c) = c % 7 != 2;
    for (std::size_t i = 0; i < mix.X.rows; ++i)
        for (std::size_t c = 0; c < mix.X.cols; ++c)
            if (!positions(i) || !channels(c))
                mix.X(i, c) = std::nan("");
            else if (c > 90)
                mix.X(i, c) = 0;
    matrix truth = mix.components;
    for (std::size_t c = 0; c < truth.rows; ++c)
        for (std::size_t j = 0; j < 3; ++j)
            truth(c, j) *= channels(c) && c <= 90;
    const auto x = unfold_as<double>(mix.X).mask_positions(positions).mask_channels(channels);
    for (const auto on : {xu::side::components, xu::side::maps})
    {
        const auto found = search(x, 3, {.on = on}).components;
        CHECK((found(0, 2) == 0 && found(2, 9) == 0));
        if (on == xu::side::components)
            CHECK(mean_angle(from_tensor(found), truth) < 0.02);
        else
            CHECK(std::isfinite(squared_norm(from_tensor(found))));
    }
}

TEST_CASE("signal_subspace: rank 1, and as a start")
{
    const mixture one = mixed({.rank = 1, .brightness = 3});
    CHECK(error_of(unfold_as<double>(one.X), one, xu::signal_subspace{}) < 1e-6);
    const mixture mix = mixed({.rank = 4, .most = 0.6, .pure = false, .decibel = 40, .alone = 5});
    for (const double least : {0.0, 0.01})
    {
        const auto r = xu::factorize(
            unfold_as<double>(mix.X), {.rank = 4, .max_iterations = 30, .threads = 1}, xu::hals{},
            xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}),
            xu::signal_subspace{.least = least});
        CHECK(mean_angle(to_matrix(r.components_matrix()), mix.components) < 0.03);
        CHECK(mean_angle(to_matrix(r.maps_matrix()), mix.maps) < 0.05);
    }
}

TEST_CASE("signal_subspace: bad input is refused in words")
{
    const auto refusal = [](const matrix& X, std::size_t rank, xu::signal_subspace how = {})
    { return message_of<xu::error>([&] { search(unfold_as<double>(X), rank, how); }); };
    const matrix low = random_matrix(9, 2, 1) * random_matrix(2, 5, 2);
    CHECK(refusal(low, 6) == "the rank must be at least 1 and at most the smaller of positions and "
                             "channels, min(9, 5) unmasked; got 6");
    CHECK(refusal(low, 3) ==
          "signal_subspace needs data of rank 3 at least, and X has rank 2; ask for 2 components");
    CHECK(refusal(low, 2, {.tolerance = -1}) ==
          "signal_subspace: the tolerance is 0 or more standard deviations, got -1");
    CHECK(refusal(low, 2, {.vertices = 0}) == "signal_subspace needs vertices, or samples more "
                                              "than the rank, and draws of them");
    matrix negative = low;
    for (double& x : negative.values)
        x = -x;
    CHECK(refusal(negative, 2).substr(0, 48) == "signal_subspace needs data with a positive mean;");
}
}
