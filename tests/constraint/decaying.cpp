// SPDX-License-Identifier: BSD-3-Clause
// The nearest curve that decays, beside an exhaustive search, and in hals on spectra with a
// background.
#include "../support.hpp"

#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/hals.hpp>

namespace decaying_test
{
using namespace support;

static_assert(xu::constraint<xu::decaying, float> && xu::constraint<xu::decaying, double>);
static_assert(xu::hals::pairing_with<xu::decaying, float>() == xu::pairing::descent);
static_assert(!xu::traits<xu::decaying>::row_separable && xu::traits<xu::decaying>::scale_free &&
              xu::traits<xu::decaying>::keeps_order && !xu::traits<xu::decaying>::moves &&
              !xu::traits<xu::decaying>::in_orthant);

namespace
{
using curve = std::vector<double>;

matrix as_column(const curve& y)
{
    matrix out(y.size(), 1);
    out.values = y;
    return out;
}

/// The nearest curve of the shape, channels masked where keep is 0.
template <class T = double>
curve projected(const curve& y, xu::decay shape, std::vector<std::uint8_t> keep = {})
{
    owned_factor<T> f(as_column(y), xu::grid{{y.size()}, std::move(keep)});
    const xu::decaying constraint{.shape = shape};
    constraint.validate(f.places, 1);
    xu::project(constraint, f.ref());
    return to_matrix(f.view()).values;
}

curve random_curve(std::size_t m, std::uint64_t seed, double low, double high)
{
    return random_matrix(1, m, seed, low, high).values;
}

/// The curves from which every feasible one is made with non-negative weights: level up to a place
/// and zero behind for monotone; a constant and the hinges (x_l - x)_+ for convex.
matrix generators(const curve& x, xu::decay shape)
{
    const std::size_t m = x.size();
    matrix g(m, m);
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t l = 0; l < m; ++l)
            g(i, l) = shape == xu::decay::monotone ? (i <= l ? 1 : 0)
                      : l == 0                     ? 1
                                                   : std::max(x[l] - x[i], 0.0);
    return g;
}

/// A x = b for symmetric A > 0, by elimination in long double.
curve solved(const matrix& a, const curve& b)
{
    const std::size_t n = b.size();
    std::vector<std::vector<long double>> rows(n);
    for (std::size_t i = 0; i < n; ++i)
    {
        for (std::size_t j = 0; j < n; ++j)
            rows[i].push_back(a(i, j));
        rows[i].push_back(b[i]);
    }
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
        {
            const long double factor = i == k ? 0 : rows[i][k] / rows[k][k];
            for (std::size_t j = 0; j <= n; ++j)
                rows[i][j] -= factor * rows[k][j];
        }
    curve out;
    for (std::size_t i = 0; i < n; ++i)
        out.push_back(static_cast<double>(rows[i][n] / rows[i][i]));
    return out;
}

/// Non-negative least squares with weights by trying every set of generators.
curve nearest_of_all(const curve& x, const curve& y, xu::decay shape, const curve& weights = {})
{
    const std::size_t m = y.size();
    matrix g = generators(x, shape), target = as_column(y);
    const auto root = [&](std::size_t i) { return weights.empty() ? 1 : std::sqrt(weights[i]); };
    for (std::size_t i = 0; i < m; ++i)
    {
        target(i, 0) *= root(i);
        for (std::size_t l = 0; l < m; ++l)
            g(i, l) *= root(i);
    }
    double least = squared_norm(target);
    matrix best(m, 1);
    for (std::size_t set = 1; set < (std::size_t{1} << m); ++set)
    {
        std::vector<std::size_t> chosen;
        for (std::size_t l = 0; l < m; ++l)
            if (set >> l & 1)
                chosen.push_back(l);
        matrix part(m, chosen.size());
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t l = 0; l < chosen.size(); ++l)
                part(i, l) = g(i, chosen[l]);
        const matrix shares =
            as_column(solved(transposed(part) * part, (transposed(part) * target).values));
        if (*std::min_element(shares.values.begin(), shares.values.end()) < 0)
            continue;
        const matrix f = part * shares;
        if (squared_norm(f - target) < least)
            least = squared_norm(f - target), best = f;
    }
    for (std::size_t i = 0; i < m; ++i)
        best(i, 0) /= root(i);
    return best.values;
}

/// The largest violation of what the shape asks for, in units of the largest value.
double violation(const curve& f, xu::decay shape)
{
    double worst = -f.back(), size = std::numeric_limits<double>::min();
    for (std::size_t i = 0; i < f.size(); ++i)
    {
        size = std::max(size, std::abs(f[i]));
        if (i + 1 < f.size())
            worst = std::max(worst, f[i + 1] - f[i]);
        if (shape == xu::decay::convex && i > 0 && i + 1 < f.size())
            worst = std::max(worst, 2 * f[i] - f[i - 1] - f[i + 1]);
    }
    return std::max(worst, 0.0) / size;
}

double distance(const curve& a, const curve& b)
{
    return std::sqrt(squared_norm(as_column(a) - as_column(b)));
}

const xu::decay shapes[] = {xu::decay::monotone, xu::decay::convex};

/// Curves to project: noise, power laws with and without, a rising line, steps, zeros.
std::vector<curve> cases(std::size_t m, std::uint64_t seed)
{
    const curve noise = random_curve(m, seed, -1, 1);
    std::vector<curve> out(7, curve(m));
    for (std::size_t i = 0; i < m; ++i)
    {
        const double at = static_cast<double>(i), law = std::pow(1 + at / 20, -3);
        out[0][i] = noise[i];
        out[1][i] = law;
        out[2][i] = law + 0.1 * noise[i];
        out[3][i] = at / 10 - 1;
        out[4][i] = i < m / 3 ? 2 : i < 2 * m / 3 ? -1 : 1;
        out[5][i] = 1 + 0.2 * noise[i] + (i == m / 2 ? 5 : 0);
    }
    return out;
}
}

TEST_CASE("decaying: agrees with the best of all sets of knots")
{
    std::mt19937_64 engine(1);
    for (const auto shape : shapes)
        for (std::size_t m = 1; m <= 8; ++m)
            for (std::uint64_t seed = 0; seed < 15; ++seed)
            {
                curve y = random_curve(m, seed + 100 * m, seed % 3 == 0 ? -1 : -0.2, 1);
                if (seed % 3 == 1)
                    std::sort(y.begin(), y.end(), std::greater<>{});
                // The same on channels of which some are masked.
                std::vector<std::uint8_t> keep;
                curve x, whole;
                for (std::size_t i = 0; i < m; ++i)
                {
                    for (std::size_t gap = engine() % 3; gap > 0; --gap)
                        keep.push_back(0), whole.push_back(std::nan(""));
                    x.push_back(static_cast<double>(keep.size()));
                    keep.push_back(1), whole.push_back(y[i]);
                }
                curve found;
                for (const double v : projected(whole, shape, keep))
                    if (!std::isnan(v))
                        found.push_back(v);
                CAPTURE(m);
                CAPTURE(seed);
                REQUIRE(found.size() == m);
                CHECK(distance(found, nearest_of_all(x, y, shape)) < 1e-9);
            }
}

TEST_CASE("decaying: with weights agrees with the best of all sets of knots")
{
    for (const auto shape : shapes)
        for (std::size_t m = 1; m <= 8; ++m)
            for (std::uint64_t seed = 0; seed < 15; ++seed)
            {
                const curve y = random_curve(m, seed + 100 * m, seed % 3 == 0 ? -1 : -0.2, 1),
                            weights = random_curve(m, seed + 7, 0.01, seed % 2 == 0 ? 1 : 30);
                curve x(m);
                std::iota(x.begin(), x.end(), 0.0);
                owned_factor<double> f(as_column(y), xu::grid{{m}, {}});
                xu::decaying constraint{.shape = shape};
                constraint.prepare(f.view(), {.product = xu::inner_product(std::span(weights))});
                constraint.project(f.ref());
                CAPTURE(m);
                CAPTURE(seed);
                CHECK(distance(f.values, nearest_of_all(x, y, shape, weights)) < 1e-9);
            }
}

TEST_CASE("decaying: a channel without weight lies on the curve of the others")
{
    const curve y{9, 100, 5, 4, -70, 3}, weights{1, 0, 1, 2, 0, 1};
    for (const auto shape : shapes)
    {
        owned_factor<double> f(as_column(y), xu::grid{{6}, {}});
        xu::decaying constraint{.shape = shape};
        constraint.prepare(f.view(), {.product = xu::inner_product(std::span(weights))});
        constraint.project(f.ref());
        CHECK(violation(f.values, shape) < 1e-12);
        for (const std::size_t i : {0U, 2U, 3U, 5U})
            CHECK(f.values[i] == doctest::Approx(y[i]).epsilon(1e-9));
    }
}

TEST_CASE_TEMPLATE("decaying: is feasible, the same when repeated, and fits the conditions", T,
                   double, float)
{
    const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
    for (const auto shape : shapes)
        for (const std::size_t m : std::vector<std::size_t>{2, 3, 20, 257, 1000, 4096})
            for (const curve& y : cases(m, m))
            {
                const curve f = projected<T>(y, shape);
                CAPTURE(m);
                CHECK(violation(f, shape) < 8 * epsilon);
                CHECK(violation(f, xu::decay::monotone) == 0);
                const double size = std::sqrt(squared_norm(as_column(y)));
                const double close = std::is_same_v<T, float> ? 3e-6 : 3e-7;
                CHECK(distance(projected<T>(f, shape), f) <= close * size);
                // A projection on a cone: what is left is orthogonal to f, and no generator would
                // make it smaller.
                const matrix left = as_column(y) - as_column(f);
                CHECK(std::abs((transposed(left) * as_column(f))(0, 0)) <=
                      50 * epsilon * size * size);
                curve x(m);
                std::iota(x.begin(), x.end(), 0.0);
                if (m > 300)
                    continue;
                const matrix g = generators(x, shape), slopes = transposed(g) * left;
                double steepest = 0;
                for (std::size_t l = 0; l < m; ++l)
                {
                    double norm = 0;
                    for (std::size_t i = 0; i < m; ++i)
                        norm += g(i, l) * g(i, l);
                    if (norm > 0)
                        steepest = std::max(steepest, slopes(l, 0) / std::sqrt(norm));
                }
                CHECK(steepest <= (std::is_same_v<T, float> ? 1e-6 : 1e-12) * size);
            }
}

TEST_CASE("decaying: the conditions hold for noise of every size, on masked channels too")
{
    const std::size_t m = 700;
    for (std::uint64_t seed = 0; seed < 120; ++seed)
    {
        std::mt19937_64 engine(seed);
        std::uniform_real_distribution<double> uniform(0, 1);
        std::normal_distribution<double> normal;
        const double noise = std::pow(10, -17 * uniform(engine)),
                     start = 10 + 700 * uniform(engine), power = 5 * uniform(engine);
        curve y(m), x;
        std::vector<std::uint8_t> keep(m, 1);
        for (std::size_t i = 0; i < m; ++i)
        {
            const double at = static_cast<double>(i);
            const double smooth = seed % 3 == 0   ? std::pow(1 + at / start, -power)
                                  : seed % 3 == 1 ? std::max(0.0, 1 - at / 500)
                                                  : std::exp(-at / 50);
            y[i] = smooth * (1 + noise * normal(engine));
            keep[i] = seed % 2 == 0 || uniform(engine) < 0.8;
        }
        const curve f = projected(y, xu::decay::convex, keep);
        // Gradients along the hinges (x_l - x)_+ and the constant, and what is left along f.
        double size = 0, sum = 0, gradient = 0, along = 0, steepest = 0, count = 0, last = 0;
        double moment = 0, squares = 0;
        for (std::size_t i = 0; i < m; ++i)
        {
            if (!keep[i])
                continue;
            const double at = static_cast<double>(i), dx = at - last;
            squares += 2 * dx * moment + dx * dx * count, moment += dx * count;
            gradient += dx * sum;
            if (squares > 0)
                steepest = std::max(steepest, gradient / std::sqrt(squares));
            sum += y[i] - f[i], count += 1, last = at;
            along += (y[i] - f[i]) * f[i], size += y[i] * y[i];
        }
        CAPTURE(seed);
        CHECK(steepest <= 1e-12 * std::sqrt(size));
        CHECK(sum / std::sqrt(count) <= 1e-12 * std::sqrt(size));
        CHECK(std::abs(along) <= 1e-12 * size);
        CHECK(distance(projected(f, xu::decay::convex, keep), f) <= 3e-7 * std::sqrt(size));
    }
}

TEST_CASE("decaying: is nearer than 1,000 random feasible curves")
{
    std::mt19937_64 engine(3);
    std::exponential_distribution<double> draw(1);
    const std::size_t m = 30;
    curve x(m);
    std::iota(x.begin(), x.end(), 0.0);
    for (const auto shape : shapes)
    {
        const matrix g = generators(x, shape);
        for (const curve& y : cases(m, 5))
        {
            const curve f = projected(y, shape);
            const double nearest = distance(f, y);
            std::size_t nearer = 0;
            for (int trial = 0; trial < 1000; ++trial)
            {
                curve weights(m);
                for (double& w : weights)
                    w = engine() % 4 == 0 ? draw(engine) / 10 : 0;
                curve other = (g * as_column(weights)).values;
                if (trial % 2 == 1) // close to what was found
                    for (std::size_t i = 0; i < m; ++i)
                        other[i] = f[i] + 1e-3 * other[i];
                nearer += distance(other, y) < nearest * (1 - 1e-12);
            }
            CHECK(nearer == 0);
        }
    }
}

TEST_CASE("decaying: does not depend on scale")
{
    for (const auto shape : shapes)
        for (const curve& y : cases(200, 9))
        {
            const curve f = projected(y, shape);
            for (const double scale : {1e-150, 0x1p-20, 1e150})
            {
                curve scaled = y;
                for (double& v : scaled)
                    v *= scale;
                curve found = projected(scaled, shape);
                for (double& v : found)
                    v /= scale;
                CHECK(distance(found, f) <= 1e-6 * (1 + distance(f, curve(200))));
            }
        }
}

TEST_CASE("decaying: other columns, masked channels and what is not a number stay")
{
    const matrix start = random_matrix(12, 3, 4, -1, 1);
    owned_factor<double> f(start, xu::grid{{12}, {1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1}});
    xu::project(xu::decaying{.component = 1}, f.ref());
    for (std::size_t i = 0; i < 12; ++i)
        for (std::size_t j : {std::size_t{0}, std::size_t{2}})
            CHECK(f.ref()(i, j) == start(i, j));
    for (std::size_t i : {std::size_t{2}, std::size_t{7}, std::size_t{8}})
        CHECK(f.ref()(i, 1) == start(i, 1));
    xu::prox_column(xu::decaying{.component = 1}, f.ref(), 0, 1.0);
    CHECK(f.ref()(0, 0) == start(0, 0));
    curve y = random_curve(12, 6, 0, 1);
    y[5] = std::nan("");
    for (const auto shape : shapes)
        CHECK(std::isnan(projected(y, shape)[5]));
}

TEST_CASE("decaying: non_negative after it changes nothing of what it projects")
{
    for (const auto shape : shapes)
        for (const curve& y : cases(100, 12))
        {
            owned_factor<double> f(as_column(y), xu::grid{{100}, {}});
            const auto both = xu::all_of(xu::decaying{.shape = shape}, xu::non_negative{});
            xu::prox_column(both, f.ref(), 0, 1.0);
            CHECK(to_matrix(f.view()).values == projected(y, shape));
        }
}

TEST_CASE("decaying: bad input is refused")
{
    const auto validate = [](const xu::decaying& c, std::vector<std::size_t> shape)
    {
        return message_of<xu::invalid_argument>(
            [&] {
                c.validate(xu::grid{std::move(shape), {}}, 3);
            });
    };
    CHECK(validate({.component = 3}, {20}) ==
          "decaying needs a component below 3, the number of components, got 3");
    CHECK(validate({}, {4, 5}) ==
          "decaying needs channels along one axis, spectra; these have the shape (4, 5), in which "
          "no direction is the one to decay in");
    CHECK(validate({.component = 2}, {20}) == "no exception");
    CHECK(message_of<xu::invalid_argument>(
              [&]
              {
                  xu::factorize(unfold_as<float>(random_matrix(20, 30, 1)), {.rank = 2}, xu::hals{},
                                xu::on_components(xu::smooth{.weight = 1}, xu::sparse{.weight = 1},
                                                  xu::decaying{}, xu::non_negative{}),
                                xu::on_maps(xu::unit_norm{}, xu::non_negative{}));
              }) == "decaying needs whole components, but smooth and sparse together move single "
                    "channels in hals; leave one of the two out");
}

namespace
{
/// A line of spectra: a power-law background everywhere, two edges with fine structure, each with a
/// map of its own, counted.
struct edges
{
    matrix maps, components, counts;
};

edges simulate_edges(std::uint64_t seed)
{
    const std::size_t n = 150, m = 120;
    xu::random_engine engine(seed);
    edges out{matrix(n, 3), matrix(m, 3), matrix(n, m)};
    for (std::size_t c = 0; c < m; ++c)
    {
        const double energy = 400 + 2 * static_cast<double>(c);
        const auto edge = [&](double onset, double peak)
        {
            const double past = energy - onset;
            return past < 0 ? 0 : 0.6 * std::pow(energy / onset, -3) + peak * std::exp(-past / 8);
        };
        out.components(c, 0) = std::pow(energy / 400, -3);
        out.components(c, 1) = edge(460, 1);
        out.components(c, 2) = edge(530, 0.5);
    }
    for (std::size_t i = 0; i < n; ++i)
    {
        const double at = static_cast<double>(i) / static_cast<double>(n);
        out.maps(i, 0) = 300 * (1 + at);
        out.maps(i, 1) = 150 * (0.55 - 0.45 * std::sin(7 * at));
        out.maps(i, 2) = 150 * std::max(0.0, std::sin(9 * at));
    }
    out.counts = out.maps * transposed(out.components);
    for (double& x : out.counts.values)
        x = static_cast<double>(xu::simulate::poisson(engine, x));
    return out;
}
}

TEST_CASE("decaying: descends on weighted data too")
{
    const edges truth = simulate_edges(3);
    for (const auto shape : shapes)
    {
        auto solver =
            xu::make_solver(xu::poisson_scaled(xu::dense(unfold_as<double>(truth.counts))),
                            {.rank = 3, .max_iterations = 60, .tolerance = 0}, xu::hals{},
                            xu::on_maps(xu::non_negative{}),
                            xu::on_components(xu::decaying{.shape = shape}, xu::non_negative{}));
        double last = std::numeric_limits<double>::infinity();
        while (solver.status() == xu::status::running)
        {
            solver.step();
            CHECK(solver.current().objective <= last * (1 + 1e-10));
            last = solver.current().objective;
        }
        CHECK(violation(to_matrix(solver.current().components.columns_from(0, 1)).values, shape) <
              1e-10);
        CHECK(solver.state().best_maps.empty()); // the last iterate is the best: a descent pair
    }
}

TEST_CASE("decaying: with non_negative in hals the objective never rises")
{
    const edges truth = simulate_edges(1);
    for (const auto shape : shapes)
        for (const bool extrapolate : {false, true})
        {
            std::vector<double> objective;
            xu::factorize(unfold_as<double>(truth.counts),
                          {.rank = 3, .max_iterations = 200, .tolerance = 0, .seed = 2},
                          xu::hals{.extrapolate = extrapolate}, xu::on_maps(xu::non_negative{}),
                          xu::on_components(xu::decaying{.shape = shape}, xu::non_negative{}),
                          [&](const xu::iteration<double>& i)
                          { objective.push_back(i.objective); });
            REQUIRE(objective.size() == 200);
            for (std::size_t t = 1; t < objective.size(); ++t)
                CHECK(objective[t] <= objective[t - 1] * (1 + 1e-10));
        }
}

TEST_CASE("decaying: the background of spectra with edges comes out smooth and close to the truth")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const edges truth = simulate_edges(seed);
        const auto found = [&](auto on_components)
        {
            const auto result = xu::factorize(
                unfold_as<float>(truth.counts), {.rank = 3, .max_iterations = 500, .seed = seed},
                xu::hals{}, xu::on_maps(xu::non_negative{}), on_components);
            return to_matrix(result.components_matrix());
        };
        const matrix plain = found(xu::on_components(xu::non_negative{})),
                     held = found(xu::on_components(xu::decaying{}, xu::non_negative{}));
        const std::size_t j = match(plain, truth.components).found[0];
        curve background, unheld;
        for (std::size_t c = 0; c < held.rows; ++c)
            background.push_back(held(c, 0)), unheld.push_back(plain(c, j));
        CAPTURE(seed);
        CHECK(violation(background, xu::decay::convex) < 1e-6);
        CHECK(angle(held, 0, truth.components, 0) < 0.01);
        // The edges of the others are in the background, and it rises there.
        CHECK(angle(plain, j, truth.components, 0) > 0.175);
        CHECK(violation(unheld, xu::decay::monotone) > 0.05);
    }
}

TEST_CASE("decaying: the best of several starts fits to the noise where a single one may not")
{
    xu::random_engine engine(1);
    const matrix mixed = [&]
    {
        matrix maps(200, 2), components(100, 2);
        for (std::size_t i = 0; i < 200; ++i)
            maps(i, 0) = 300, maps(i, 1) = i % 20 > 9 ? 100 : 0;
        for (std::size_t c = 0; c < 100; ++c)
            components(c, 0) = std::pow(1 + static_cast<double>(c) / 400, -3),
                          components(c, 1) = c > 60;
        return maps * transposed(components);
    }();
    matrix X = mixed;
    for (double& x : X.values)
        x = static_cast<double>(xu::simulate::poisson(engine, x));
    const double noise = squared_norm(X - mixed) / static_cast<double>(X.values.size());
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
        best = std::min(best, xu::factorize(unfold_as<float>(X), {.rank = 2, .seed = seed},
                                            xu::hals{}, xu::on_maps(xu::non_negative{}),
                                            xu::on_components(xu::decaying{}, xu::non_negative{}))
                                  .mse);
    CHECK(best < 1.005 * noise);
}
}
