// SPDX-License-Identifier: BSD-3-Clause
#include "dense_updates.hpp"

#include <sstream>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace beta_divergence_test
{
using namespace support;

namespace
{
const double betas[] = {0, 0.5, 1, 1.5, 2};

double divergence(double x, double y, double b)
{
    if (b == 0)
        return x / y - std::log(x / y) - 1;
    if (b == 1)
        return (x > 0 ? x * std::log(x / y) : 0) - x + y;
    return (std::pow(x, b) + (b - 1) * std::pow(y, b) - b * x * std::pow(y, b - 1)) / (b * (b - 1));
}

/// Twice the divergence of a dense model, in double.
double objective(const matrix& X, const matrix& C, const matrix& S, double b)
{
    const matrix model = C * transposed(S);
    double sum = 0;
    for (std::size_t e = 0; e < X.values.size(); ++e)
        sum += 2 * divergence(X.values[e], model.values[e], b);
    return sum;
}

/// The multiplicative update of F (Fevotte & Idier 2011), from dense matrices.
void multiply(const matrix& X, matrix& F, const matrix& O, double b)
{
    matrix ratio = F * transposed(O), power = ratio;
    for (std::size_t e = 0; e < X.values.size(); ++e)
    {
        const double y = ratio.values[e];
        ratio.values[e] = X.values[e] * std::pow(y, b - 2);
        power.values[e] = std::pow(y, b - 1);
    }
    const matrix above = ratio * O, below = power * O;
    for (std::size_t e = 0; e < F.values.size(); ++e)
        F.values[e] *= std::pow(above.values[e] / below.values[e], b < 1 ? 1 / (2 - b) : 1);
}

/// Whole numbers from 1 on, so that every beta takes them and every type holds them.
matrix counts(std::size_t rows, std::size_t cols)
{
    const planted p = plant({.positions = rows, .channels = cols, .zeros = 0, .seed = 2});
    matrix X = counted(p.X, 30);
    for (double& x : X.values)
        x += 1;
    return X;
}
}

TEST_CASE_TEMPLATE("beta_divergence: follows the updates of dense matrices, whatever type, layout "
                   "and beta",
                   T, float, double, std::uint16_t)
{
    const matrix X = counts(93, 151); // strips of 64 channels and a rest
    for (const double beta : betas)
    {
        CAPTURE(beta);
        const dense_loss reference{[beta](const matrix& Y, matrix& F, const matrix& O)
                                   { multiply(Y, F, O, beta); },
                                   [beta](const matrix& Y, const matrix& C, const matrix& S)
                                   { return objective(Y, C, S, beta); }};
        for (const layout how : {layout::row_major, layout::column_major})
            check_follows<T>(X, how, xu::beta_divergence{.beta = beta}, reference);
    }
}

TEST_CASE("beta_divergence: no iteration raises the objective")
{
    const matrix X = counts(80, 70);
    for (const double beta : betas)
        check_never_rises(X, xu::beta_divergence{.beta = beta});
}

TEST_CASE("beta_divergence: 2 is least squares")
{
    const matrix X = random_matrix(70, 50, 3);
    const xu::options opt{.rank = 3, .max_iterations = 40, .tolerance = 0};
    const auto squares = xu::factorize(unfold_as<double>(X), opt, xu::multiplicative{});
    const auto found = xu::factorize(unfold_as<double>(X), opt, xu::multiplicative{},
                                     xu::beta_divergence{.beta = 2});
    CHECK(found.mse == doctest::Approx(squares.mse).epsilon(1e-9));
    CHECK(relative_distance(to_matrix(found.maps_matrix()), to_matrix(squares.maps_matrix())) <
          1e-9);
}

TEST_CASE("beta_divergence: with components at unit sum it is pLSI, and keeps every position's "
          "total")
{
    const matrix X = counts(40, 60);
    auto solver =
        xu::make_solver(unfold_as<double>(X), {.rank = 3, .tolerance = 0}, xu::multiplicative{},
                        xu::beta_divergence{}, xu::on_components(xu::unit_norm{.p = 1}));
    for (int t = 0; t < 5; ++t)
        solver.step();
    const matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
    double counted_in_all = 0, modelled = 0;
    for (std::size_t c = 0; c < 60; ++c)
        for (std::size_t i = 0; i < 40; ++i)
            counted_in_all += X(i, c);
    for (std::size_t j = 0; j < 3; ++j)
    {
        double sum = 0;
        for (std::size_t c = 0; c < 60; ++c)
            sum += S(c, j);
        CHECK(sum == doctest::Approx(1).epsilon(1e-12));
        for (std::size_t i = 0; i < 40; ++i)
            modelled += C(i, j);
    }
    CHECK(modelled == doctest::Approx(counted_in_all).epsilon(1e-12));
}

TEST_CASE("beta_divergence: what lies under masks does not matter")
{
    const matrix X = counts(50, 70);
    for (const layout how : {layout::row_major, layout::column_major})
        for (const double beta : betas)
        {
            matrix holed = X, small(40, 60);
            auto positions = xu::tensor<bool>::from_shape({std::size_t{50}});
            auto channels = xu::tensor<bool>::from_shape({std::size_t{70}});
            positions.fill(true), channels.fill(true);
            std::vector<std::size_t> rows, cols;
            for (std::size_t i = 0; i < 50; ++i)
                i % 5 == 2 ? void(positions(i) = false) : rows.push_back(i);
            for (std::size_t c = 0; c < 70; ++c)
                c % 7 == 3 ? void(channels(c) = false) : cols.push_back(c);
            for (std::size_t i = 0; i < 50; ++i)
                for (std::size_t c = 0; c < 70; ++c)
                    if (!positions(i) || !channels(c))
                        holed(i, c) = std::numeric_limits<double>::quiet_NaN();
            for (std::size_t i = 0; i < 40; ++i)
                for (std::size_t c = 0; c < 60; ++c)
                    small(i, c) = X(rows[i], cols[c]);
            const auto run = [&](const auto& data, const matrix& C, const matrix& S)
            {
                return xu::factorize(data, {.rank = 3, .max_iterations = 20, .tolerance = 0},
                                     xu::multiplicative{}, xu::beta_divergence{.beta = beta},
                                     xu::given{to_tensor(C), to_tensor(S)});
            };
            const matrix C = random_matrix(50, 3, 1, 0.1), S = random_matrix(70, 3, 2, 0.1);
            matrix c(40, 3), s(60, 3);
            for (std::size_t j = 0; j < 3; ++j)
            {
                for (std::size_t i = 0; i < 40; ++i)
                    c(i, j) = C(rows[i], j);
                for (std::size_t i = 0; i < 60; ++i)
                    s(i, j) = S(cols[i], j);
            }
            const auto masked = run(unfold_as<double>(holed, how)
                                        .mask_positions(positions)
                                        .mask_channels(channels),
                                    C, S),
                       cut = run(unfold_as<double>(small, how), c, s);
            CHECK(masked.objective == doctest::Approx(cut.objective).epsilon(1e-9));
            CHECK(masked.mse == doctest::Approx(cut.mse).epsilon(1e-9));
        }
}

TEST_CASE("beta_divergence: zeros in counts and factors are safe")
{
    matrix X = counted(random_matrix(60, 40, 5, -1, 1), 3);
    for (double& x : X.values)
        x = std::max(0.0, x);
    for (std::size_t c = 0; c < 40; ++c)
        X(7, c) = 0;
    for (std::size_t i = 0; i < 60; ++i)
        X(i, 9) = 0;
    for (const double beta : {0.5, 1.0, 1.5})
    {
        const auto found =
            xu::factorize(unfold_as<std::uint8_t>(X), {.rank = 3, .max_iterations = 500},
                          xu::multiplicative{}, xu::beta_divergence{.beta = beta});
        CHECK(std::isfinite(found.objective));
        for (const auto factor : {found.maps_matrix(), found.components_matrix()})
            for (auto column : factor.columns())
                for (float x : column)
                    CHECK((std::isfinite(x) && x >= 0));
    }
}

TEST_CASE("beta_divergence: the same bits with one thread, two, and after a resume")
{
    const auto data = unfold_as<std::uint16_t>(counts(210, 90));
    for (const double beta : {1.0, 1.5})
    {
        auto one = solver_of(data, xu::beta_divergence{.beta = beta}, 1),
             two = solver_of(data, xu::beta_divergence{.beta = beta}, 2),
             later = solver_of(data, xu::beta_divergence{.beta = beta}, 2);
        for (int t = 0; t < 12; ++t)
            one.step();
        for (int t = 0; t < 5; ++t)
            two.step();
        std::stringstream file;
        xu::write_state(file, two.state());
        later.resume(xu::read_state<float>(file));
        for (int t = 0; t < 7; ++t)
            later.step();
        CHECK(one.state().maps == later.state().maps);
        CHECK(one.state().components == later.state().components);
        CHECK(one.state().objective == later.state().objective);
    }
}

TEST_CASE("beta_divergence: a matrix of any type gives the same bits")
{
    const auto data = unfold_as<std::uint16_t>(counts(60, 50));
    const xu::options opt{.rank = 3, .max_iterations = 10};
    const auto a = xu::factorize(data, opt, xu::multiplicative{}, xu::beta_divergence{});
    const auto b = xu::factorize(xu::any_matrix<float>(xu::dense(data)), opt, xu::multiplicative{},
                                 xu::beta_divergence{});
    CHECK(a.objective == b.objective);
}

TEST_CASE("beta_divergence: weighted data behind any_matrix are refused before any work")
{
    const xu::any_matrix<float> weighted(
        xu::poisson_scaled(xu::dense(unfold_as<std::uint16_t>(counts(20, 15)))));
    CHECK(message_of<xu::invalid_argument>(
              [&]
              {
                  static_cast<void>(xu::make_solver(weighted, {.rank = 2}, xu::multiplicative{},
                                                    xu::beta_divergence{}));
              }) == "a loss such as beta_divergence needs the elements of X: give it unfolded or "
                    "dense, not scaled or compressed");
}

TEST_CASE("beta_divergence: bad input is refused before any work")
{
    const auto run = [](const matrix& X, double beta)
    {
        xu::factorize(unfold_as<double>(X), {.rank = 2}, xu::multiplicative{},
                      xu::beta_divergence{.beta = beta});
    };
    matrix X(6, 5, 1);
    CHECK_THROWS_WITH_AS(run(X, 2.5),
                         "beta_divergence needs a beta from 0 (Itakura-Saito) over 1 "
                         "(Kullback-Leibler) to 2 (least squares), got 2.5",
                         xu::invalid_argument);
    CHECK_THROWS_AS(run(X, -1), xu::invalid_argument);
    X(2, 2) = 0;
    CHECK_THROWS_WITH_AS(run(X, 0),
                         "the Itakura-Saito divergence (beta = 0) is infinite where X is zero, and "
                         "its smallest value is 0; take a beta above 0, or add a small constant to "
                         "X",
                         xu::invalid_data);
    X(2, 2) = -1;
    CHECK_THROWS_AS(run(X, 1), xu::invalid_data);
}
}
