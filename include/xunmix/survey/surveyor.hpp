// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/observer.hpp>
#include <xunmix/contract/start.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/factorize/batch.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/model/best_of.hpp>
#include <xunmix/survey/survey_options.hpp>
#include <xunmix/survey/survey_result.hpp>
#include <xunmix/svd/compressed.hpp>
#include <xunmix/svd/pca.hpp>

namespace xunmix
{
/// Many starts at many ranks over one data matrix, one rank a step(): Uesugi's steps 8 and 9 as one
/// computation. X is compressed once; every start runs on the compressed data, one thread each; the
/// best of each rank is polished on X, where its mse is exact. The same bits for any number of
/// threads.
template <class T>
class surveyor
{
  public:
    using state_type = survey_state<T>;

    /// Checks everything before any work, then compresses X. `args` are those of factorize but
    /// observers and stop tokens. Throws invalid_argument and invalid_data.
    template <data_matrix M, class U, class... Args>
    surveyor(const M& x, survey_options opt, U update, Args... args)
        : x_(detail::as_any_matrix(x))
        , opt_((detail::check_survey(x_, opt), std::move(opt)))
        , make_(maker(std::move(update), std::tuple(std::move(args)...)))
        , small_(compress())
        , small_matrix_(detail::as_any_matrix(small_))
    {
        static_assert(!update_hook::prunes<U>,
                      "a survey runs every rank as it is; ard and ard_multiplicative find the "
                      "number of components themselves: give them to factorize");
        begin();
    }

    /// All starts of the next rank and its best factorization. `tell(const survey_progress&)` is
    /// called after each start, one call at a time, and may return flow::stop; where that or the
    /// token asks to stop, the rank is left undone. Throws error where no start stays finite.
    template <class Tell>
    void step(Tell&& tell, const std::stop_token& token = {})
    {
        advance(
            [&](const survey_progress& p) -> flow
            {
                if constexpr (std::is_same_v<decltype(tell(p)), flow>)
                    return tell(p);
                else
                {
                    tell(p);
                    return flow::proceed;
                }
            },
            token);
    }
    void step()
    {
        step([](const survey_progress&) {});
    }

    bool is_done() const
    {
        return state_.ranks.size() == opt_.ranks.size();
    }
    /// Whether the last step was interrupted.
    bool is_stopped() const
    {
        return stopped_;
    }
    /// What was found so far; also what write_survey takes.
    const state_type& state() const
    {
        return state_;
    }
    /// Goes on after the ranks that another survey of the same data and options has done. Throws
    /// invalid_argument where data, ranks, starts or seeds differ.
    void resume(state_type earlier);

  private:
    using matrix = any_matrix<T>;
    using report_ref = function_ref<void(const run_record&)>;
    /// Makes a solver for a matrix, from a result where there is one.
    using solver_maker = std::function<solver<T>(const matrix&, const options&, const result<T>*)>;

    template <class U, class Args>
    solver_maker maker(U update, Args args)
    {
        if constexpr (update_choice<U>)
            update.visit(
                []<class V>(const V&)
                {
                    detail::require<invalid_argument>(
                        !update_hook::prunes<V>, "a survey runs every rank as it is; ",
                        detail::part_name<V>(),
                        " finds the number of components itself: give it to factorize");
                });
        for (const std::size_t rank : opt_.ranks)
            std::apply([&](const auto&... a) { detail::check_before_work(x_, rank, update, a...); },
                       args);
        return [update, args](const matrix& x, const options& opt, const result<T>* from)
        {
            return std::apply(
                [&](const auto&... a)
                {
                    return from ? detail::make_solver_from(x, opt, update, as_start<T>(*from), a...)
                                : detail::solver_for(x, opt, update, a...);
                },
                args);
        };
    }
    /// What is known before the first rank.
    void begin();
    compressed<matrix> compress() const;
    void advance(function_ref<flow(const survey_progress&)> tell, const std::stop_token& token);
    /// Of one start. Its scale stays as it was minimised with, which penalties depend on.
    options run_options(std::size_t rank, std::size_t start, std::size_t threads) const
    {
        return {.rank = rank,
                .max_iterations = opt_.max_iterations,
                .tolerance = opt_.tolerance,
                .seed = opt_.seed + start,
                .threads = threads,
                .scale = scaling::none};
    }
    solver<T> solver_for(const matrix& x, std::size_t rank, std::size_t start,
                         std::size_t threads) const
    {
        return make_(x, run_options(rank, start, threads), nullptr);
    }

    void report(const run_record& run, function_ref<flow(const survey_progress&)> tell);
    run_record record_of(const solver<T>& s, std::size_t rank, std::size_t start,
                         bool dropped) const;
    /// Keeps the better of the best so far and a solver's result: of equals, the earlier start.
    void keep_best(rank_survey<T>& found, best_of& best, const solver<T>& s, const run_record& run);

    /// Every start on compressed data, in parallel; with halving in rounds.
    rank_survey<T> run_starts(std::size_t rank, report_ref report, const std::stop_token& token);
    /// Every start on X itself, side by side, so that they share each read of X.
    rank_survey<T> run_exactly(std::size_t rank, report_ref report, const std::stop_token& token);

    /// The factorization of X from a start that was found.
    result<T> polished(std::size_t rank, const result<T>& best, const std::stop_token& token);

    matrix x_;
    survey_options opt_;
    solver_maker make_;
    compressed<matrix> small_;
    matrix small_matrix_; ///< the same
    state_type state_;
    std::mutex mutex_;
    std::size_t done_ = 0;
    std::atomic<bool> stopped_ = false;
    std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
};

template <data_matrix M, class U, class... Args>
surveyor(const M&, survey_options, U, Args...) -> surveyor<typename M::factor_type>;

template <class T>
void surveyor<T>::begin()
{
    state_.shape = x_.shape();
    state_.squared_norm = x_.squared_norm();
    state_.entries = x_.summary().entries;
    const double rest = small_.left_out(opt_.threads);
    state_.spectrum = pca_residuals(small_.svd(), rest);
    if (!is_weighted(x_) && x_.summary().negative == 0)
        state_.scaled_pca = scaled_pca_residuals(small_.svd(), rest);
}

template <class T>
void surveyor<T>::advance(function_ref<flow(const survey_progress&)> tell,
                          const std::stop_token& token)
{
    if (is_done())
        return;
    stopped_ = false;
    const std::size_t rank = opt_.ranks[state_.ranks.size()];
    const auto report = [&](const run_record& run) { this->report(run, tell); };
    auto found = opt_.exact ? run_exactly(rank, report, token) : run_starts(rank, report, token);
    stopped_ = stopped_ || token.stop_requested();
    if (stopped_)
        return;
    detail::require<error>(found.best.has_value(), "no start of rank ", rank,
                           " stayed finite: scale the data, or try another update or start");
    found.best = polished(rank, *found.best, token);
    stopped_ = token.stop_requested() && found.best->status == status::running;
    if (!stopped_)
        state_.ranks.push_back(std::move(found));
}

template <class T>
void surveyor<T>::resume(state_type earlier)
{
    const auto same = [](const grid& a, const grid& b)
    { return a.shape == b.shape && a.keep == b.keep; };
    detail::require<invalid_argument>(
        same(earlier.shape.positions, state_.shape.positions) &&
            same(earlier.shape.channels, state_.shape.channels) &&
            earlier.squared_norm == state_.squared_norm,
        "the survey to resume is of other data: its shape, masks or |X|^2 differ");
    detail::require<invalid_argument>(
        earlier.ranks.size() <= opt_.ranks.size() &&
            std::equal(earlier.ranks.begin(), earlier.ranks.end(), opt_.ranks.begin(),
                       [](const auto& a, std::size_t rank) { return a.rank == rank; }),
        "the survey to resume has other ranks than this one");
    for (const auto& r : earlier.ranks)
        detail::require<invalid_argument>(
            r.best && r.runs.size() == opt_.starts && r.runs.front().seed == opt_.seed,
            "the survey to resume has another number of starts or another seed, ", r.runs.size(),
            " from ", r.runs.empty() ? 0 : r.runs.front().seed, " instead of ", opt_.starts,
            " from ", opt_.seed);
    state_.ranks = std::move(earlier.ranks);
    done_ = state_.ranks.size() * opt_.starts;
}

template <class T>
compressed<any_matrix<T>> surveyor<T>::compress() const
{
    const std::size_t most = *std::max_element(opt_.ranks.begin(), opt_.ranks.end());
    return compressed<matrix>(x_, opt_.compress.size_for(most, x_.shape().smaller_side()),
                              opt_.compress.power_iterations, opt_.compress.seed, opt_.threads);
}

template <class T>
void surveyor<T>::report(const run_record& run, function_ref<flow(const survey_progress&)> tell)
{
    const std::lock_guard lock(mutex_);
    const survey_progress progress{
        .run = run,
        .done = ++done_,
        .total = opt_.starts * opt_.ranks.size(),
        .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - made_).count()};
    stopped_ = stopped_ || tell(progress) == flow::stop;
}

template <class T>
run_record surveyor<T>::record_of(const solver<T>& s, std::size_t rank, std::size_t start,
                                  bool dropped) const
{
    const auto& state = s.state();
    const bool ran = state.iterations > 0;
    return {.rank = rank,
            .start = start,
            .seed = opt_.seed + start,
            .iterations = state.iterations,
            .ended = state.status,
            .dropped = dropped,
            .mse = ran ? state.best_residual / static_cast<double>(state_.entries)
                       : std::numeric_limits<double>::quiet_NaN(),
            .objective = state.best_objective};
}

template <class T>
void surveyor<T>::keep_best(rank_survey<T>& found, best_of& best, const solver<T>& s,
                            const run_record& run)
{
    const std::lock_guard lock(mutex_);
    found.runs[run.start] = run;
    if (best.offer(run.objective, run.start) && best.is_finite())
    {
        found.best_start = run.start;
        found.best = s.result();
    }
}

template <class T>
rank_survey<T> surveyor<T>::run_starts(std::size_t rank, report_ref report,
                                       const std::stop_token& token)
{
    rank_survey<T> found(rank, opt_.starts);
    best_of best;
    found.warning = small_.warning(rank);
    std::vector<std::optional<solver<T>>> solvers(opt_.starts);
    std::vector<std::size_t> racing(opt_.starts);
    std::iota(racing.begin(), racing.end(), std::size_t{0});
    std::size_t budget = opt_.halving ? opt_.halving : opt_.max_iterations;
    const auto end = [&](std::size_t start, bool dropped)
    {
        const auto run = record_of(*solvers[start], rank, start, dropped);
        keep_best(found, best, *solvers[start], run);
        solvers[start].reset();
        report(run);
    };
    while (!racing.empty() && !token.stop_requested() && !stopped_)
    {
        parallel_for(racing.size(), opt_.threads,
                     [&](std::size_t i, std::size_t)
                     {
                         auto& s = solvers[racing[i]];
                         if (token.stop_requested() || stopped_)
                             return;
                         if (!s)
                             s.emplace(solver_for(small_matrix_, rank, racing[i], 1));
                         while (s->status() == status::running && s->state().iterations < budget &&
                                !token.stop_requested())
                             s->step();
                         if (s->status() != status::running)
                             end(racing[i], false);
                     });
        std::erase_if(racing, [&](std::size_t start) { return !solvers[start]; });
        const std::size_t kept = (racing.size() + 1) / 2;
        if (racing.empty() || token.stop_requested() || stopped_ || budget >= opt_.max_iterations)
            break;
        std::stable_sort(
            racing.begin(), racing.end(),
            [&](std::size_t a, std::size_t b)
            { return solvers[a]->state().best_objective < solvers[b]->state().best_objective; });
        for (std::size_t i = kept; i < racing.size(); ++i)
            end(racing[i], true);
        racing.resize(kept);
        budget = std::min(2 * budget, opt_.max_iterations);
    }
    return found;
}

template <class T>
rank_survey<T> surveyor<T>::run_exactly(std::size_t rank, report_ref report,
                                        const std::stop_token& token)
{
    rank_survey<T> found(rank, opt_.starts);
    best_of best;
    std::vector<solver<T>> solvers;
    for (std::size_t start = 0; start < opt_.starts && !token.stop_requested(); ++start)
        solvers.push_back(solver_for(x_, rank, start, opt_.threads));
    std::vector<bool> ended(solvers.size());
    batch<T> together(opt_.threads);
    const auto running = [](const solver<T>& s) { return s.status() == status::running; };
    while (std::any_of(solvers.begin(), solvers.end(), running) && !token.stop_requested() &&
           !stopped_)
    {
        together.step(std::span<solver<T>>(solvers));
        for (std::size_t start = 0; start < solvers.size(); ++start)
            if (!running(solvers[start]) && !ended[start])
            {
                ended[start] = true;
                const auto run = record_of(solvers[start], rank, start, false);
                keep_best(found, best, solvers[start], run);
                report(run);
            }
    }
    return found;
}

template <class T>
result<T> surveyor<T>::polished(std::size_t rank, const result<T>& best,
                                const std::stop_token& token)
{
    options rest = run_options(rank, 0, opt_.threads);
    rest.max_iterations = opt_.exact ? 0 : opt_.compress.polish;
    rest.scale = opt_.scale;
    auto s = make_(x_, rest, &best);
    while (s.status() == status::running && !token.stop_requested())
        s.step();
    auto out = s.result();
    out.prepend(best);
    out.warning = opt_.exact ? "" : small_.warning(rank);
    return out;
}
}

#define XUNMIX_SURVEYOR(prefix, T)                                                                 \
    prefix template xunmix::any_matrix<T> xunmix::detail::as_any_matrix(                           \
        const xunmix::compressed<xunmix::any_matrix<T>>&);                                         \
    prefix template class xunmix::surveyor<T>;
#ifdef XUNMIX_COMPILED
XUNMIX_SURVEYOR(extern, float)
XUNMIX_SURVEYOR(extern, double)
#endif
