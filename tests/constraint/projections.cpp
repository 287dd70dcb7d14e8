// SPDX-License-Identifier: BSD-3-Clause
// Every hard constraint moves a factor to the nearest place where it holds.
#include "../support.hpp"

#include <functional>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/constraint.hpp>

namespace projections_test
{
using namespace support;

namespace
{
constexpr std::size_t rows = 5, rank = 4;

using sampler = std::function<matrix(std::mt19937_64&)>;

matrix draw(std::mt19937_64& engine, double low, double high)
{
    return random_matrix(rows, rank, engine(), low, high);
}

/// Rows on the simplex: inside of it, on its faces and at its corners.
matrix draw_fractions(std::mt19937_64& engine)
{
    std::exponential_distribution<double> exponential(1);
    std::uniform_int_distribution<int> coin(0, 2);
    matrix out(rows, rank);
    for (std::size_t i = 0; i < rows; ++i)
    {
        double sum = 0;
        while (sum == 0)
            for (std::size_t j = 0; j < rank; ++j)
                sum += out(i, j) = coin(engine) == 0 ? 0 : exponential(engine);
        for (std::size_t j = 0; j < rank; ++j)
            out(i, j) /= sum;
    }
    return out;
}

template <class T, class C>
matrix projected(const C& constraint, const matrix& f)
{
    owned_factor<T> out(f);
    xu::project(constraint, out.ref());
    return to_matrix(out.view());
}

/// The three properties of a projection on a closed set, for factors far from the set and close.
template <class T, class C>
void check_is_projection(const C& constraint, const sampler& draw_feasible)
{
    const double rounding = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    std::mt19937_64 engine(7);
    for (double size : {0.3, 3.0})
    {
        const matrix start = draw(engine, -size, size);
        const matrix f = to_matrix(owned_factor<T>(start).view());
        const matrix p = projected<T>(constraint, f);
        const double distance = squared_norm(p - f);
        std::size_t nearer = 0;
        for (int trial = 0; trial < 1000; ++trial)
        {
            const matrix other = draw_feasible(engine);
            nearer += squared_norm(other - f) < distance * (1 - 10 * rounding);
            if (trial < 20)
            {
                const matrix q = to_matrix(owned_factor<T>(other).view());
                CHECK(squared_norm(projected<T>(constraint, q) - q) <=
                      rounding * rounding * (1 + squared_norm(q)));
            }
        }
        CHECK(nearer == 0);
        CHECK(squared_norm(projected<T>(constraint, p) - p) <=
              rounding * rounding * (1 + squared_norm(p)));
    }
}

matrix known_values()
{
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    matrix known = random_matrix(rows, 2, 99, -1, 1);
    known(1, 0) = known(3, 1) = unknown;
    return known;
}
}

TEST_CASE_TEMPLATE("projections: non_negative is nearer than 1,000 feasible points", T, float,
                   double)
{
    check_is_projection<T>(xu::non_negative{}, [](auto& e) { return draw(e, 0, 3); });
}

TEST_CASE_TEMPLATE("projections: bounded is nearer than 1,000 feasible points", T, float, double)
{
    check_is_projection<T>(xu::bounded{.lower = -0.5, .upper = 1.25},
                           [](auto& e) { return draw(e, -0.5, 1.25); });
    check_is_projection<T>(xu::bounded{.lower = 0.25}, [](auto& e) { return draw(e, 0.25, 3); });
}

TEST_CASE_TEMPLATE("projections: sum_to_one is nearer than 1,000 feasible points", T, float, double)
{
    check_is_projection<T>(xu::sum_to_one{}, draw_fractions);
}

TEST_CASE_TEMPLATE("projections: fixed is nearer than 1,000 feasible points", T, float, double)
{
    const matrix known = known_values();
    check_is_projection<T>(xu::fixed(to_tensor(known)),
                           [&](auto& e)
                           {
                               matrix f = draw(e, -3, 3);
                               for (std::size_t i = 0; i < rows; ++i)
                                   for (std::size_t j = 0; j < known.cols; ++j)
                                       if (!std::isnan(known(i, j)))
                                           f(i, j) = known(i, j);
                               return f;
                           });
}

TEST_CASE_TEMPLATE("projections: all_of is exact for intervals, and for non_negative before "
                   "sum_to_one",
                   T, float, double)
{
    check_is_projection<T>(xu::all_of(xu::non_negative{}, xu::bounded{.lower = -1, .upper = 0.75}),
                           [](auto& e) { return draw(e, 0, 0.75); });
    check_is_projection<T>(xu::all_of(xu::non_negative{}, xu::sum_to_one{}), draw_fractions);
    check_is_projection<T>(xu::all_of(xu::sum_to_one{}, xu::non_negative{}), draw_fractions);
}

TEST_CASE("projections: what is listed last holds, whatever came before")
{
    const auto shift_down = [](xu::factor_ref<double> f)
    {
        for (auto column : f.columns())
            for (double& x : column)
                x -= 0.5;
    };
    const matrix f = random_matrix(rows, rank, 3, -1, 1);
    const matrix p =
        projected<double>(xu::all_of(xu::sum_to_one{}, shift_down, xu::non_negative{}), f);
    CHECK(*std::min_element(p.values.begin(), p.values.end()) == 0);
}

namespace
{
/// Duchi et al. 2008, Fig. 1: sort, find the threshold, clip. In long double.
std::vector<double> sorted_simplex_projection(const std::vector<double>& x)
{
    const long double largest = *std::max_element(x.begin(), x.end());
    std::vector<long double> y(x.begin(), x.end());
    for (long double& v : y)
        v -= largest;
    auto sorted = y;
    std::sort(sorted.begin(), sorted.end(), std::greater<>{});
    long double sum = 0, threshold = 0;
    for (std::size_t j = 0; j < sorted.size(); ++j)
    {
        sum += sorted[j];
        const long double t = (sum - 1) / static_cast<long double>(j + 1);
        if (sorted[j] > t)
            threshold = t;
    }
    std::vector<double> out(y.size());
    std::transform(y.begin(), y.end(), out.begin(),
                   [&](long double v)
                   { return static_cast<double>(std::max(v - threshold, 0.0L)); });
    return out;
}

/// Largest deviation of sum_to_one from the sorting method on one row.
template <class T>
double deviation(const std::vector<double>& values)
{
    matrix row(1, values.size());
    row.values = values;
    owned_factor<T> f(row);
    const auto expected = sorted_simplex_projection(to_matrix(f.view()).values);
    xu::sum_to_one{}.project(f.ref());
    double worst = 0;
    for (std::size_t j = 0; j < expected.size(); ++j)
        worst = std::max(worst, std::abs(static_cast<double>(f.values[j]) - expected[j]));
    return worst;
}
}

TEST_CASE_TEMPLATE("sum_to_one: agrees with the sorting method for 1 to 50 components", T, float,
                   double)
{
    const double rounding = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (std::size_t k = 1; k <= 50; ++k)
        for (double size : {1e-8, 0.02, 1.0, 1e3})
        {
            CAPTURE(k);
            CAPTURE(size);
            CHECK(deviation<T>(random_matrix(1, k, k, -size, size).values) <= rounding);
        }
}

TEST_CASE_TEMPLATE("sum_to_one: ties share, huge and tiny entries stay exact", T, float, double)
{
    const double rounding = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
    const double huge = static_cast<double>(std::numeric_limits<T>::max()) / 4;
    const std::vector<std::vector<double>> rows_to_try = {{0, 0, 0, 0},
                                                          {5, 5, 5},
                                                          {1, 1, 0.5, 0.5, 0.5},
                                                          {0.5, 0.5, 0},
                                                          {-7},
                                                          {1e17},
                                                          {1e17, 0},
                                                          {1e17, 1e17, 3},
                                                          {-1e17, -1e17, -2},
                                                          {huge, -huge, 1},
                                                          {huge, huge, huge},
                                                          {1e9, 1e9 + 64, -1e9},
                                                          {1, 1, 1, 1, 1, -1},
                                                          {1e-30, 2e-30, -1e-30}};
    for (const auto& row : rows_to_try)
    {
        CAPTURE(row[0]);
        CAPTURE(row.size());
        CHECK(deviation<T>(row) <= rounding);
    }
}

TEST_CASE("sum_to_one: what is not a number stays visible")
{
    matrix row(1, 3, 0.2);
    row(0, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK(std::isnan(projected<double>(xu::sum_to_one{}, row)(0, 1)));
    row(0, 1) = std::numeric_limits<double>::infinity();
    CHECK(std::isnan(projected<double>(xu::sum_to_one{}, row)(0, 1)));
}

namespace
{
/// project() and prox_column() of a row-separable constraint, in blocks of rows and as a whole.
template <class T, class C>
void check_blocks(const C& constraint)
{
    REQUIRE(xu::is_row_separable(constraint));
    const xu::grid places{{4, 5}, {}};
    const matrix f = random_matrix(20, 3, 17, -1, 2);
    owned_factor<T> whole(f, places), parts(f, places);
    const auto apply = [&](xu::factor_ref<T> block)
    {
        xu::project(constraint, block);
        for (std::size_t j = 0; j < 3; ++j)
            xu::prox_column(constraint, block, j, T{0.5});
    };
    apply(whole.ref());
    for (auto [first, count] : {std::pair{0, 1}, {1, 7}, {8, 12}})
        apply(parts.ref().block(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
    CHECK(whole.values == parts.values);
    CHECK(whole.values != owned_factor<T>(f).values);
}
}

TEST_CASE_TEMPLATE("projections: row-separable constraints do the same block by block", T, float,
                   double)
{
    check_blocks<T>(xu::non_negative{});
    check_blocks<T>(xu::bounded{.lower = 0.1, .upper = 1});
    check_blocks<T>(xu::sum_to_one{});
    check_blocks<T>(xu::fixed(to_tensor(random_matrix(20, 2, 4), {4, 5})));
    check_blocks<T>(xu::all_of(xu::non_negative{}, xu::sum_to_one{}));
}

TEST_CASE("projections: masked rows stay as they are under sum_to_one and fixed")
{
    xu::grid places{{6}, {1, 0, 1, 1, 0, 1}};
    matrix f = random_matrix(6, 3, 5);
    for (std::size_t j = 0; j < 3; ++j)
        f(1, j) = f(4, j) = 0;
    owned_factor<double> a(f, places), b(f, places);
    xu::sum_to_one{}.project(a.ref());
    xu::fixed(to_tensor(random_matrix(6, 3, 8, 1, 2))).project(b.ref());
    for (std::size_t j = 0; j < 3; ++j)
        for (std::size_t i : {std::size_t{1}, std::size_t{4}})
        {
            CHECK(a.ref()(i, j) == 0);
            CHECK(b.ref()(i, j) == 0);
        }
    CHECK(b.ref()(0, 0) >= 1);
}
}
