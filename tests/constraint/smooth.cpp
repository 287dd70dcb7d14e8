// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace smooth_test
{
using namespace support;

namespace
{
/// L of a grid, by its definition: places are neighbours whose indices differ by one along one
/// axis.
matrix laplacian(const xu::grid& places)
{
    const std::size_t n = places.size();
    const auto index = [&](std::size_t place)
    {
        std::vector<std::size_t> out(places.shape.size());
        for (std::size_t axis = out.size(); axis-- > 0; place /= places.shape[axis])
            out[axis] = place % places.shape[axis];
        return out;
    };
    matrix L(n, n);
    for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b)
        {
            const auto i = index(a), j = index(b);
            std::size_t distance = 0;
            for (std::size_t axis = 0; axis < i.size(); ++axis)
                distance += i[axis] > j[axis] ? i[axis] - j[axis] : j[axis] - i[axis];
            if (distance == 1 && places.keeps(a) && places.keeps(b))
            {
                L(a, b) = -1;
                L(a, a) += 1;
            }
        }
    return L;
}

/// Grids of one to four axes, some of length 1 or 2, some with masked places.
std::vector<xu::grid> grids()
{
    std::vector<xu::grid> out{{{9}, {}},    {{5, 6}, {}},    {{1, 7}, {}},
                              {{2, 2}, {}}, {{3, 4, 5}, {}}, {{2, 3, 1, 4}, {}}};
    for (const std::size_t g : {std::size_t{1}, std::size_t{4}})
    {
        xu::grid masked = out[g];
        masked.keep.assign(masked.size(), 1);
        for (std::size_t i = 2; i < masked.size(); i += 5)
            masked.keep[i] = 0;
        out.push_back(masked);
    }
    return out;
}

/// Zero in the masked rows.
matrix cleared(matrix f, const xu::grid& places)
{
    for (std::size_t i = 0; i < f.rows; ++i)
        for (std::size_t j = 0; j < f.cols && !places.keeps(i); ++j)
            f(i, j) = 0;
    return f;
}

/// G, B and a start for 1/2 <F G, F> - <F, B>.
struct system_
{
    matrix gram, rhs, start;
};
system_ system_of(const xu::grid& places, std::size_t rank, std::uint64_t seed)
{
    const matrix O = random_matrix(30, rank, seed, 0, 1);
    return {transposed(O) * O,
            cleared(random_matrix(places.size(), rank, seed + 1, -5, 10), places),
            cleared(random_matrix(places.size(), rank, seed + 2, 0, 1), places)};
}

/// F after one update of so many rounds.
template <class C>
matrix updated(const system_& s, const xu::grid& places, const C& c, std::size_t rounds)
{
    owned_factor<double> f(s.start, places), rhs(s.rhs, places);
    std::vector<double> gram = s.gram.values;
    const std::size_t k = s.gram.rows;
    const xu::hals update{.rounds = rounds};
    xu::hals::state<double> state;
    update.prepare(xu::matrix_ref<double>(gram.data(), k), places, c, state);
    update(
        f.ref(),
        xu::normal_equations<double>{xu::matrix_ref<const double>(gram.data(), k, k, k), rhs.ref()},
        c, state);
    return to_matrix(f.view());
}

/// x with A x = b, by elimination with pivoting.
std::vector<double> solved(matrix A, std::vector<double> b)
{
    const std::size_t n = A.rows;
    for (std::size_t p = 0; p < n; ++p)
    {
        std::size_t pivot = p;
        for (std::size_t i = p + 1; i < n; ++i)
            if (std::abs(A(i, p)) > std::abs(A(pivot, p)))
                pivot = i;
        for (std::size_t j = 0; j < n; ++j)
            std::swap(A(p, j), A(pivot, j));
        std::swap(b[p], b[pivot]);
        for (std::size_t i = p + 1; i < n; ++i)
        {
            const double factor = A(i, p) / A(p, p);
            for (std::size_t j = p; j < n; ++j)
                A(i, j) -= factor * A(p, j);
            b[i] -= factor * b[p];
        }
    }
    for (std::size_t p = n; p-- > 0;)
    {
        for (std::size_t j = p + 1; j < n; ++j)
            b[p] -= A(p, j) * b[j];
        b[p] /= A(p, p);
    }
    return b;
}

/// The minimiser of 1/2 <F G, F> - <F, B> + weight/2 tr(F^T L F), from all its equations at once.
matrix dense_solution(const system_& s, const xu::grid& places, double weight)
{
    const matrix L = laplacian(places);
    const std::size_t n = s.rhs.rows, k = s.rhs.cols;
    matrix A(n * k, n * k);
    std::vector<double> b(n * k);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j)
        {
            b[i * k + j] = s.rhs(i, j);
            for (std::size_t l = 0; l < k; ++l)
                A(i * k + j, i * k + l) += s.gram(j, l);
            for (std::size_t other = 0; other < n; ++other)
                A(i * k + j, other * k + j) += weight * L(i, other);
        }
    matrix out(n, k);
    out.values = solved(A, b);
    return out;
}

/// F G - B + weight L F
matrix gradient(const system_& s, const matrix& F, const xu::grid& places, double weight)
{
    matrix g = F * s.gram - s.rhs;
    const matrix LF = laplacian(places) * F;
    for (std::size_t e = 0; e < g.values.size(); ++e)
        g.values[e] += weight * LF.values[e];
    return g;
}

double largest(const matrix& a)
{
    double out = 0;
    for (const double x : a.values)
        out = std::max(out, std::abs(x));
    return out;
}
}

TEST_CASE("smooth: the penalty is tr(F^T L F), its hooks are its gradient")
{
    const xu::smooth c{.weight = 0.75};
    for (const auto& places : grids())
    {
        CAPTURE(places.shape.size());
        CAPTURE(places.size());
        const matrix F = cleared(random_matrix(places.size(), 3, 5, 0, 2), places),
                     zero(places.size(), 3), LF = laplacian(places) * F;
        owned_factor<double> f(F, places), plus(zero, places), minus(zero, places);
        double expected = 0;
        for (std::size_t e = 0; e < F.values.size(); ++e)
            expected += 0.75 * F.values[e] * LF.values[e];
        CHECK(c.value(f.view()) == doctest::Approx(expected));
        c.split_gradient(f.view(), plus.ref(), minus.ref());
        std::vector<double> curvature(places.size()), pull(places.size());
        c.add_curvature(places, 0, std::span<double>(curvature));
        for (std::size_t j = 0; j < 3; ++j)
        {
            std::fill(pull.begin(), pull.end(), 0.0);
            c.add_pull(places, j, f.view().column(j), std::span<double>(pull));
            for (std::size_t i = 0; i < places.size(); ++i)
            {
                const double g = 0.75 * LF(i, j), eps = 1e-12;
                CHECK(plus.ref()(i, j) >= 0);
                CHECK(minus.ref()(i, j) >= 0);
                CHECK(std::abs(plus.ref()(i, j) - minus.ref()(i, j) - g) < eps);
                CHECK(std::abs(curvature[i] * F(i, j) - pull[i] - g) < eps);
            }
        }
    }
}

TEST_CASE("smooth: the small systems' terms touch the penalty and lie above it")
{
    const xu::smooth c{.weight = 0.75};
    for (const auto& places : grids())
    {
        const matrix F = cleared(random_matrix(places.size(), 2, 8, 0, 2), places),
                     zero(places.size(), 2);
        owned_factor<double> at(F, places), rhs(zero, places);
        matrix gram(2, 2);
        c.add_to_gram({gram.values.data(), 2}, places);
        c.add_to_rhs(rhs.ref(), at.view());
        const auto bound = [&](const matrix& G)
        {
            const matrix GD = G * gram;
            double out = 0;
            for (std::size_t i = 0; i < G.rows; ++i)
                for (std::size_t j = 0; j < 2; ++j)
                    out += GD(i, j) * G(i, j) - 2 * G(i, j) * rhs.ref()(i, j);
            return out;
        };
        const double offset = c.value(at.view()) - bound(F);
        for (std::uint64_t seed = 0; seed < 20; ++seed)
        {
            const double size = seed < 10 ? 1e-4 : 3;
            matrix G = F;
            const matrix move = random_matrix(places.size(), 2, 100 + seed, -size, size);
            for (std::size_t e = 0; e < G.values.size(); ++e)
                G.values[e] += move.values[e];
            G = cleared(G, places);
            const double value = c.value(owned_factor<double>(G, places).view());
            CHECK(bound(G) + offset >= value - 1e-10);
            if (seed < 10) // to second order
                CHECK(bound(G) + offset - value < 1e-5);
        }
    }
}

TEST_CASE("smooth: descent by colours reaches the minimiser of all equations at once")
{
    for (const auto& places : grids())
        for (const double weight : {0.1, 20.0})
        {
            CAPTURE(places.size());
            CAPTURE(weight);
            const auto s = system_of(places, 3, 11);
            const matrix expected = cleared(dense_solution(s, places, weight), places);
            const matrix found =
                cleared(updated(s, places, xu::all_of(xu::smooth{.weight = weight}), 2000), places);
            CHECK(relative_distance(found, expected) < 1e-8);
        }
}

TEST_CASE("smooth: with non-negativity and sparsity the optimality conditions hold")
{
    for (const auto& places : grids())
        for (const double l1 : {0.0, 0.3})
        {
            const auto s = system_of(places, 3, 21);
            const double weight = 2;
            const xu::all_of c(xu::non_negative{}, xu::smooth{.weight = weight},
                               xu::sparse{.weight = l1});
            const matrix F =
                l1 > 0
                    ? updated(s, places, c, 1000)
                    : updated(s, places,
                              xu::all_of(xu::non_negative{}, xu::smooth{.weight = weight}), 1000);
            const matrix g = gradient(s, F, places, weight);
            std::size_t zeros = 0;
            for (std::size_t i = 0; i < F.rows; ++i)
                for (std::size_t j = 0; j < 3 && places.keeps(i); ++j)
                {
                    CHECK(F(i, j) >= 0);
                    if (F(i, j) > 0)
                        CHECK(std::abs(g(i, j) + l1) < 1e-8 * largest(s.rhs));
                    else
                        CHECK(g(i, j) + l1 >= -1e-8 * largest(s.rhs));
                    zeros += F(i, j) == 0;
                }
            CHECK(zeros > 0);
        }
}

TEST_CASE("smooth: each half of a round lowers the objective, in float as well")
{
    const xu::grid places{{7, 6}, {}};
    auto s = system_of(places, 4, 31);
    const xu::all_of c(xu::non_negative{}, xu::smooth{.weight = 5});
    double last = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 50; ++round)
    {
        s.start = updated(s, places, c, 1);
        const matrix FG = s.start * s.gram;
        double objective = xu::penalty(c, owned_factor<double>(s.start, places).view()) / 2;
        for (std::size_t e = 0; e < FG.values.size(); ++e)
            objective += s.start.values[e] * (FG.values[e] / 2 - s.rhs.values[e]);
        CHECK(objective <= last + 1e-10 * std::abs(objective));
        last = objective;
    }
}

namespace
{
/// Two blurred particles and a ramp on 24 x 20 positions, 40 channels, and noise; all values below
/// `least` raised to it.
struct noisy_maps
{
    matrix maps, components;
    xu::tensor<double> scan;
};
noisy_maps noisy_scan(std::uint64_t seed, double noise,
                      double least = -std::numeric_limits<double>::infinity())
{
    constexpr std::size_t ny = 24, nx = 20, m = 40;
    matrix C(ny * nx, 3), S = random_matrix(m, 3, 77, 0, 1);
    for (std::size_t y = 0; y < ny; ++y)
        for (std::size_t x = 0; x < nx; ++x)
        {
            const double a = static_cast<double>(y) / ny, b = static_cast<double>(x) / nx;
            C(y * nx + x, 0) = std::exp(-12 * ((a - .3) * (a - .3) + (b - .3) * (b - .3)));
            C(y * nx + x, 1) = std::exp(-12 * ((a - .7) * (a - .7) + (b - .6) * (b - .6)));
            C(y * nx + x, 2) = 0.2 + 0.6 * b;
        }
    for (std::size_t c = 0; c < m; ++c)
        for (std::size_t j = 0; j < 3; ++j)
            if (c % 3 != j)
                S(c, j) *= c < 24 ? 0 : 0.3; // pure channels: the factorization is unique
    const matrix X = C * transposed(S), e = random_matrix(ny * nx, m, seed, -noise, noise);
    auto scan = xu::tensor<double>::from_shape({ny, nx, m});
    for (std::size_t i = 0; i < X.values.size(); ++i)
        scan.data()[i] = std::max(least, X.values[i] + e.values[i]);
    return {C, S, scan};
}

template <class OnMaps>
auto fitted(const noisy_maps& s, OnMaps on_maps, std::size_t iterations = 200)
{
    return xu::factorize(xu::unfold(s.scan, xu::positions{0, 1}),
                         {.rank = 3, .max_iterations = iterations, .tolerance = 0, .seed = 4},
                         xu::hals{}, on_maps,
                         xu::on_components(xu::non_negative{}, xu::unit_norm{}));
}

matrix maps_of(const xu::result<double>& r)
{
    return from_tensor(xu::tensor<double>(r.maps()));
}

/// |C - truth| / |truth|, columns matched and scaled to fit best.
double map_error(const matrix& found, const matrix& truth)
{
    const auto order = match(found, truth).found;
    double rest = 0, all = 0;
    for (std::size_t j = 0; j < truth.cols; ++j)
    {
        double ft = 0, ff = 0, tt = 0;
        for (std::size_t i = 0; i < truth.rows; ++i)
        {
            const double f = found(i, order[j]), t = truth(i, j);
            ft += f * t, ff += f * f, tt += t * t;
        }
        rest += tt - ft * ft / ff;
        all += tt;
    }
    return std::sqrt(rest / all);
}
}

TEST_CASE("smooth: at the best weight the error of noisy maps is less than half of plain hals's")
{
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U})
    {
        const auto s = noisy_scan(seed, 0.5);
        const double plain = map_error(maps_of(fitted(s, xu::on_maps(xu::non_negative{}))), s.maps);
        double best = plain;
        for (const double weight : {2.0, 4.0, 8.0, 16.0, 32.0})
            best = std::min(best,
                            map_error(maps_of(fitted(s, xu::on_maps(xu::non_negative{},
                                                                    xu::smooth{.weight = weight}))),
                                      s.maps));
        CAPTURE(plain);
        CAPTURE(best);
        CHECK(best < plain / 2);
    }
}

TEST_CASE("smooth: weight 0 is plain hals")
{
    const auto s = noisy_scan(5, 0.5);
    const auto plain = fitted(s, xu::on_maps(xu::non_negative{}), 30),
               zero = fitted(s, xu::on_maps(xu::non_negative{}, xu::smooth{.weight = 0}), 30);
    CHECK(relative_distance(maps_of(zero), maps_of(plain)) < 1e-9);
}

TEST_CASE_TEMPLATE("smooth: works with every update, on maps and on components", U, xu::als,
                   xu::multiplicative, xu::hals, xu::bpp)
{
    const auto s = noisy_scan(6, 0.3, 0);
    const auto run = [&](double weight)
    {
        return xu::factorize(
            xu::unfold(s.scan, xu::positions{0, 1}),
            {.rank = 3, .max_iterations = 150, .tolerance = 0, .seed = 4}, U{},
            xu::on_maps(xu::non_negative{}, xu::smooth{.weight = weight}),
            xu::on_components(xu::non_negative{}, xu::smooth{.weight = weight / 10}));
    };
    const auto rough = run(0), even = run(10);
    const bool descends = !std::is_same_v<U, xu::als>;
    for (std::size_t i = 1; descends && i < even.history.size(); ++i)
        CHECK(even.history[i].objective <= even.history[i - 1].objective * (1 + 1e-10));
    const xu::grid places{{24, 20}, {}};
    const auto roughness = [&](const auto& r)
    {
        const matrix C = maps_of(r);
        const double value = xu::smooth{.weight = 1}.value(owned_factor<double>(C, places).view());
        return value / squared_norm(C);
    };
    CHECK(roughness(even) < roughness(rough) / 2);
}

TEST_CASE("smooth: bad input is refused")
{
    const auto s = noisy_scan(1, 0.1);
    const auto refusal = [&](double weight)
    {
        return message_of<xu::invalid_argument>(
            [&] { fitted(s, xu::on_maps(xu::smooth{.weight = weight}), 1); });
    };
    CHECK(refusal(-1) == "smooth needs a weight that is not negative and finite, got -1");
    CHECK(refusal(std::numeric_limits<double>::infinity()) ==
          "smooth needs a weight that is not negative and finite, got inf");
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  xu::smooth{}.validate({{1, 1}, {}}, 2);
              }) ==
          "smooth needs a factor that is an image of at least two places, this one has the shape "
          "(1, 1)");
}
}
