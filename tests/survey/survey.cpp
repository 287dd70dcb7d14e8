// SPDX-License-Identifier: BSD-3-Clause
// Many starts at many ranks: what each start did, which one is kept, and what ends the whole.
#include "../support.hpp"

#include <functional>
#include <set>
#include <sstream>
#include <stop_token>

#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/survey/survey.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace survey_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;
using observer = std::function<xu::flow(const xu::survey_progress&)>;

/// Whole numbers: what is planted, of the given rank, with noise of a tenth of it.
matrix noisy(std::uint64_t seed, std::size_t positions = 60, std::size_t channels = 50,
             std::size_t rank = 3)
{
    planted truth =
        plant({.positions = positions, .channels = channels, .rank = rank, .seed = seed});
    const matrix noise = random_matrix(positions, channels, seed + 100, 0, 0.2);
    for (std::size_t e = 0; e < noise.values.size(); ++e)
        truth.X.values[e] += noise.values[e];
    return counted(truth.X, 200);
}

xu::dense<double> as_dense(const matrix& X)
{
    return xu::dense(unfold_as<double>(X), 1);
}

/// A short survey on one thread.
xu::survey_options brief(std::vector<std::size_t> ranks)
{
    return {.ranks = std::move(ranks),
            .starts = 4,
            .max_iterations = 30,
            .tolerance = 0,
            .seed = 7,
            .threads = 1};
}

const names positive{"non_negative"};

template <class M, class U = xu::hals>
auto run(const M& x, const xu::survey_options& opt, U update = {}, const names& maps = positive,
         const names& components = positive)
{
    return xu::survey(x, opt, update, xu::on_maps(xu::any_constraint(maps)),
                      xu::on_components(xu::any_constraint(components)));
}

auto watched(const matrix& X, const xu::survey_options& opt, const observer& watch,
             const std::stop_token& token = {})
{
    return xu::survey(as_dense(X), opt, xu::hals{}, xu::on_maps(xu::any_constraint(positive)),
                      xu::on_components(xu::any_constraint(positive)), watch, token);
}

auto solver_of(const auto& x, const xu::run_record& run, std::size_t iterations)
{
    return xu::make_solver(x,
                           {.rank = run.rank,
                            .max_iterations = iterations,
                            .tolerance = 0,
                            .seed = run.seed,
                            .threads = 1},
                           xu::hals{}, xu::on_maps(xu::any_constraint(positive)),
                           xu::on_components(xu::any_constraint(positive)));
}

/// |X - C S^T|^2 over the places that are kept, from X itself.
double exact_residual(const matrix& X, const auto& result)
{
    matrix rest =
        X - to_matrix(result.maps_matrix()) * transposed(to_matrix(result.components_matrix()));
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            if (!result.shape().positions.keeps(i) || !result.shape().channels.keeps(c))
                rest(i, c) = 0;
    return squared_norm(rest);
}

void check_same(const xu::run_record& a, const xu::run_record& b)
{
    CHECK((a.rank == b.rank && a.start == b.start && a.seed == b.seed));
    CHECK((a.iterations == b.iterations && a.ended == b.ended && a.dropped == b.dropped));
    CHECK((a.mse == b.mse && a.objective == b.objective));
}

/// Everything but the clock.
template <class T>
void check_same(const xu::rank_survey<T>& a, const xu::rank_survey<T>& b)
{
    CHECK((a.rank == b.rank && a.best_start == b.best_start && a.warning == b.warning));
    REQUIRE(a.runs.size() == b.runs.size());
    for (std::size_t i = 0; i < a.runs.size(); ++i)
        check_same(a.runs[i], b.runs[i]);
    const auto &x = *a.best, &y = *b.best;
    CHECK(to_matrix(x.maps_matrix()).values == to_matrix(y.maps_matrix()).values);
    CHECK(to_matrix(x.components_matrix()).values == to_matrix(y.components_matrix()).values);
    CHECK((x.status == y.status && x.iterations == y.iterations));
    CHECK((x.best_iteration == y.best_iteration && x.one_read == y.one_read));
    CHECK((x.objective == y.objective && x.mse == y.mse));
    CHECK((x.warning == y.warning && x.negative_data == y.negative_data));
    REQUIRE(x.history.size() == y.history.size());
    for (std::size_t t = 0; t < x.history.size(); ++t)
    {
        CHECK(x.history[t].iteration == y.history[t].iteration);
        CHECK(x.history[t].objective == y.history[t].objective);
    }
}
template <class T>
void check_same(const xu::survey_state<T>& a, const xu::survey_state<T>& b)
{
    CHECK((a.entries == b.entries && a.squared_norm == b.squared_norm));
    CHECK((a.spectrum == b.spectrum && a.scaled_pca == b.scaled_pca));
    CHECK((a.shape.positions.shape == b.shape.positions.shape &&
           a.shape.positions.keep == b.shape.positions.keep));
    CHECK((a.shape.channels.shape == b.shape.channels.shape &&
           a.shape.channels.keep == b.shape.channels.keep));
    REQUIRE(a.ranks.size() == b.ranks.size());
    for (std::size_t i = 0; i < a.ranks.size(); ++i)
        check_same(a.ranks[i], b.ranks[i]);
}

template <class T>
std::string written(const xu::survey_state<T>& s)
{
    std::ostringstream out;
    xu::write_survey(out, s);
    return out.str();
}

template <class T>
xu::survey_state<T> read(const std::string& bytes)
{
    std::istringstream in(bytes);
    return xu::read_survey<T>(in);
}

std::string refusal(const matrix& X, const xu::survey_options& opt)
{
    return message_of<xu::invalid_argument>([&] { run(as_dense(X), opt); });
}

xu::tensor<bool> all_but_some(const std::vector<std::size_t>& shape)
{
    auto keep = xu::tensor<bool>::from_shape(shape);
    for (std::size_t i = 0; i < keep.size(); ++i)
        keep.data()[i] = i % 9 != 4;
    return keep;
}

/// A rank for which nothing is known but the best mse.
xu::rank_survey<double> with_minimum(std::size_t rank, double mse)
{
    xu::rank_survey<double> out(rank, 1);
    out.best.emplace(std::vector<double>(rank), std::vector<double>(rank),
                     xu::unfolding{.positions = {{1}, {}}, .channels = {{1}, {}}, .axes = {0}});
    out.best->mse = mse;
    return out;
}
}

TEST_CASE("survey: a range of ranks")
{
    CHECK(xu::rank_range(2, 5) == std::vector<std::size_t>{2, 3, 4, 5});
    CHECK(xu::rank_range(3, 3) == std::vector<std::size_t>{3});
    CHECK(xu::rank_range(5, 2).empty());
    CHECK(xu::survey_options{}.ranks == xu::rank_range(2, 15));
}

TEST_CASE("survey: each start of an exact survey is a factorization with its seed")
{
    const matrix X = noisy(1);
    const auto x = as_dense(X);
    auto opt = brief({2, 3, 5});
    opt.exact = true;
    const auto found = run(x, opt);
    REQUIRE(found.ranks.size() == 3);
    for (const auto& r : found.ranks)
        for (std::size_t start = 0; start < opt.starts; ++start)
        {
            const auto& run = r.runs[start];
            CHECK((run.rank == r.rank && run.start == start && run.seed == 7 + start));
            auto alone = solver_of(x, run, opt.max_iterations);
            while (alone.status() == xu::status::running)
                alone.step();
            CHECK(run.iterations == 30);
            CHECK(run.ended == xu::status::max_iterations);
            CHECK_FALSE(run.dropped);
            CHECK(run.mse == doctest::Approx(alone.current().mse).epsilon(1e-9));
            CHECK(run.objective == doctest::Approx(alone.current().objective).epsilon(1e-9));
        }
}

TEST_CASE("survey: each start is a factorization of compressed data with its seed")
{
    const auto x = as_dense(noisy(1));
    auto opt = brief({2, 4});
    opt.compress = {.size = 10, .power_iterations = 2, .seed = 5};
    const auto found = run(x, opt);
    const xu::compressed<xu::dense<double>> small(x, 10, opt.compress.power_iterations,
                                                  opt.compress.seed, 1);
    for (const auto& r : found.ranks)
        for (const auto& run : r.runs)
        {
            auto alone = solver_of(small, run, opt.max_iterations);
            while (alone.status() == xu::status::running)
                alone.step();
            CHECK(run.objective == alone.state().best_objective);
        }
}

TEST_CASE("survey: the best of each rank is the best start, polished")
{
    for (const bool exact : {false, true})
    {
        const matrix X = noisy(2);
        auto opt = brief({1, 2, 3, 4});
        opt.exact = exact;
        const auto found = run(as_dense(X), opt);
        REQUIRE(found.ranks.size() == 4);
        CHECK(found.entries == X.values.size());
        CHECK(found.squared_norm == doctest::Approx(squared_norm(X)).epsilon(1e-12));
        for (const std::size_t rank : {1U, 2U, 3U, 4U})
        {
            const auto& r = found.at(rank);
            const auto& best = found.best(rank);
            CHECK(r.rank == rank);
            CHECK(best.rank() == rank);
            CHECK(r.minimum() == best.mse);
            const double residual = exact_residual(X, best);
            CHECK(best.mse * 3000 == doctest::Approx(residual).epsilon(1e-10));
            CHECK(best.objective == doctest::Approx(residual).epsilon(1e-10));
            for (const auto& run : r.runs)
            {
                CHECK(r.runs[r.best_start].objective <= run.objective);
                CHECK(r.minimum() <= run.mse * (1 + (exact ? 1e-12 : 1e-3)));
            }
            CHECK(best.iterations == (exact ? 30 : 50)); // 20 to polish
            CHECK(best.history.size() == best.iterations);
            for (std::size_t t = 0; t < best.history.size(); ++t)
                CHECK(best.history[t].iteration == t + 1);
            CHECK(best.one_read);
            CHECK(r.warning == "");
        }
        CHECK(message_of<xu::invalid_argument>([&] { found.at(7); }) ==
              "rank 7 was not surveyed, or not yet");
    }
}

TEST_CASE("survey: compressed and exact surveys find the same at the planted rank")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const auto x = as_dense(noisy(seed, 90, 80));
        auto opt = brief({3});
        opt.max_iterations = 100;
        const double compressed = run(x, opt).at(3).minimum();
        opt.exact = true;
        CHECK(compressed == doctest::Approx(run(x, opt).at(3).minimum()).epsilon(1e-3));
    }
}

TEST_CASE("survey: any number of threads gives the same bits")
{
    const auto x = as_dense(noisy(3, 300, 70));
    for (const bool exact : {false, true})
        for (const std::size_t halving : {0U, 4U})
        {
            if (exact && halving > 0)
                continue;
            auto opt = brief({2, 4});
            opt.starts = 5;
            opt.exact = exact;
            opt.halving = halving;
            opt.tolerance = 1e-4;
            const auto one = run(x, opt);
            opt.threads = 2;
            check_same(run(x, opt), one);
        }
}

TEST_CASE("survey: ranks in any order give the same")
{
    const auto x = as_dense(noisy(4));
    const auto sorted = run(x, brief({2, 3, 5})), mixed = run(x, brief({5, 2, 3}));
    CHECK((mixed.ranks[0].rank == 5 && mixed.ranks[1].rank == 2 && mixed.ranks[2].rank == 3));
    for (const std::size_t rank : {2U, 3U, 5U})
        check_same(mixed.at(rank), sorted.at(rank));
}

TEST_CASE("survey: one rank, one start, one iteration")
{
    for (const bool exact : {false, true})
    {
        auto opt = brief({3});
        opt.starts = opt.max_iterations = 1;
        opt.exact = exact;
        const auto found = run(as_dense(noisy(5)), opt);
        REQUIRE(found.ranks.size() == 1);
        CHECK(found.at(3).runs[0].iterations == 1);
        CHECK(found.at(3).spread() == 0);
        CHECK(found.at(3).mean() == found.at(3).runs[0].mse);
        CHECK(found.at(3).near_best() == 1);
        CHECK(std::isfinite(found.at(3).minimum()));
    }
}

TEST_CASE("survey: goes on after a break as if nothing had happened")
{
    const auto x = as_dense(noisy(6));
    const auto on_maps = xu::on_maps(xu::any_constraint(positive));
    const auto on_components = xu::on_components(xu::any_constraint(positive));
    for (const bool exact : {false, true})
    {
        auto opt = brief({2, 5, 3});
        opt.exact = exact;
        xu::surveyor straight(x, opt, xu::hals{}, on_maps, on_components);
        std::vector<std::string> states{written(straight.state())};
        while (!straight.is_done())
        {
            straight.step();
            CHECK_FALSE(straight.is_stopped());
            states.push_back(written(straight.state()));
        }
        straight.step();
        CHECK(straight.state().ranks.size() == 3);
        REQUIRE(states.size() == 4);
        for (std::size_t done = 0; done < 4; ++done)
        {
            xu::surveyor resumed(x, opt, xu::hals{}, on_maps, on_components);
            resumed.resume(read<double>(states[done]));
            CHECK(resumed.state().ranks.size() == done);
            std::vector<std::size_t> counts;
            while (!resumed.is_done())
                resumed.step(
                    [&](const xu::survey_progress& p)
                    {
                        CHECK(p.total == 12);
                        counts.push_back(p.done);
                    });
            check_same(resumed.state(), straight.state());
            REQUIRE(counts.size() == 12 - 4 * done);
            for (std::size_t i = 0; i < counts.size(); ++i)
                CHECK(counts[i] == 4 * done + i + 1);
        }
    }
}

TEST_CASE("survey: a survey of other ranks, starts, seeds or data is not gone on with")
{
    const matrix X = noisy(6);
    const auto refused = [&](const xu::dense<double>& x, const xu::survey_options& opt)
    {
        const auto earlier = run(as_dense(X), brief({2, 3}));
        return message_of<xu::invalid_argument>(
            [&]
            {
                xu::surveyor s(x, opt, xu::hals{});
                s.resume(earlier);
            });
    };
    CHECK(refused(as_dense(X), brief({2, 3})) == "no exception");
    CHECK(refused(as_dense(X), brief({2, 3, 4})) == "no exception");
    const std::string ranks = "the survey to resume has other ranks than this one";
    CHECK(refused(as_dense(X), brief({2})) == ranks);
    CHECK(refused(as_dense(X), brief({3, 2})) == ranks);
    auto opt = brief({2, 3});
    opt.starts = 5;
    CHECK(refused(as_dense(X), opt) ==
          "the survey to resume has another number of starts or another seed, 4 from 7 instead of "
          "5 from 7");
    opt = brief({2, 3});
    opt.seed = 8;
    CHECK(refused(as_dense(X), opt) ==
          "the survey to resume has another number of starts or another seed, 4 from 7 instead of "
          "4 from 8");
    const std::string data = "the survey to resume is of other data: its shape, masks or |X|^2 "
                             "differ";
    CHECK(refused(as_dense(noisy(8)), brief({2, 3})) == data);
    CHECK(refused(as_dense(transposed(X)), brief({2, 3})) == data);
    CHECK(refused(xu::dense(unfold_as<double>(X, layout::row_major, {6, 10}), 1), brief({2, 3})) ==
          data);
    CHECK(refused(xu::dense(unfold_as<double>(X).mask_positions(all_but_some({60})), 1),
                  brief({2, 3})) == data);
}

TEST_CASE("survey: observers see every start once")
{
    for (const bool exact : {false, true})
        for (const std::size_t threads : {1U, 2U})
        {
            auto opt = brief({2, 4});
            opt.exact = exact;
            opt.threads = threads;
            opt.tolerance = 1e-4;
            std::vector<xu::survey_progress> seen;
            const auto found = watched(noisy(7), opt,
                                       [&](const xu::survey_progress& p)
                                       {
                                           seen.push_back(p);
                                           return xu::flow::proceed;
                                       });
            REQUIRE(seen.size() == 8);
            std::set<std::pair<std::size_t, std::size_t>> different;
            for (std::size_t i = 0; i < 8; ++i)
            {
                CHECK(seen[i].done == i + 1);
                CHECK(seen[i].total == 8);
                CHECK(seen[i].seconds >= (i > 0 ? seen[i - 1].seconds : 0));
                CHECK(seen[i].run.rank == (i < 4 ? 2 : 4));
                different.emplace(seen[i].run.rank, seen[i].run.start);
                check_same(seen[i].run, found.at(seen[i].run.rank).runs[seen[i].run.start]);
            }
            CHECK(different.size() == 8);
        }
}

TEST_CASE("survey: an observer stops it, and the ranks done are returned")
{
    for (const bool exact : {false, true})
    {
        auto opt = brief({2, 3, 4});
        opt.exact = exact;
        const auto all = run(as_dense(noisy(8)), opt);
        for (const std::size_t last : {1U, 4U, 6U, 9U})
        {
            std::size_t calls = 0;
            const auto found =
                watched(noisy(8), opt,
                        [&](const xu::survey_progress& p)
                        {
                            ++calls;
                            return p.done == last ? xu::flow::stop : xu::flow::proceed;
                        });
            // Starts that run side by side end in one iteration.
            CHECK(calls >= last);
            CHECK(calls <= (last + 3) / 4 * 4);
            REQUIRE(found.ranks.size() == (last - 1) / 4);
            for (const auto& r : found.ranks)
                check_same(r, all.at(r.rank));
        }
    }
}

TEST_CASE("survey: a stop token cancels it")
{
    for (const bool exact : {false, true})
    {
        auto opt = brief({2, 3});
        opt.exact = exact;
        std::stop_source source;
        const auto found = watched(
            noisy(8), opt,
            [&](const xu::survey_progress& p)
            {
                if (p.done == 5)
                    source.request_stop();
                return xu::flow::proceed;
            },
            source.get_token());
        CHECK(found.ranks.size() == 1);
        const auto none = watched(
            noisy(8), opt, [](const auto&) { return xu::flow::proceed; }, source.get_token());
        CHECK(none.ranks.empty());
        CHECK(none.pca_mse(0) > 0);
    }
}

TEST_CASE("survey: halving drops the worse half again and again")
{
    auto opt = brief({3});
    opt.starts = 8;
    opt.max_iterations = 40;
    opt.halving = 5;
    std::size_t calls = 0;
    const auto found = watched(noisy(9), opt,
                               [&](const xu::survey_progress& p)
                               {
                                   CHECK(p.done == ++calls);
                                   return xu::flow::proceed;
                               });
    CHECK(calls == 8);
    const auto& r = found.at(3);
    std::vector<std::size_t> iterations;
    for (const auto& run : r.runs)
    {
        CHECK(run.dropped == (run.iterations < 40));
        CHECK(run.ended == (run.dropped ? xu::status::running : xu::status::max_iterations));
        iterations.push_back(run.iterations);
    }
    std::sort(iterations.begin(), iterations.end());
    CHECK(iterations == std::vector<std::size_t>{5, 5, 5, 5, 10, 10, 20, 40});
    CHECK_FALSE(r.runs[r.best_start].dropped);
    CHECK(r.mean() == r.runs[r.best_start].mse);
    CHECK(r.near_best() == 1);
}

TEST_CASE("survey: halving keeps a start as good as the best")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const auto x = as_dense(noisy(seed));
        auto opt = brief({3});
        opt.starts = 8;
        opt.max_iterations = 80;
        const double all = run(x, opt).at(3).minimum();
        opt.halving = 10;
        CHECK(run(x, opt).at(3).minimum() == doctest::Approx(all).epsilon(1e-3));
    }
}

TEST_CASE("survey: halving leaves a single start, and starts that ended, alone")
{
    const auto x = as_dense(noisy(9));
    auto opt = brief({3});
    opt.starts = 1;
    opt.halving = 3;
    const auto one = run(x, opt);
    CHECK((!one.at(3).runs[0].dropped && one.at(3).runs[0].iterations == 30));
    opt.starts = 6;
    opt.tolerance = 0.9; // all end after two iterations
    const auto ended = run(x, opt);
    for (const auto& start : ended.at(3).runs)
        CHECK((!start.dropped && start.ended == xu::status::converged));
    opt.halving = 100; // more than there are iterations
    opt.tolerance = 0;
    const auto undisturbed = run(x, opt);
    for (const auto& start : undisturbed.at(3).runs)
        CHECK((!start.dropped && start.iterations == 30));
}

TEST_CASE("survey: no model leaves less than the principal components")
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        auto opt = brief({1, 2, 3, 4, 6});
        opt.compress.power_iterations = 3;
        const auto found = run(as_dense(noisy(seed)), opt);
        CHECK(found.pca_mse(0) == doctest::Approx(found.squared_norm / 3000));
        for (const auto& r : found.ranks)
        {
            CHECK(found.pca_mse(r.rank) <= r.minimum() * (1 + 1e-6));
            CHECK(found.pca_mse(r.rank) <= found.pca_mse(r.rank - 1));
            CHECK(found.scaled_pca_mse(r.rank) >= found.pca_mse(r.rank) * (1 - 1e-6));
        }
        CHECK(std::isnan(found.pca_mse(1000)));
    }
}

TEST_CASE("survey: data with negative values has no principal components for counts")
{
    matrix X = noisy(1);
    X(3, 4) = -1;
    const auto found = run(as_dense(X), brief({2, 3}));
    CHECK(found.scaled_pca.empty());
    CHECK(std::isnan(found.scaled_pca_mse(2)));
    CHECK_FALSE(found.crossing().has_value());
    CHECK(found.best(2).negative_data == 1);
}

TEST_CASE("survey: the crossing is the last rank up to which the model is the better one")
{
    const auto crossing = [](const std::vector<std::pair<std::size_t, double>>& minima)
    {
        xu::survey_state<double> s{.entries = 10, .scaled_pca = {100, 80, 60, 40, 20, 10}};
        for (const auto& [rank, mse] : minima)
            s.ranks.push_back(with_minimum(rank, mse));
        return s.crossing();
    };
    CHECK(crossing({{1, 7}, {2, 5}, {3, 4.5}, {4, 3}}) == 2U);
    CHECK(crossing({{1, 7}, {2, 5}, {3, 4}, {4, 3}}) == 3U);   // equal is not above
    CHECK(crossing({{1, 7}, {2, 7}, {3, 3.5}, {4, 3}}) == 1U); // what is beyond does not count
    CHECK_FALSE(crossing({{1, 9}, {2, 7}}).has_value());       // above from the beginning
    CHECK_FALSE(crossing({{1, 7}, {2, 5}}).has_value());       // not above up to the end
    CHECK_FALSE(crossing({}).has_value());
    CHECK(crossing({{4, 3}, {2, 5}, {3, 4.5}, {1, 7}}) == 2U); // in any order
    CHECK(crossing({{1, 7}, {4, 3}}) == 1U);
}

TEST_CASE("survey: mean, spread and the number of good starts")
{
    xu::rank_survey<double> r(2, 6);
    const double mses[] = {1, 1.0005, 1.01, 3, 50, std::nan("")};
    for (std::size_t i = 0; i < 6; ++i)
        r.runs[i].mse = mses[i];
    r.runs[4].dropped = true;
    const double mean = (1 + 1.0005 + 1.01 + 3) / 4;
    double squares = 0;
    for (const double x : {1.0, 1.0005, 1.01, 3.0})
        squares += (x - mean) * (x - mean);
    CHECK(r.mean() == doctest::Approx(mean).epsilon(1e-14));
    CHECK(r.spread() == doctest::Approx(std::sqrt(squares / 3)).epsilon(1e-13));
    CHECK(r.near_best() == 2);
    CHECK(r.near_best(0.1) == 3);
    CHECK(r.near_best(0) == 1);
    CHECK(std::isnan(r.minimum()));
    const xu::rank_survey<double> none(2, 0);
    CHECK(none.near_best() == 0);
    CHECK(none.spread() == 0);
    CHECK(std::isnan(none.mean()));
}

TEST_CASE_TEMPLATE("survey: counts, masks, either layout and other updates", U, xu::als,
                   xu::multiplicative)
{
    const matrix X = noisy(10);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto x = xu::any_matrix<float>(xu::dense(unfold_as<std::uint16_t>(X, how, {6, 10})
                                                           .mask_positions(all_but_some({6, 10}))
                                                           .mask_channels(all_but_some({50})),
                                                       1));
        const std::size_t entries = 53 * 44;
        for (const bool exact : {false, true})
        {
            auto opt = brief({2, 3});
            opt.starts = 3;
            opt.exact = exact;
            const auto found = run(x, opt, U{});
            CHECK(found.entries == entries);
            for (const auto& r : found.ranks)
            {
                const auto& best = *r.best;
                CHECK(r.minimum() * static_cast<double>(entries) ==
                      doctest::Approx(exact_residual(X, best)).epsilon(1e-4));
                CHECK(found.pca_mse(r.rank) <= r.minimum() * (1 + 1e-4));
                CHECK(best.maps().shape() == std::vector<std::size_t>{r.rank, 6, 10});
                for (double value : to_matrix(best.maps_matrix()).values)
                    CHECK(value >= 0);
                for (const auto& run : r.runs)
                    CHECK(r.minimum() <= run.mse * 1.01);
            }
            CHECK(found.scaled_pca.size() == found.spectrum.size());
        }
    }
}

TEST_CASE("survey: other constraints hold in what it finds")
{
    const matrix X = noisy(11);
    for (const bool exact : {false, true})
    {
        auto opt = brief({3});
        opt.exact = exact;
        const auto bounded = run(as_dense(X), opt, xu::hals{}, {"bounded:0.1:0.8"});
        for (double c : to_matrix(bounded.best(3).maps_matrix()).values)
            CHECK((c >= 0.1 && c <= 0.8));
        const auto shares = run(as_dense(X), opt, xu::hals{}, {"sum_to_one"}); // heuristic
        const matrix C = to_matrix(shares.best(3).maps_matrix());
        for (double sum : (C * matrix(3, 1, 1)).values)
            CHECK(sum == doctest::Approx(1).epsilon(1e-12));
        CHECK(shares.at(3).minimum() * 3000 ==
              doctest::Approx(exact_residual(X, shares.best(3))).epsilon(1e-10));
        const auto unit =
            run(as_dense(X), opt, xu::hals{}, positive, {"non_negative", "unit_norm"});
        CHECK(unit.at(3).minimum() * 3000 ==
              doctest::Approx(exact_residual(X, unit.best(3))).epsilon(1e-10));
    }
}

TEST_CASE("survey: the best objective under a penalty is that of its start")
{
    // Scaled for the result, factors have other penalties than those that were minimised.
    auto opt = brief({3});
    opt.compress.polish = 0;
    opt.max_iterations = 100;
    for (const bool exact : {false, true})
    {
        opt.exact = exact;
        const auto found = run(as_dense(noisy(11)), opt, xu::hals{}, {"non_negative", "sparse:5"},
                               {"non_negative", "ridge:3"});
        const auto& r = found.at(3);
        CHECK(found.best(3).objective ==
              doctest::Approx(r.runs[r.best_start].objective).epsilon(exact ? 1e-10 : 1e-3));
    }
}

TEST_CASE("survey: what breaks a rule is refused before any work")
{
    const matrix X = noisy(1);
    CHECK(refusal(X, brief(xu::rank_range(5, 2))) ==
          "a survey needs at least one rank, got none: is the first of the range above the last?");
    const std::string rank = "the rank must be at least 1 and at most the smaller of positions and "
                             "channels, min(60, 50) unmasked; got ";
    CHECK(refusal(X, brief({2, 51})) == rank + "51");
    CHECK(refusal(X, brief({0, 1})) == rank + "0");
    CHECK(refusal(X, brief({2, 3, 2})) == "rank 2 is named twice among the survey's ranks");
    auto opt = brief({2});
    opt.starts = 0;
    CHECK(refusal(X, opt) == "a survey needs at least one start a rank, got 0");
    opt = brief({2});
    opt.max_iterations = 0;
    CHECK(refusal(X, opt) == "a survey needs at least one iteration a start, got 0");
    opt = brief({2});
    opt.tolerance = -1;
    CHECK(refusal(X, opt) == "the tolerance must be zero (never stop on it) or positive, got -1");
    opt = brief({2});
    opt.exact = true;
    opt.halving = 5;
    CHECK(refusal(X, opt) ==
          "an exact survey runs every start to its end: leave out either exact or halving");
    const std::string size = "the compression must keep at least as many directions as the model "
                             "has components, ";
    opt = brief({2, 6, 3});
    opt.compress.size = 5;
    CHECK(refusal(X, opt) ==
          size + "6, and at most min(positions, channels) = 50; got 5 (0 chooses)");
    opt.compress.size = 51;
    CHECK(refusal(X, opt) ==
          size + "6, and at most min(positions, channels) = 50; got 51 (0 chooses)");
    opt = brief({2});
    CHECK(message_of<xu::invalid_argument>([&]
                                           { run(as_dense(X), opt, xu::hals{}, {"sparse:-1"}); }) ==
          "sparse needs a weight that is not negative and finite, got -1");
}

TEST_CASE("survey: data no factorization can work on is refused")
{
    matrix X = noisy(1);
    X(2, 3) = std::nan("");
    CHECK(message_of<xu::invalid_data>([&] { run(as_dense(X), brief({2})); }) ==
          "X must be finite: it holds 1 NaN or infinite values, the first at position 2, channel "
          "3; replace or mask them");
    X(2, 3) = -4;
    const xu::any_matrix<float> x(xu::dense(unfold_as<std::int16_t>(X), 1));
    CHECK(message_of<xu::invalid_data>([&] { run(x, brief({2}), xu::multiplicative{}); }) ==
          "multiplicative updates need X >= 0: it holds 1 negative values, the smallest -4; clip "
          "them with unfold(...).clipped(0), or use hals or als");
}

TEST_CASE("survey: written and read back it is the same")
{
    auto opt = brief({2, 3});
    opt.halving = 4;
    const auto x = xu::dense(unfold_as<double>(noisy(1), layout::row_major, {6, 10}, {5, 10})
                                 .mask_positions(all_but_some({6, 10})),
                             1);
    const auto found = run(x, opt);
    const auto back = read<double>(written(found));
    check_same(back, found);
    CHECK(back.shape.axes == found.shape.axes);
    CHECK(back.best(2).maps() == found.best(2).maps());
    CHECK(back.best(2).seconds == found.best(2).seconds);
    CHECK(written(back) == written(found));
}

TEST_CASE("survey: damaged and foreign files are refused")
{
    const auto refused = []<class T>(const std::string& bytes, T)
    { return message_of<xu::io_error>([&] { read<T>(bytes); }); };
    auto opt = brief({2});
    opt.starts = 2;
    const auto found = run(as_dense(noisy(1, 9, 8, 2)), opt);
    const std::string bytes = written(found);
    REQUIRE(refused(bytes, 1.0) == "no exception");
    for (std::size_t length = 0; length < bytes.size(); length += length < 300 ? 1 : 31)
        CHECK(refused(bytes.substr(0, length), 1.0) == "the survey ends too early");
    CHECK(refused(bytes.substr(0, bytes.size() - 1), 1.0) == "the survey ends too early");
    CHECK(refused("\x93NUMPY and then some", 1.0) == "this is no survey of xunmix");
    CHECK(refused(bytes, 1.0F) == "the survey is for factors of another type or another machine");
    // Whatever byte is wrong, it is read or refused.
    for (std::size_t at = 0; at < bytes.size(); at += at < 500 ? 1 : 37)
        for (const char wrong : {'\x7f', '\xff'})
        {
            std::string damaged = bytes;
            damaged[at] = wrong;
            CHECK_NOTHROW(refused(damaged, 1.0));
        }
    auto other = found;
    other.ranks[0].best_start = 2;
    CHECK(refused(written(other), 1.0) == "the survey is damaged: its best start does not exist");
    other = found;
    other.shape.positions.shape = {10};
    CHECK(refused(written(other), 1.0) == "the survey is damaged: its factors have the wrong size");
    other = found;
    other.shape.positions.keep = {1, 1};
    CHECK(refused(written(other), 1.0) == "the survey is damaged: its masks have the wrong size");
    other = found;
    other.ranks[0].runs[1].ended = static_cast<xu::status>(77);
    CHECK(refused(written(other), 1.0) == "the survey is damaged: a status does not exist");
    std::ostringstream full_disk;
    full_disk.setstate(std::ios::badbit);
    CHECK(message_of<xu::io_error>([&] { xu::write_survey(full_disk, found); }) ==
          "the survey could not be written");
}
}
