// SPDX-License-Identifier: BSD-3-Clause
// The verbs of compressed data, and factorizations that begin on it.
#include <atomic>
#include <functional>

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/survey/compression.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

#include "../matrix/stored.hpp"

namespace compressed_test
{
using namespace stored;
using support::owned_factor;
using support::relative_distance;
using support::to_matrix;
using support::transposed;

namespace
{
using names = std::vector<std::string>;
const names positive{"non_negative"};

/// U V^T
template <class F>
matrix model(const xu::truncated_svd<F>& svd)
{
    return to_matrix(svd.left.view()) * transposed(to_matrix(svd.right.view()));
}

/// All verbs of x against plain products with Y.
template <class M>
void check_verbs(const M& x, const matrix& Y, double precision)
{
    using F = typename M::factor_type;
    const std::size_t n = x.rows(), m = x.cols();
    for (const std::size_t rank : {1U, 3U, 9U})
        for (const std::size_t threads : {1U, 2U})
        {
            owned_factor<F> C(support::random_matrix(n, rank, 1, -1, 1), x.shape().positions);
            owned_factor<F> S(support::random_matrix(m, rank, 2, -1, 1), x.shape().channels);
            xu::clear_masked(C.ref());
            xu::clear_masked(S.ref());
            const matrix YS = Y * to_matrix(S.view());
            const matrix YtC = transposed(Y) * to_matrix(C.view());
            owned_factor<F> XS(matrix(n, rank, rubbish<double>()), C.places);
            owned_factor<F> XtC(matrix(m, rank, rubbish<double>()), S.places), swept = XtC;
            typename M::workspace work{.threads = threads};
            x.multiply(S.view(), XS.ref(), work);
            x.multiply_transposed(C.view(), XtC.ref(), work);
            CHECK(relative_distance(to_matrix(XS.view()), YS) < precision);
            CHECK(relative_distance(to_matrix(XtC.view()), YtC) < precision);
            std::vector<std::atomic<int>> visits(n);
            std::atomic<bool> right{true};
            const auto visit = [&](std::size_t first, xu::factor_ref<F> block, std::size_t worker)
            {
                bool good = worker < threads && block.first_row() == first;
                for (std::size_t i = 0; i < block.rows(); ++i)
                {
                    ++visits[first + i];
                    for (std::size_t j = 0; j < rank; ++j)
                    {
                        good &= block.keeps(i) ? block(i, j) == XS.view()(first + i, j)
                                               : block(i, j) == F{0};
                        block(i, j) = block.keeps(i) ? C.view()(first + i, j) : rubbish<F>();
                    }
                }
                if (!good)
                    right = false;
            };
            x.sweep(S.view(), visit, swept.ref(), work);
            CHECK(right);
            CHECK(std::all_of(visits.begin(), visits.end(), [](int v) { return v == 1; }));
            CHECK(swept.values == XtC.values);
        }
}

/// Planted, of rank 4, with noise of a tenth of it.
matrix noisy(std::uint64_t seed, std::size_t rank = 4, double noise = 0.2)
{
    const auto truth =
        support::plant({.positions = 70, .channels = 64, .rank = rank, .seed = seed});
    matrix X = support::random_matrix(70, 64, seed + 50, 0, noise);
    for (std::size_t e = 0; e < X.values.size(); ++e)
        X.values[e] += truth.X.values[e];
    return X;
}

template <class T, class U = xu::hals>
auto run(const xu::unfolded<T>& x, const xu::options& opt, const xu::compression& how,
         U update = {}, const names& maps = positive, const names& components = positive)
{
    return xu::factorize(x, opt, update, xu::on_maps(xu::any_constraint(maps)),
                         xu::on_components(xu::any_constraint(components)), how);
}
auto run_without(const xu::unfolded<double>& x, const xu::options& opt)
{
    return xu::factorize(x, opt, xu::hals{}, xu::on_maps(xu::any_constraint(positive)),
                         xu::on_components(xu::any_constraint(positive)));
}

double exact_residual(const matrix& X, const auto& result)
{
    return support::squared_residual(X, to_matrix(result.maps_matrix()),
                                     to_matrix(result.components_matrix()));
}

std::string size_refusal(const xu::compression& how, std::size_t rank, std::size_t least)
{
    return support::message_of<xu::invalid_argument>([&] { how.size_for(rank, least); });
}
}

TEST_CASE_TEMPLATE("compressed: the verbs are those of U V^T", T, float, double, std::uint16_t)
{
    using F = xu::factor_value_t<T>;
    const double precision = std::is_same_v<F, float> ? 2e-6 : 1e-13;
    for (const auto& how : arrangements)
    {
        const matrix X = counts(310, 75, 1);
        const xu::compressed x(xu::dense(store<T>(X, how), 1), 6, 1, 0, 1);
        CHECK(x.svd().size() == 6);
        CHECK((x.rows() == 310 && x.cols() == 75));
        CHECK(x.sweep_side() == xu::side::maps);
        CHECK(x.squared_norm() ==
              doctest::Approx(support::squared_norm(visible(X, how))).epsilon(1e-12));
        check_verbs(x, model(x.svd()), precision);
    }
}

TEST_CASE("compressed: all directions kept, the verbs are those of X")
{
    for (const auto& how : arrangements)
        for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{70, 9}, {9, 70}})
        {
            const matrix X = visible(counts(rows, cols, 2), how);
            const auto kept = [&](std::size_t count)
            {
                const flags keep = mask_of(count, how.masks);
                return count - static_cast<std::size_t>(std::count(keep.begin(), keep.end(), 0));
            };
            const std::size_t least = std::min(kept(rows), kept(cols));
            const xu::compressed x(xu::dense(store<double>(X, how), 1), least, 1, 0, 1);
            CHECK(relative_distance(model(x.svd()), X) < 1e-12);
            check_verbs(x, X, 1e-11);
        }
}

TEST_CASE_TEMPLATE("compressed: the residual is that of X itself", T, double, std::uint16_t)
{
    using F = xu::factor_value_t<T>;
    for (const auto& how : arrangements)
    {
        const matrix X = visible(counts(90, 75, 3), how);
        const xu::compressed x(xu::dense(store<T>(X, how), 1), 4, 1, 0, 1);
        const matrix C = held(support::random_matrix(90, 3, 4), how.masks),
                     S = held(support::random_matrix(75, 3, 5), how.masks);
        owned_factor<F> c(C, x.shape().positions), s(S, x.shape().channels);
        typename decltype(x)::workspace work{.threads = 1};
        CHECK(
            x.residual_squared_norm(c.view(), s.view(), work) ==
            doctest::Approx(support::squared_residual(X, to_matrix(c.view()), to_matrix(s.view())))
                .epsilon(40 * double(std::numeric_limits<F>::epsilon())));
    }
}

TEST_CASE("compression: the size, chosen or given")
{
    const xu::compression chosen;
    for (const std::size_t rank : {1U, 7U, 15U, 100U})
    {
        const std::size_t size = chosen.size_for(rank, 10000);
        CHECK(size >= rank + 25);
        CHECK(size < rank + 25 + xu::simd::lanes<float>);
        CHECK(size % xu::simd::lanes<float> == 0);
        CHECK(chosen.size_for(rank, rank) == rank); // there are no more
        CHECK(chosen.size_for(rank, rank + 3) == rank + 3);
    }
    CHECK(xu::compression{.size = 9}.size_for(9, 20) == 9);
    CHECK(xu::compression{.size = 20}.size_for(9, 20) == 20);
    const std::string rule = "the compression must keep at least as many directions as the model "
                             "has components, 9, and at most min(positions, channels) = 20; got ";
    CHECK(size_refusal({.size = 8}, 9, 20) == rule + "8 (0 chooses)");
    CHECK(size_refusal({.size = 21}, 9, 20) == rule + "21 (0 chooses)");
}

TEST_CASE("compression: a warning where signal may be left out, and only there")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const auto warned = [&](const matrix& X, std::size_t rank, std::size_t size)
        {
            return run(support::unfold_as<double>(X),
                       {.rank = rank, .max_iterations = 2, .threads = 1}, {.size = size})
                .warning;
        };
        CHECK(warned(noisy(seed), 4, 0) == "");
        CHECK(warned(noisy(seed), 4, 6) == "");
        const matrix noise = support::random_matrix(70, 64, seed, -1, 1);
        CHECK(warned(noise, 4, 64) == ""); // nothing is left out
        const std::string text = warned(noise, 4, 5);
        CHECK(text.starts_with("compression to 5 directions may lose signal: the last has 0."));
        CHECK(text.ends_with(
            " of the energy of number 4, the weakest that 4 components need; keep more "
            "(compression.size), take fewer components, or go without compression"));
    }
    const auto plain = run_without(support::unfold_as<double>(noisy(1)),
                                   {.rank = 4, .max_iterations = 2, .threads = 1});
    CHECK(plain.warning == "");
}

TEST_CASE_TEMPLATE("compression: every update runs on compressed data", U, xu::als, xu::hals,
                   xu::multiplicative, xu::bpp)
{
    for (const auto& how : {arrangements[1], arrangements[4]})
    {
        matrix X = noisy(1);
        for (double& x : X.values)
            x = std::round(100 * x);
        const matrix seen = visible(X, how);
        const auto result =
            run(store<double>(X, how), {.rank = 4, .max_iterations = 60, .threads = 1}, {}, U{});
        CHECK(result.mse > 0);
        const double residual = exact_residual(seen, result);
        CHECK(result.objective == doctest::Approx(residual).epsilon(1e-10));
        CHECK(residual < 0.1 * support::squared_norm(seen));
        for (double c : to_matrix(result.maps_matrix()).values)
            CHECK(c >= 0);
    }
}

TEST_CASE("compression: ends where a factorization without it ends, with an exact objective")
{
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
    {
        const matrix X = noisy(seed);
        const auto x = support::unfold_as<double>(X);
        const xu::options opt{
            .rank = 4, .max_iterations = 2000, .tolerance = 1e-8, .seed = seed, .threads = 1};
        const auto with = run(x, opt, {.polish = 200}), without = run_without(x, opt);
        CHECK(with.objective == doctest::Approx(exact_residual(X, with)).epsilon(1e-10));
        CHECK(with.mse * 70 * 64 == doctest::Approx(with.objective).epsilon(1e-12));
        CHECK(with.objective <= without.objective * (1 + 1e-4));
    }
}

TEST_CASE("compression: one history, and observers see each iteration once")
{
    for (const std::size_t polish : {0U, 1U, 20U})
        for (const double tolerance : {0.0, 1e-3})
        {
            const matrix X = noisy(2);
            std::vector<std::size_t> numbers, lasts;
            std::vector<double> seconds;
            const auto result = xu::factorize(
                support::unfold_as<double>(X),
                {.rank = 4, .max_iterations = 30, .tolerance = tolerance, .threads = 1}, xu::hals{},
                xu::on_maps(xu::any_constraint(positive)),
                xu::on_components(xu::any_constraint(positive)), xu::compression{.polish = polish},
                std::function<void(const xu::iteration<double>&)>(
                    [&](const xu::iteration<double>& it)
                    {
                        CHECK(it.max_iterations == 30 + polish);
                        numbers.push_back(it.number);
                        seconds.push_back(it.seconds);
                        if (it.last)
                            lasts.push_back(it.number);
                    }));
            REQUIRE(numbers.size() == result.iterations);
            REQUIRE(result.history.size() == result.iterations);
            for (std::size_t t = 0; t < numbers.size(); ++t)
            {
                CHECK(numbers[t] == t + 1);
                CHECK(result.history[t].iteration == t + 1);
                CHECK((t == 0 || result.history[t].seconds >= result.history[t - 1].seconds));
                CHECK((t == 0 || seconds[t] >= seconds[t - 1]));
            }
            CHECK(lasts == std::vector<std::size_t>{result.iterations});
            CHECK(result.best_iteration == result.iterations);
            CHECK(result.objective == doctest::Approx(exact_residual(X, result)).epsilon(1e-10));
            // One iteration on X has none before it to compare with.
            CHECK(result.status == (tolerance > 0 && polish != 1 ? xu::status::converged
                                                                 : xu::status::max_iterations));
            if (tolerance == 0)
                CHECK(result.iterations == 30 + polish);
            // Polishing goes on where compressed data left off, up to what was left out.
            if (polish > 0 && tolerance == 0)
                CHECK(result.history[30].objective <= result.history[29].objective * 1.01);
        }
}

TEST_CASE("compression: stopped in either part it ends there, with an exact objective")
{
    for (const std::size_t last : {1U, 7U, 30U, 33U})
    {
        const matrix X = noisy(3);
        std::size_t calls = 0;
        const auto result =
            xu::factorize(support::unfold_as<double>(X),
                          {.rank = 4, .max_iterations = 30, .tolerance = 0, .threads = 1},
                          xu::hals{}, xu::on_maps(xu::any_constraint(positive)),
                          xu::on_components(xu::any_constraint(positive)), xu::compression{},
                          std::function<xu::flow(const xu::iteration<double>&)>(
                              [&](const xu::iteration<double>& it)
                              {
                                  ++calls;
                                  return it.number == last ? xu::flow::stop : xu::flow::proceed;
                              }));
        CAPTURE(last);
        CHECK(result.status == xu::status::stopped);
        CHECK(result.iterations == last);
        CHECK(calls == last);
        CHECK(result.objective == doctest::Approx(exact_residual(X, result)).epsilon(1e-10));
    }
}

TEST_CASE("compression: any number of threads gives the same bits")
{
    const auto x = support::unfold_as<double>(support::random_matrix(900, 120, 4));
    const auto once = [&](std::size_t threads)
    { return run(x, {.rank = 4, .max_iterations = 10, .threads = threads}, {}); };
    const auto one = once(1);
    for (const std::size_t threads : {2U, 3U})
    {
        const auto some = once(threads);
        CHECK(to_matrix(some.maps_matrix()).values == to_matrix(one.maps_matrix()).values);
        CHECK(to_matrix(some.components_matrix()).values ==
              to_matrix(one.components_matrix()).values);
        CHECK(some.objective == one.objective);
    }
}

TEST_CASE("compression: penalties count factors as they were minimised")
{
    // The objective before polishing is the objective after it, up to what was left out.
    const auto result =
        run(support::unfold_as<double>(noisy(5)),
            {.rank = 4, .max_iterations = 400, .tolerance = 0, .threads = 1}, {.polish = 0},
            xu::hals{}, {"non_negative", "sparse:3"}, {"non_negative", "ridge:2"});
    CHECK(result.objective == doctest::Approx(result.history.back().objective).epsilon(1e-3));
}

TEST_CASE("compression: heuristic constraints keep the best iterate of both parts")
{
    const matrix X = noisy(6);
    for (const std::size_t polish : {0U, 20U})
    {
        const auto result = run(support::unfold_as<double>(X),
                                {.rank = 4, .max_iterations = 60, .tolerance = 0, .threads = 1},
                                {.polish = polish}, xu::hals{}, {"sum_to_one"});
        CHECK(result.objective == doctest::Approx(exact_residual(X, result)).epsilon(1e-10));
        const auto best = std::min_element(
            result.history.begin() + (polish > 0 ? 60 : 0), result.history.end(),
            [](const auto& a, const auto& b) { return a.objective < b.objective; });
        CHECK(result.best_iteration == best->iteration);
        CHECK(result.objective == doctest::Approx(best->objective).epsilon(1e-3));
    }
}
}
