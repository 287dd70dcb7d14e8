// SPDX-License-Identifier: BSD-3-Clause
// What a penalty says about itself in its different hooks is one and the same function.
#include "../support.hpp"

#include <span>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/hals.hpp>

namespace penalties_test
{
using namespace support;

namespace
{
/// argmin over a fine grid of 1/2 (f - x)^2 / step + value(f) / 2, f between the bounds.
template <class C>
double brute_force_prox(const C& constraint, double x, double step, double lower, double upper)
{
    constexpr int points = 40000;
    double best = std::numeric_limits<double>::infinity(), at = lower;
    matrix f(1, 1);
    for (int p = 0; p <= points; ++p)
    {
        f(0, 0) = lower + (upper - lower) * p / points;
        const double cost = (f(0, 0) - x) * (f(0, 0) - x) / (2 * step) +
                            xu::penalty(constraint, owned_factor<double>(f).view()) / 2;
        if (cost < best)
            best = cost, at = f(0, 0);
    }
    return at;
}

template <class T, class C>
void check_prox(const C& constraint, double lower, double upper)
{
    const double grid = (upper - lower) / 40000;
    for (double x : {-2.5, -0.7, -0.05, 0.0, 0.2, 0.9, 2.75})
        for (double step : {0.1, 1.5})
        {
            CAPTURE(x);
            CAPTURE(step);
            matrix f(1, 2, x);
            owned_factor<T> moved(f);
            xu::prox_column(constraint, moved.ref(), 1, static_cast<T>(step));
            CHECK(std::abs(static_cast<double>(moved.values[1]) -
                           brute_force_prox(constraint, x, step, lower, upper)) <= grid);
            CHECK(moved.values[0] == static_cast<T>(x));
        }
}

/// The gradient of value / 2 by central differences.
template <class C>
matrix gradient_by_differences(const C& constraint, const matrix& at)
{
    constexpr double h = 1e-5;
    matrix out(at.rows, at.cols);
    for (std::size_t e = 0; e < at.values.size(); ++e)
    {
        matrix up = at, down = at;
        up.values[e] += h;
        down.values[e] -= h;
        out.values[e] = (xu::penalty(constraint, owned_factor<double>(up).view()) -
                         xu::penalty(constraint, owned_factor<double>(down).view())) /
                        (4 * h);
    }
    return out;
}

/// F dG - dB, the gradient of value / 2 according to the normal equations' terms.
template <class C>
matrix gradient_of_normal_terms(const C& constraint, const matrix& at)
{
    owned_factor<double> f(at), rhs(matrix(at.rows, at.cols));
    matrix gram(at.cols, at.cols);
    xu::for_each_member(constraint,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (xu::hook::add_to_gram<M, double>)
                                m.add_to_gram({gram.values.data(), gram.cols}, f.places);
                            if constexpr (xu::hook::add_to_rhs<M, double>)
                                m.add_to_rhs(rhs.ref(), f.view());
                        });
    return at * gram - to_matrix(rhs.view());
}

/// plus - minus; both must be non-negative where the factor is.
template <class C>
matrix split_difference(const C& constraint, const matrix& at)
{
    const matrix zero(at.rows, at.cols);
    owned_factor<double> f(at), plus(zero), minus(zero);
    xu::for_each_member(constraint,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (xu::hook::split_gradient<M, double>)
                                m.split_gradient(f.view(), plus.ref(), minus.ref());
                        });
    for (std::size_t e = 0; e < plus.values.size(); ++e)
        CHECK((plus.values[e] >= 0 && minus.values[e] >= 0));
    return to_matrix(plus.view()) - to_matrix(minus.view());
}
}

TEST_CASE_TEMPLATE("penalties: prox_column is the minimiser that brute force finds", T, float,
                   double)
{
    check_prox<T>(xu::sparse{.weight = 0.6}, -3, 3);
    check_prox<T>(xu::non_negative{}, 0, 3);
    check_prox<T>(xu::bounded{.lower = -1, .upper = 0.5}, -1, 0.5);
    SUBCASE("together with intervals, in either order")
    {
        check_prox<T>(xu::all_of(xu::sparse{.weight = 0.6}, xu::non_negative{}), 0, 3);
        check_prox<T>(xu::all_of(xu::non_negative{}, xu::sparse{.weight = 0.6}), 0, 3);
        check_prox<T>(xu::all_of(xu::bounded{.lower = 0.25, .upper = 2}, xu::sparse{.weight = 0.6}),
                      0.25, 2);
        check_prox<T>(
            xu::all_of(xu::sparse{.weight = 0.6}, xu::bounded{.lower = -2, .upper = -0.25}), -2,
            -0.25);
    }
}

TEST_CASE("penalties: value, normal terms and split gradient are one function")
{
    const matrix f = random_matrix(7, 3, 11, 0.1, 2);
    const auto validate = [&](const auto& constraint)
    {
        const matrix gradient = gradient_by_differences(constraint, f);
        CHECK(relative_distance(gradient_of_normal_terms(constraint, f), gradient) < 1e-8);
        CHECK(relative_distance(split_difference(constraint, f), gradient) < 1e-8);
        // value(0) = 0, so value is the integral of its gradient along the line from 0 to F.
        double integral = 0;
        constexpr int steps = 64;
        for (int s = 0; s < steps; ++s)
        {
            matrix at = f;
            for (double& x : at.values)
                x *= (s + 0.5) / steps;
            const matrix g = gradient_of_normal_terms(constraint, at);
            for (std::size_t e = 0; e < f.values.size(); ++e)
                integral += 2 * g.values[e] * f.values[e] / steps;
        }
        CHECK(xu::penalty(constraint, owned_factor<double>(f).view()) ==
              doctest::Approx(integral).epsilon(1e-9));
    };
    validate(xu::ridge{.weight = 0.7});
    validate(xu::sparse{.weight = 0.3});
    validate(xu::all_of(xu::ridge{.weight = 0.7}, xu::sparse{.weight = 0.3}));
}

TEST_CASE_TEMPLATE("penalties: zero weight does nothing", T, float, double)
{
    const matrix at = random_matrix(6, 3, 12, -1, 1);
    owned_factor<T> f(at), same(at);
    matrix gram = random_matrix(3, 3, 13);
    const auto before = gram.values;
    for (std::size_t j = 0; j < 3; ++j)
        xu::sparse{}.prox_column(f.ref(), j, T{1e30F});
    CHECK(f.values == same.values);
    xu::sparse{}.add_to_rhs(f.ref(), same.view());
    xu::sparse{}.split_gradient(same.view(), f.ref(), f.ref());
    xu::ridge{}.split_gradient(same.view(), f.ref(), f.ref());
    xu::ridge{}.add_to_gram({gram.values.data(), 3}, {});
    CHECK(f.values == same.values);
    CHECK(gram.values == before);
    CHECK(xu::sparse{}.value(same.view()) == 0);
    CHECK(xu::ridge{}.value(same.view()) == 0);
}

TEST_CASE("penalties: weights below zero or not finite are refused")
{
    const xu::grid places{{4}, {}};
    CHECK(
        message_of<xu::invalid_argument>([&] { xu::sparse{.weight = -0.5}.validate(places, 2); }) ==
        "sparse needs a weight that is not negative and finite, got -0.5");
    CHECK(message_of<xu::invalid_argument>([&] { xu::ridge{.weight = -2}.validate(places, 2); }) ==
          "ridge needs a weight that is not negative and finite, got -2");
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS((xu::ridge{.weight = infinity}.validate(places, 2)), xu::invalid_argument);
    CHECK_THROWS_AS((xu::sparse{.weight = std::nan("")}.validate(places, 2)), xu::invalid_argument);
    CHECK_NOTHROW((xu::sparse{.weight = 0}.validate(places, 2)));
    CHECK(
        message_of<xu::invalid_argument>(
            [&] { (xu::bounded{.lower = 2, .upper = 1}).validate(places, 2); }) ==
        "bounded needs lower <= upper and a finite number between them, got 2 and 1; leave a side "
        "open with lower = -infinity or upper = infinity");
    CHECK_THROWS_AS((xu::bounded{.lower = std::nan("")}.validate(places, 2)), xu::invalid_argument);
    CHECK_NOTHROW((xu::bounded{.lower = 1, .upper = 1}.validate(places, 2)));
}

namespace
{
double norm_of(std::span<const double> column, double p)
{
    long double sum = 0, largest = 0;
    for (double x : column)
    {
        sum += std::pow(std::abs(static_cast<long double>(x)), static_cast<long double>(p));
        largest = std::max(largest, std::abs(static_cast<long double>(x)));
    }
    return static_cast<double>(std::isinf(p) ? largest
                                             : std::pow(sum, 1 / static_cast<long double>(p)));
}
}

TEST_CASE_TEMPLATE("unit_norm: divides columns by their norm and hands the norm out", T, float,
                   double)
{
    const double rounding = 30 * static_cast<double>(std::numeric_limits<T>::epsilon());
    matrix at = random_matrix(30, 4, 21, -2, 2);
    for (std::size_t i = 0; i < at.rows; ++i)
        at(i, 2) = 0;
    for (double p : {1.0, 1.5, 2.0, 3.0, std::numeric_limits<double>::infinity()})
    {
        CAPTURE(p);
        owned_factor<T> f(at);
        const matrix before = to_matrix(f.view());
        std::vector<double> scale(4, -1);
        xu::unit_norm{.p = p}.normalize(f.ref(), scale);
        const matrix after = transposed(to_matrix(f.view())), was = transposed(before);
        for (std::size_t j = 0; j < 4; ++j)
        {
            const std::span column(after.values.data() + j * 30, 30);
            CHECK(norm_of(column, p) == doctest::Approx(j == 2 ? 0 : 1).epsilon(rounding));
            CHECK(scale[j] ==
                  doctest::Approx(j == 2 ? 1 : norm_of({was.values.data() + j * 30, 30}, p))
                      .epsilon(rounding));
            for (std::size_t i = 0; i < 30; ++i)
                CHECK(after(j, i) * scale[j] == doctest::Approx(was(j, i)).epsilon(rounding));
        }
    }
}

TEST_CASE_TEMPLATE("unit_norm: neither overflows nor underflows", T, float, double)
{
    const double huge = static_cast<double>(std::numeric_limits<T>::max()) / 16;
    const double tiny = static_cast<double>(std::numeric_limits<T>::min()) * 2;
    for (double size : {huge, tiny})
        for (double p : {1.0, 2.0, 3.0})
        {
            matrix at(9, 1, size);
            at(3, 0) = -size;
            owned_factor<T> f(at);
            std::vector<double> scale(1);
            xu::unit_norm{.p = p}.normalize(f.ref(), scale);
            const double expected = std::pow(9.0, -1 / p);
            CHECK(static_cast<double>(f.values[0]) == doctest::Approx(expected).epsilon(1e-6));
            CHECK(static_cast<double>(f.values[3]) == doctest::Approx(-expected).epsilon(1e-6));
            CHECK(scale[0] == doctest::Approx(size / expected).epsilon(1e-6));
        }
}

TEST_CASE("unit_norm: needs p of at least 1")
{
    const xu::grid places{{4}, {}};
    CHECK(message_of<xu::invalid_argument>([&] { xu::unit_norm{.p = 0.5}.validate(places, 2); }) ==
          "unit_norm needs p >= 1, got 0.5");
    CHECK_THROWS_AS((xu::unit_norm{.p = std::nan("")}.validate(places, 2)), xu::invalid_argument);
    CHECK_NOTHROW(
        (xu::unit_norm{.p = std::numeric_limits<double>::infinity()}.validate(places, 2)));
}

namespace
{
/// weight |S_0 - target|^2, which asks for the scale of one certain column.
struct pull
{
    double weight = 0;
    std::vector<double> target{};

    double value(xu::factor_ref<const double> f) const
    {
        double sum = 0;
        for (std::size_t i = 0; i < f.rows(); ++i)
            sum += (f(i, 0) - target[i]) * (f(i, 0) - target[i]);
        return weight * sum;
    }
    void add_to_gram(xu::matrix_ref<double> gram, const xu::grid&) const
    {
        gram(0, 0) += weight;
    }
    void add_to_rhs(xu::factor_ref<double> rhs, xu::factor_ref<const double>) const
    {
        for (std::size_t i = 0; i < rhs.rows(); ++i)
            rhs(i, 0) += weight * target[rhs.first_row() + i];
    }
};
static_assert(xu::check_constraint<pull, double>());

/// The same, which says that its columns may be rescaled and reordered.
struct free_pull : pull
{
    static constexpr bool scale_free = true, keeps_order = false;
};
}

TEST_CASE("a term of a user's own fixes scale and order of the result unless it says otherwise")
{
    static_assert(!xu::traits<pull>::scale_free && xu::traits<pull>::keeps_order);
    static_assert(xu::traits<free_pull>::scale_free && !xu::traits<free_pull>::keeps_order);
    static_assert(xu::traits<xu::sparse>::scale_free && !xu::traits<xu::ridge>::keeps_order);
    const matrix C = random_matrix(40, 3, 1), S = random_matrix(25, 3, 2);
    pull towards{.weight = 1e6, .target = std::vector<double>(25)};
    for (std::size_t i = 0; i < 25; ++i)
        towards.target[i] = 0.01 * S(i, 2); // faint: ordered by intensity it would come last
    const auto result = xu::factorize(
        unfold_as<double>(C * transposed(S)), {.rank = 3, .max_iterations = 50}, xu::hals{},
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}, towards));
    const auto components = result.components_matrix();
    double worst = 0;
    for (std::size_t i = 0; i < 25; ++i)
        worst = std::max(worst, std::abs(components(i, 0) - towards.target[i]));
    CHECK(worst < 1e-3 * 0.01);
}
}
