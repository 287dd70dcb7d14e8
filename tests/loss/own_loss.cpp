// SPDX-License-Identifier: BSD-3-Clause
// A user's own loss: what the library makes of weigh() and value(), and of what is left out.
#include "dense_updates.hpp"

#include <cmath>
#include <limits>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/contract/loss.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace own_loss_test
{
using namespace support;

namespace
{
/// Kullback-Leibler above a dark level, with as little as a loss can have: Q is written, 1.
struct bare
{
    double dark = 0;

    using is_loss = void;
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio, F* power) const
    {
        for (std::size_t i = 0; i < count; ++i)
        {
            ratio[i] = x[i] / (y[i] + static_cast<F>(dark));
            power[i] = 1;
        }
    }
    template <class F>
    double value(const F* x, const F* y, std::size_t count, const F*, const F*) const
    {
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i)
        {
            const double counted = x[i], expected = y[i] + dark;
            sum += (counted > 0 ? counted * std::log(counted / expected) : 0) - counted + expected;
        }
        return 2 * sum;
    }
};

/// The same with all that it may say.
struct whole : bare
{
    bool has_plain_denominators() const
    {
        return true;
    }
    bool is_finite_at_zero() const
    {
        return dark > 0;
    }
    template <class M>
    void validate(const M&) const
    {
        if (!(dark >= 0))
            throw xu::invalid_argument("a dark level is not negative");
    }
};

/// A loss that is only convex in y: d = (sqrt(x) - sqrt(y))^2, d' = 1 - sqrt(x / y).
struct hellinger
{
    using is_loss = void;
    bool has_plain_denominators() const
    {
        return true;
    }
    bool is_finite_at_zero() const
    {
        return true;
    }
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio, F*) const
    {
        for (std::size_t i = 0; i < count; ++i)
            ratio[i] = std::sqrt(x[i] / y[i]);
    }
    template <class F>
    double value(const F* x, const F* y, std::size_t count, const F*, const F*) const
    {
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i)
        {
            const double off = std::sqrt(double{x[i]}) - std::sqrt(double{y[i]});
            sum += off * off;
        }
        return 2 * sum;
    }
};
static_assert(xu::check_loss<bare, float>() && xu::check_loss<whole, double>() &&
              xu::check_loss<hellinger, float>() && xu::check_loss<xu::beta_divergence, float>());

matrix counts(std::size_t rows, std::size_t cols)
{
    return counted(plant({.positions = rows, .channels = cols, .zeros = 0, .seed = 5}).X, 30);
}

double objective(const matrix& X, const matrix& C, const matrix& S, double dark)
{
    const matrix model = C * transposed(S);
    double sum = 0;
    for (std::size_t e = 0; e < X.values.size(); ++e)
    {
        const double x = X.values[e], y = model.values[e] + dark;
        sum += 2 * ((x > 0 ? x * std::log(x / y) : 0) - x + y);
    }
    return sum;
}

/// F <- F * ((x / (y + dark)) O) / (1 O), from dense matrices.
void multiply(const matrix& X, matrix& F, const matrix& O, double dark)
{
    matrix ratio = F * transposed(O);
    for (std::size_t e = 0; e < X.values.size(); ++e)
        ratio.values[e] = X.values[e] / (ratio.values[e] + dark);
    const matrix above = ratio * O, below = matrix(X.rows, X.cols, 1) * O;
    for (std::size_t e = 0; e < F.values.size(); ++e)
        F.values[e] *= above.values[e] / below.values[e];
}
}

TEST_CASE_TEMPLATE("own loss: follows the updates of dense matrices, whatever type and layout", T,
                   float, double, std::uint16_t)
{
    const matrix X = counts(93, 151);
    for (const double dark : {0.0, 3.0})
    {
        CAPTURE(dark);
        const dense_loss reference{[dark](const matrix& Y, matrix& F, const matrix& O)
                                   { multiply(Y, F, O, dark); },
                                   [dark](const matrix& Y, const matrix& C, const matrix& S)
                                   { return objective(Y, C, S, dark); }};
        for (const layout how : {layout::row_major, layout::column_major})
            check_follows<T>(X, how, whole{{dark}}, reference);
    }
}

TEST_CASE("own loss: what it leaves out changes nothing but the rounding")
{
    const matrix X = counts(60, 70);
    auto a = solver_of(unfold_as<double>(X), whole{{2}}),
         b = solver_of(unfold_as<double>(X), bare{2}), c = solver_of(unfold_as<double>(X), whole{}),
         d = solver_of(unfold_as<double>(X), xu::beta_divergence{});
    for (int t = 0; t < 20; ++t)
        for (auto* s : {&a, &b, &c, &d})
            s->step();
    CHECK(relative_distance(to_matrix(a.current().maps), to_matrix(b.current().maps)) < 1e-11);
    CHECK(relative_distance(to_matrix(a.current().components), to_matrix(b.current().components)) <
          1e-11);
    CHECK(to_matrix(c.current().maps).values == to_matrix(d.current().maps).values);
    CHECK(to_matrix(c.current().components).values == to_matrix(d.current().components).values);
    CHECK(c.current().objective == doctest::Approx(d.current().objective).epsilon(1e-6));
}

TEST_CASE("own loss: no iteration raises it where its parts are a majorizer's")
{
    const matrix X = counts(80, 70);
    check_never_rises(X, whole{{5}});
    check_never_rises(X, hellinger{});
}

TEST_CASE("own loss: a known dark level gives back spectra that it hides otherwise")
{
    const planted p = plant({.positions = 150, .channels = 120, .zeros = 0.3, .seed = 9});
    matrix X = p.X;
    constexpr double dark = 40;
    for (double& x : X.values)
        x = 100 * x + dark;
    const auto off = [&](const auto& loss)
    {
        const auto found = xu::factorize(
            unfold_as<double>(X), {.rank = p.maps.cols, .max_iterations = 3000, .tolerance = 1e-12},
            xu::multiplicative{}, loss);
        const matrix model =
            to_matrix(found.maps_matrix()) * transposed(to_matrix(found.components_matrix()));
        matrix truth = X;
        for (double& x : truth.values)
            x -= dark;
        return relative_distance(model, truth);
    };
    CHECK(off(whole{{dark}}) < 0.01);
    CHECK(off(xu::beta_divergence{}) > 0.1);
}

TEST_CASE("own loss: goes with ard_multiplicative and with an update by name, and is checked first")
{
    const auto data = unfold_as<double>(counts(40, 50));
    const xu::options opt{.rank = 4, .max_iterations = 20};
    const auto by_type = xu::factorize(data, opt, xu::ard_multiplicative{}, whole{{1}});
    CHECK(std::isfinite(by_type.divergence));
    const auto by_name =
        xu::factorize(data, opt, xu::runtime::update("multiplicative"), whole{{1}});
    const auto plain = xu::factorize(data, opt, xu::multiplicative{}, whole{{1}});
    CHECK(by_name.divergence == plain.divergence);
    CHECK_THROWS_WITH_AS(xu::factorize(data, opt, xu::multiplicative{}, whole{{-1}}),
                         "a dark level is not negative", xu::invalid_argument);
}
}
