// SPDX-License-Identifier: BSD-3-Clause
// What the table of pairings promises, over all updates, constraints, data types, layouts and
// masks: descent pairs never raise the objective, heuristic ones keep the best iterate, and every
// constraint holds at the end.
#include "../support.hpp"

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace descent_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;

struct combination
{
    names on_maps, on_components;
};

const std::vector<combination> combinations = {
    {{}, {}},
    {{"non_negative"}, {"non_negative"}},
    {{"non_negative"}, {"non_negative", "unit_norm"}},
    {{"non_negative", "unit_norm:1"}, {"non_negative"}},
    {{"ridge:0.5"}, {"ridge:0.5"}},
    {{"non_negative", "sparse:0.2"}, {"non_negative", "ridge:0.5"}},
    {{"non_negative", "sparse:0.2"}, {"non_negative", "unit_norm"}},
    {{"bounded:0.1:0.8"}, {"non_negative"}},
    {{"bounded:0.1:0.8", "sparse:0.2"}, {"non_negative"}},
    {{"sum_to_one"}, {"non_negative"}},
    {{"non_negative", "sum_to_one"}, {"bounded:0:3"}}};

/// 45 x 38 of rank 4 with noise, whole numbers so that every type holds them exactly.
matrix data()
{
    planted truth = plant({.positions = 45, .channels = 38, .rank = 4, .seed = 3});
    const matrix noise = random_matrix(45, 38, 4);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += 0.3 * noise.values[e];
    return counted(truth.X, 20);
}

struct masks
{
    std::vector<std::size_t> positions, channels; ///< the places that count
};

std::vector<std::size_t> all_but_some(std::size_t count, bool masked)
{
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < count; ++i)
        if (!masked || (i % 7 != 2 && i != 16 && i != 17))
            kept.push_back(i);
    return kept;
}

matrix rows_of(const matrix& a, const std::vector<std::size_t>& rows)
{
    matrix out(rows.size(), a.cols);
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < a.cols; ++j)
            out(i, j) = a(rows[i], j);
    return out;
}

xu::tensor<bool> flags(std::size_t count, const std::vector<std::size_t>& kept)
{
    auto out = xu::tensor<bool>::from_shape({count});
    out.fill(false);
    for (std::size_t i : kept)
        out(i) = true;
    return out;
}

/// X with 255 or NaN under the masks.
template <class T>
xu::unfolded<T> masked(matrix X, layout how, const masks& m)
{
    const double rubbish = std::is_integral_v<T> ? 255 : std::nan("");
    matrix covered(X.rows, X.cols, rubbish);
    for (std::size_t i : m.positions)
        for (std::size_t c : m.channels)
            covered(i, c) = X(i, c);
    return unfold_as<T>(covered, how)
        .mask_positions(flags(X.rows, m.positions))
        .mask_channels(flags(X.cols, m.channels));
}

template <class T>
double penalties(const combination& c, const matrix& C, const matrix& S)
{
    return xu::penalty(xu::any_constraint(c.on_maps), owned_factor<T>(C).view()) +
           xu::penalty(xu::any_constraint(c.on_components), owned_factor<T>(S).view());
}

/// Whether each constraint holds exactly (up to one rounding in sums), masked rows apart.
template <class T>
void check_feasible(const names& constraints, const matrix& f)
{
    const double rounding = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
    const auto [least, most] = std::minmax_element(f.values.begin(), f.values.end());
    for (const auto& constraint : constraints)
    {
        CAPTURE(constraint);
        if (constraint == "non_negative" || constraint == "sum_to_one")
            CHECK(*least >= 0);
        if (constraint == "bounded:0.1:0.8")
            CHECK((*least >= static_cast<double>(static_cast<T>(0.1)) &&
                   *most <= static_cast<double>(static_cast<T>(0.8))));
        if (constraint == "bounded:0:3")
            CHECK((*least >= 0 && *most <= 3));
        if (constraint == "sum_to_one")
            for (double sum : (f * matrix(f.cols, 1, 1)).values)
                CHECK(std::abs(sum - 1) <= rounding);
        if (constraint == "unit_norm" || constraint == "unit_norm:1")
            for (std::size_t j = 0; j < f.cols; ++j)
            {
                double size = 0;
                for (std::size_t i = 0; i < f.rows; ++i)
                    size += constraint == "unit_norm" ? f(i, j) * f(i, j) : std::abs(f(i, j));
                CHECK(size == doctest::Approx(1).epsilon(rounding));
            }
    }
}

/// What rounding may add to the objective in an iteration, in units of |X|^2: the sums before and
/// after it are each uncertain by 8 epsilon of |X|^2, the products' longest chains of additions
/// (see alternation::rounding); the rounding of the factors themselves is 1 epsilon.
template <class F>
constexpr double rise_by_rounding = 2 * 8 * static_cast<double>(std::numeric_limits<F>::epsilon());

template <class T, class U>
void check_run(const matrix& X, layout how, const masks& m, const combination& c)
{
    using F = xu::factor_value_t<T>;
    const double rounding = rise_by_rounding<F>;
    const xu::any_constraint on_maps(c.on_maps), on_components(c.on_components);
    auto solver = xu::make_solver(masked<T>(X, how, m),
                                  {.rank = 4, .max_iterations = 25, .tolerance = 0, .threads = 1},
                                  U{}, xu::on_maps(on_maps), xu::on_components(on_components));
    const matrix kept = transposed(rows_of(transposed(rows_of(X, m.positions)), m.channels));
    const double size = squared_norm(kept);
    const bool moves_scale =
        xu::count_normalizing<F>(on_maps) + xu::count_normalizing<F>(on_components) > 0;
    const bool penalized = xu::is_penalized<F>(on_maps) || xu::is_penalized<F>(on_components);
    const bool descent = std::min(xu::pairing_of<F>(U{}, on_maps),
                                  xu::pairing_of<F>(U{}, on_components)) == xu::pairing::descent &&
                         !(moves_scale && penalized);
    double before = std::numeric_limits<double>::infinity(), best = before;
    std::size_t best_iteration = 0, rises = 0;
    while (solver.status() == xu::status::running)
    {
        solver.step();
        const auto it = solver.current();
        rises += !(it.objective <= before + rounding * size);
        before = it.objective;
        if (it.objective < best)
            best = it.objective, best_iteration = it.number;
        if (it.number % 8 == 1)
        {
            const matrix C = rows_of(to_matrix(it.maps), m.positions),
                         S = rows_of(to_matrix(it.components), m.channels);
            CHECK(std::abs(squared_residual(kept, C, S) + penalties<F>(c, C, S) - it.objective) <=
                  rounding * size);
        }
    }
    if (descent)
        CHECK(rises == 0);

    const auto result = solver.result();
    CHECK(result.status == xu::status::max_iterations);
    CHECK(result.iterations == 25);
    if (!descent)
    {
        CHECK(result.best_iteration == best_iteration);
        CHECK(std::abs(result.objective - best) <= rounding * size);
    }
    const matrix C = to_matrix(result.maps_matrix()), S = to_matrix(result.components_matrix());
    const matrix kept_maps = rows_of(C, m.positions), kept_components = rows_of(S, m.channels);
    CHECK(std::abs(squared_residual(kept, kept_maps, kept_components) -
                   result.mse * static_cast<double>(kept.values.size())) <= rounding * size);
    check_feasible<F>(c.on_maps, kept_maps);
    check_feasible<F>(c.on_components, kept_components);
    CHECK(squared_norm(C) == doctest::Approx(squared_norm(kept_maps)).epsilon(1e-12));
    CHECK(squared_norm(S) == doctest::Approx(squared_norm(kept_components)).epsilon(1e-12));
}

template <class T, class U>
void check_all()
{
    const matrix X = data();
    for (const layout how : {layout::row_major, layout::column_major})
        for (const bool is_masked : {false, true})
            for (const auto& c : combinations)
            {
                const std::string where = [&]
                {
                    std::string text = how == layout::row_major ? "row-major" : "column-major";
                    text += is_masked ? ", masked, maps:" : ", maps:";
                    for (const auto& n : c.on_maps)
                        text += ' ' + n;
                    text += ", components:";
                    for (const auto& n : c.on_components)
                        text += ' ' + n;
                    return text;
                }();
                CAPTURE(where);
                check_run<T, U>(
                    X, how, {all_but_some(X.rows, is_masked), all_but_some(X.cols, is_masked)}, c);
            }
}
}

TEST_CASE_TEMPLATE("descent: als with every constraint", T, float, double, std::uint16_t)
{
    check_all<T, xu::als>();
}

TEST_CASE_TEMPLATE("descent: multiplicative with every constraint", T, float, double, std::uint16_t)
{
    check_all<T, xu::multiplicative>();
}

TEST_CASE_TEMPLATE("descent: hals with every constraint", T, float, double, std::uint16_t)
{
    check_all<T, xu::hals>();
}

TEST_CASE_TEMPLATE("descent: bpp with every constraint", T, float, double, std::uint16_t)
{
    check_all<T, xu::bpp>();
}

namespace
{
/// Data of several kinds, of any shape: a mixture, counts, counts on a high background, a direct
/// beam of 1e6 over a background of 1, and the mixture far from 1.
matrix any_data(std::uint64_t seed)
{
    xu::random_engine engine(seed);
    const auto between = [&](double least, double most)
    { return least + (most - least) * xu::uniform01(engine); };
    const auto rows = static_cast<std::size_t>(between(8, 90)),
               cols = static_cast<std::size_t>(between(8, 90));
    matrix X = random_matrix(rows, 3, seed) * random_matrix(3, cols, seed + 1000);
    switch (seed % 5)
    {
    case 0:
        for (double& x : X.values)
            x += 0.05 * xu::uniform01(engine);
        return X;
    case 1:
        return support::counted(X, 20);
    case 2:
        for (double& x : X.values)
            x = std::round(1000 + 30 * x);
        return X;
    case 3:
        for (std::size_t i = 0; i < rows; ++i)
            X(i, 3) *= 1e6;
        return X;
    default:
        for (double& x : X.values)
            x *= 1e-9;
        return X;
    }
}

/// The objective never rises, by the elements of X in double, whatever the solver says of it.
template <class T, class U>
void check_exactly(std::uint64_t seed, U update)
{
    using F = xu::factor_value_t<T>;
    const matrix X = any_data(seed);
    const double allowed = rise_by_rounding<F> * squared_norm(X);
    const auto nothing = xu::non_negative{};
    REQUIRE(xu::pairing_of<F>(update, nothing) == xu::pairing::descent);
    double before = std::numeric_limits<double>::infinity(), worst = 0;
    xu::factorize(support::unfold_as<T>(X),
                  {.rank = 3, .max_iterations = 40, .tolerance = 0, .seed = seed, .threads = 1},
                  std::move(update), xu::on_maps(nothing), xu::on_components(nothing),
                  [&](const xu::iteration<F>& it)
                  {
                      const double now =
                          squared_residual(X, to_matrix(it.maps), to_matrix(it.components));
                      worst = std::max(worst, now - before);
                      before = now;
                      CHECK(std::abs(it.objective - now) <= allowed / 2);
                  });
    CAPTURE(seed);
    CHECK(worst <= allowed);
}
}

TEST_CASE_TEMPLATE("descent: 300 runs from any data, by the elements themselves", T, float, double)
{
    for (std::uint64_t seed = 1; seed <= 75; ++seed)
    {
        check_exactly<T>(seed, xu::hals{});
        check_exactly<T>(seed, xu::hals{.extrapolate = false});
        check_exactly<T>(seed, xu::bpp{});
        check_exactly<T>(seed, xu::multiplicative{});
    }
}
}
