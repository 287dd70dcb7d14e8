// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>

namespace bpp_test
{
using namespace support;

namespace
{
template <class T>
constexpr double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());

/// argmin_{F >= 0} 1/2 <F gram, F> - <F, rhs>, as the update solves it.
struct small_system
{
    matrix gram, rhs;
};

/// Of a random problem |X - F O^T|^2; the numbers of rhs are such that T holds them.
template <class T>
small_system random_system(std::size_t rows, const matrix& O, std::uint64_t seed)
{
    small_system out{transposed(O) * O, random_matrix(rows, O.rows, seed, -0.7, 1) * O};
    for (double& x : out.rhs.values)
        x = static_cast<double>(static_cast<T>(x));
    return out;
}

/// The update of F in blocks of rows, all with one prepared state.
template <class T, class C = xu::unconstrained>
matrix solve(small_system s, const matrix& F, std::size_t block, const C& c = {})
{
    owned_factor<T> f(F), rhs(s.rhs);
    const xu::matrix_ref<double> gram(s.gram.values.data(), s.gram.rows);
    const xu::bpp update;
    xu::bpp::state<T> prepared;
    update.prepare<T>(gram, xu::grid{{F.rows}, {}}, c, prepared);
    for (std::size_t i = 0; i < F.rows; i += block)
    {
        const std::size_t count = std::min(block, F.rows - i);
        update(f.ref().block(i, count), {gram, rhs.ref().block(i, count)}, c,
               std::as_const(prepared));
    }
    return to_matrix(f.view());
}

/// By how much a row breaks f >= 0, gradient >= 0 and f gradient = 0 at most, in units in which the
/// Gram matrix has unit diagonal and relative to the size of the row's right-hand side there.
double kkt_violation(const small_system& s, const matrix& F)
{
    const matrix FG = F * s.gram;
    double worst = 0;
    for (std::size_t i = 0; i < F.rows; ++i)
    {
        double size = 0, broken = 0;
        for (std::size_t j = 0; j < F.cols; ++j)
        {
            const double unit = std::sqrt(s.gram(j, j));
            if (unit == 0)
                continue;
            const double gradient = (FG(i, j) - s.rhs(i, j)) / unit;
            broken = std::max(broken, F(i, j) > 0 ? std::abs(gradient) : -gradient);
            broken = std::max(broken, -F(i, j) * unit);
            size = std::max({size, std::abs(s.rhs(i, j)) / unit, F(i, j) * unit});
        }
        if (broken > 0)
            worst = std::max(worst, broken / size);
    }
    return worst;
}

matrix rows_of(const matrix& a, std::size_t first, std::size_t count)
{
    const auto begin = a.values.begin() + static_cast<std::ptrdiff_t>(first * a.cols);
    matrix out(count, a.cols);
    std::copy_n(begin, count * a.cols, out.values.begin());
    return out;
}

double objective(const small_system& s, const matrix& F)
{
    const matrix FG = F * s.gram;
    double sum = 0;
    for (std::size_t e = 0; e < F.values.size(); ++e)
        sum += F.values[e] * (FG.values[e] / 2 - s.rhs.values[e]);
    return sum;
}

/// The least 1/2 f gram f^T - f b^T of row i over all sets of columns whose normal equations have a
/// non-negative solution: the solution is one of them. Gauss elimination in long double.
double least_by_enumeration(const small_system& s, std::size_t row)
{
    const std::size_t k = s.gram.rows;
    long double least = 0;
    for (std::size_t set = 1; set < std::size_t{1} << k; ++set)
    {
        std::vector<std::size_t> columns;
        for (std::size_t j = 0; j < k; ++j)
            if ((set >> j & 1U) != 0)
                columns.push_back(j);
        const std::size_t n = columns.size();
        std::vector<std::vector<long double>> A(n, std::vector<long double>(n + 1));
        for (std::size_t p = 0; p < n; ++p)
        {
            for (std::size_t q = 0; q < n; ++q)
                A[p][q] = s.gram(columns[p], columns[q]);
            A[p][n] = s.rhs(row, columns[p]);
        }
        for (std::size_t p = 0; p < n; ++p)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t q = n + 1; i != p && q-- > p;)
                    A[i][q] -= A[i][p] / A[p][p] * A[p][q];
        long double value = 0;
        bool feasible = true;
        for (std::size_t p = 0; p < n; ++p)
        {
            const long double x = A[p][n] / A[p][p];
            feasible = feasible && x >= 0;
            value -= x * static_cast<long double>(s.rhs(row, columns[p])) / 2;
        }
        if (feasible)
            least = std::min(least, value);
    }
    return static_cast<double>(least);
}

/// Columns that resemble each other, of unlike size.
matrix alike_columns(std::size_t rows, std::size_t cols, std::uint64_t seed)
{
    matrix O = random_matrix(rows, cols, seed, 0.5, 1);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j)
            O(i, j) *= std::pow(10.0, static_cast<double>(j % 7) - 3);
    return O;
}

matrix noisy_data(double low)
{
    planted truth = plant({.positions = 150, .channels = 40, .rank = 4, .seed = 6});
    const matrix noise = random_matrix(150, 40, 7, low, 0.3);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += noise.values[e];
    return truth.X;
}

using names = std::vector<std::string>;
}

TEST_CASE_TEMPLATE("bpp: each row satisfies the optimality conditions", T, float, double)
{
    for (const std::size_t k : {1U, 2U, 7U, 20U, 64U})
        for (const std::uint64_t seed : {1U, 2U, 3U})
        {
            CAPTURE(k);
            for (const matrix& O : {random_matrix(90, k, seed), random_matrix(90, k, seed, -1, 1),
                                    alike_columns(90, k, seed)})
            {
                const auto s = random_system<T>(200, O, seed + 10);
                const double rounding = 20 * static_cast<double>(k) * epsilon<T>;
                const matrix cold = solve<T>(s, matrix(200, k), 200);
                const matrix warm = solve<T>(s, random_matrix(200, k, seed + 20), 200);
                CHECK(kkt_violation(s, cold) < rounding);
                CHECK(kkt_violation(s, warm) < rounding);
                const auto zeros = static_cast<std::size_t>(
                    std::count(cold.values.begin(), cold.values.end(), 0.0));
                CHECK((k == 1 || (zeros > 0 && zeros < cold.values.size())));
            }
        }
}

TEST_CASE("bpp: no set of columns does better")
{
    for (const std::size_t k : {1U, 2U, 3U, 4U, 5U, 6U})
        for (const matrix& O : {random_matrix(30, k, k), random_matrix(30, k, k, -1, 1)})
        {
            const auto s = random_system<double>(100, O, k + 50);
            const matrix F = solve<double>(s, random_matrix(100, k, k + 60, -1, 1), 64);
            for (std::size_t i = 0; i < 100; ++i)
            {
                const small_system one{s.gram, rows_of(s.rhs, i, 1)};
                CHECK(objective(one, rows_of(F, i, 1)) ==
                      doctest::Approx(least_by_enumeration(s, i)).epsilon(1e-12));
            }
        }
}

TEST_CASE_TEMPLATE("bpp: blocks of any size give the same bits", T, float, double)
{
    for (const std::size_t k : {3U, 7U, 33U})
    {
        const auto s = random_system<T>(531, alike_columns(60, k, 4), 5);
        const matrix F = random_matrix(531, k, 6, -1, 1), whole = solve<T>(s, F, 531);
        for (const std::size_t block : {1U, 8U, 77U, 512U})
            CHECK(solve<T>(s, F, block).values == whole.values);
    }
}

TEST_CASE("bpp: the Gram matrix in its own units has the same bits at every rank and place")
{
    constexpr double ridge = 1e-15; // small, but not lost beside 1
    for (std::size_t k = 1; k <= 20; ++k)
    {
        const matrix O = random_matrix(60, k, k), gram = transposed(O) * O;
        xu::passive::unit_gram H;
        H.assign({gram.values.data(), k}, 0, ridge);
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t l = 0; l < k; ++l)
            {
                const double part = gram(j, l) * H.scale(j);
                CHECK(H(j, l) == (j == l ? std::fma(part, H.scale(l), ridge) : part * H.scale(l)));
            }
    }
}

TEST_CASE_TEMPLATE("bpp: a singular Gram matrix does no harm", T, float, double)
{
    matrix O = random_matrix(50, 6, 1);
    for (std::size_t i = 0; i < 50; ++i)
    {
        O(i, 2) = O(i, 0);                    // a twin
        O(i, 4) = 0;                          // nothing
        O(i, 5) = (O(i, 1) + O(i, 3)) / 1024; // between two others, in other units
    }
    const auto s = random_system<T>(300, O, 2);
    const matrix F = random_matrix(300, 6, 3), found = solve<T>(s, F, 300);
    CHECK(kkt_violation(s, found) < 100 * epsilon<T>);
    for (std::size_t i = 0; i < 300; ++i)
        CHECK(found(i, 4) == 0);
    CHECK(solve<T>(s, F, 1).values == found.values);
    // As good as with the columns that matter.
    matrix lean(50, 3);
    for (std::size_t i = 0; i < 50; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            lean(i, j) = O(i, std::vector<std::size_t>{0, 1, 3}[j]);
    small_system t{transposed(lean) * lean, matrix(300, 3)};
    for (std::size_t i = 0; i < 300; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            t.rhs(i, j) = s.rhs(i, std::vector<std::size_t>{0, 1, 3}[j]);
    const double least = objective(t, solve<double>(t, matrix(300, 3), 300));
    CHECK(objective(s, found) == doctest::Approx(least).epsilon(20 * epsilon<T>));
}

TEST_CASE_TEMPLATE("bpp: a Gram matrix of rank one, of opposites, and of nothing", T, float, double)
{
    matrix ray(30, 64), opposite(30, 2), nothing(30, 3);
    const matrix direction = random_matrix(30, 64, 4);
    for (std::size_t i = 0; i < 30; ++i)
    {
        for (std::size_t j = 0; j < 64; ++j)
            ray(i, j) = direction(i, 0) * direction(0, j);
        opposite(i, 0) = direction(i, 0);
        opposite(i, 1) = -direction(i, 0);
    }
    for (const matrix& O : {ray, opposite, nothing})
    {
        const auto s = random_system<T>(70, O, 5);
        const matrix F = random_matrix(70, O.cols, 6), found = solve<T>(s, F, 70);
        for (double x : found.values)
            CHECK((x >= 0 && std::isfinite(x)));
        CHECK(kkt_violation(s, found) < 1000 * epsilon<T>);
        CHECK(objective(s, found) <=
              objective(s, F) + 1000 * epsilon<T> * std::abs(objective(s, F)));
    }
}

TEST_CASE_TEMPLATE("bpp: right-hand sides of zeros and of negative numbers give zeros", T, float,
                   double)
{
    const matrix O = random_matrix(40, 7, 1);
    for (const std::size_t rows : {1U, 9U})
        for (const double low : {0.0, -3.0})
        {
            const small_system s{transposed(O) * O, random_matrix(rows, 7, 2, low, low / 2)};
            const matrix F = solve<T>(s, random_matrix(rows, 7, 3), rows);
            CHECK(std::count(F.values.begin(), F.values.end(), 0.0) ==
                  static_cast<std::ptrdiff_t>(F.values.size()));
        }
}

TEST_CASE_TEMPLATE("bpp: a number that is none stays in its row", T, float, double)
{
    auto s = random_system<T>(20, random_matrix(40, 5, 1), 2);
    const matrix F = random_matrix(20, 5, 3), clean = solve<T>(s, F, 20);
    s.rhs(7, 2) = std::nan("");
    const matrix found = solve<T>(s, F, 20);
    for (std::size_t i = 0; i < 20; ++i)
        if (i != 7)
            CHECK(rows_of(found, i, 1).values == rows_of(clean, i, 1).values);
    CHECK(std::isnan(found(7, 2)));
}

TEST_CASE_TEMPLATE("bpp: penalties are part of what is solved", T, float, double)
{
    const auto s = random_system<T>(150, random_matrix(30, 6, 1), 2);
    small_system penalised = s;
    for (std::size_t j = 0; j < 6; ++j)
        penalised.gram(j, j) += 2;
    for (double& x : penalised.rhs.values)
        x = static_cast<double>(static_cast<T>(x) - static_cast<T>(0.75));
    const xu::any_constraint both(names{"sparse:0.75", "ridge:2"});
    const matrix F = solve<T>(s, random_matrix(150, 6, 3), 150, both);
    CHECK(kkt_violation(penalised, F) < 100 * epsilon<T>);
    CHECK(F.values == solve<T>(penalised, random_matrix(150, 6, 3), 150).values);
}

TEST_CASE("bpp: other projections come afterwards")
{
    const auto s = random_system<double>(50, random_matrix(30, 4, 1), 2);
    const matrix F = random_matrix(50, 4, 3);
    matrix free = solve<double>(s, F, 50);
    CHECK(solve<double>(s, F, 50, xu::non_negative{}).values == free.values);
    for (double& x : free.values)
        x = std::clamp(x, 0.1, 0.4);
    CHECK(solve<double>(s, F, 50, xu::bounded{.lower = 0.1, .upper = 0.4}).values == free.values);
    matrix known(50, 2, std::nan(""));
    known(3, 1) = 5;
    CHECK(solve<double>(s, F, 50, xu::fixed(to_tensor(known)))(3, 1) == 5);
}

TEST_CASE_TEMPLATE("bpp: rows left without a solution still go down", T, float, double)
{
    matrix O = random_matrix(40, 7, 1);
    for (std::size_t i = 0; i < 40; ++i)
        O(i, 3) = 0;
    const auto s = random_system<T>(30, O, 2);
    const matrix F = random_matrix(30, 7, 3, -1, 1);
    owned_factor<T> f(F), rhs(s.rhs);
    auto gram = s.gram;
    xu::passive::unit_gram H;
    H.assign(xu::matrix_ref<const double>(gram.values.data(), 7), 0, epsilon<T>);
    xu::passive::block_pivoting<T>(H, f.ref(), rhs.view()).solve(0);
    const matrix found = to_matrix(f.view()), best = solve<T>(s, F, 30);
    for (std::size_t i = 0; i < 30; ++i)
    {
        const small_system one{s.gram, rows_of(s.rhs, i, 1)};
        matrix clipped = rows_of(F, i, 1);
        for (double& x : clipped.values)
            x = std::max(x, 0.0);
        const double before = objective(one, clipped), after = objective(one, rows_of(found, i, 1)),
                     least = objective(one, rows_of(best, i, 1));
        CHECK(after - least < 0.1 * (before - least));
        CHECK(found(i, 3) == 0);
        for (std::size_t j = 0; j < 7; ++j)
            CHECK(found(i, j) >= 0);
    }
}

TEST_CASE("bpp: ranks above 64 are refused")
{
    const small_system s{matrix(65, 65, 1), matrix(1, 65)};
    CHECK(message_of<xu::invalid_argument>([&] { solve<float>(s, matrix(1, 65), 1); }) ==
          "bpp takes ranks up to 64, got 65; use hals for more");
}

TEST_CASE_TEMPLATE("bpp: with all components fixed the maps are the non-negative fit at once", T,
                   float, double)
{
    const matrix X = random_matrix(40, 30, 8, -0.5, 1), S = random_matrix(30, 5, 9);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto solver = xu::make_solver(unfold_as<T>(X, how), {.rank = 5, .threads = 1}, xu::bpp{},
                                      xu::on_components(xu::fixed(to_tensor(S))));
        solver.step();
        CHECK(kkt_residual(X, to_matrix(solver.current().maps), S) < 1e3 * epsilon<T>);
    }
}

TEST_CASE_TEMPLATE("bpp: the objective never rises", T, float, double)
{
    for (const double low : {0.0, -0.6})
        for (const layout how : {layout::row_major, layout::column_major})
            for (const std::size_t rank : {1U, 4U, 30U})
            {
                CAPTURE(rank);
                const matrix X = noisy_data(low);
                auto solver = xu::make_solver(
                    unfold_as<T>(X, how),
                    {.rank = rank, .max_iterations = 60, .tolerance = 0, .threads = 1}, xu::bpp{});
                double before = std::numeric_limits<double>::infinity();
                while (solver.status() == xu::status::running)
                {
                    solver.step();
                    const double now = solver.current().objective;
                    CHECK(now <= before + 20 * epsilon<T> * squared_norm(X));
                    before = now;
                }
                for (double x : to_matrix(solver.current().maps).values)
                    CHECK(x >= 0);
                for (double x : to_matrix(solver.current().components).values)
                    CHECK(x >= 0);
            }
}

TEST_CASE("bpp: ends where hals ends, in fewer iterations")
{
    const matrix X = noisy_data(-0.2);
    const auto run = [&](const auto& update, std::size_t iterations, const names& on_maps,
                         const names& on_components, const problem& maps, const problem& components)
    {
        auto solver = xu::make_solver(
            unfold_as<double>(X),
            {.rank = 4, .max_iterations = iterations, .tolerance = 0, .seed = 2, .threads = 1},
            update, xu::on_maps(xu::any_constraint(on_maps)),
            xu::on_components(xu::any_constraint(on_components)));
        while (solver.status() == xu::status::running)
            solver.step();
        CHECK(kkt_residual_of_both(X, to_matrix(solver.current().maps),
                                   to_matrix(solver.current().components), maps,
                                   components) < 1e-5);
        return solver.current().objective;
    };
    const auto compare = [&](const names& on_maps, const names& on_components, const problem& maps,
                             const problem& components)
    {
        CHECK(run(xu::bpp{}, 1000, on_maps, on_components, maps, components) ==
              doctest::Approx(run(xu::hals{}, 3000, on_maps, on_components, maps, components))
                  .epsilon(1e-3));
    };
    compare({"non_negative"}, {"non_negative"}, {}, {});
    compare({"non_negative", "sparse:0.3"}, {"non_negative", "ridge:0.4"}, {.l1 = 0.3},
            {.ridge = 0.4});
}
}
