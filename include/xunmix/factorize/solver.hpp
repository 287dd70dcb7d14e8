// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/factorize/model_base.hpp>
#include <xunmix/factorize/resume.hpp>
#include <xunmix/model/iteration.hpp>
#include <xunmix/model/observe.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// Minimises |X - C S^T|^2 + the constraints' terms, one iteration a step(): for software that does
/// other things in between. Owns its memory and shares nothing, so several solvers may work on one
/// matrix at once.
///
/// Where update and constraints are no descent pair, the best iterate is kept beside the current
/// one, and result() returns it, unless options.keep says otherwise.
template <class T>
class solver
{
  public:
    using value_type = T;

    /// Checks everything before any work, then makes the start. Throws invalid_argument for options
    /// and shapes, invalid_data for data that break a rule. See make_solver.
    solver(const options& opt, model_parts<T> parts, start_ref<T> start)
        : opt_(opt)
        , model_(made_of(checked(opt, std::move(parts))))
        , keep_best_(!model_->descends() && (opt.keep == iterate::best ||
                                             (opt.keep == iterate::automatic && !model_->moves())))
        , patience_(opt.patience > 0     ? opt.patience
                    : model_->moves()    ? 10
                    : model_->descends() ? 1
                                         : 3)
    {
        model_->begin(state_, start, random_engine(opt_.seed));
        state_.method = detail::method_name(*model_);
        state_.data = detail::fingerprint(model_->data());
        reserve_history();
        if (opt_.max_iterations == 0)
            state_.status = xunmix::status::max_iterations;
    }

    /// One iteration; nothing unless status() is running.
    void step()
    {
        if (state_.status != xunmix::status::running)
            return;
        const auto start = std::chrono::steady_clock::now();
        model_->iterate(state_);
        conclude(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }

    xunmix::status status() const
    {
        return state_.status;
    }
    /// Ends a running factorization as stopped.
    void stop()
    {
        if (state_.status == xunmix::status::running)
            state_.status = xunmix::status::stopped;
    }
    /// The last iteration, with a view of the factors.
    iteration<T> current() const
    {
        return {.number = state_.iterations,
                .max_iterations = opt_.max_iterations,
                .last = state_.status != xunmix::status::running,
                .objective = state_.objective,
                .mse = has_loss() ? nan : state_.residual / entries(),
                .divergence = has_loss() ? state_.residual / entries() : nan,
                .relative_change = change_,
                .seconds = state_.seconds,
                .maps = model_->ref(state_, side::maps),
                .components = model_->ref(state_, side::components)};
    }
    /// Whether each iteration reads X once.
    bool one_read() const
    {
        return model_->sharing() != nullptr;
    }

    /// How many interleaved groups of rows an iteration reads one after the other, see options.
    std::size_t groups() const
    {
        const auto* model = model_->sharing();
        return model ? model->groups() : 1;
    }

    /// Everything that the coming iterations depend on, besides data and options.
    const solver_state<T>& state() const
    {
        return state_;
    }
    /// Goes on from a state of a solver for the same data, rank, update and constraints. One that
    /// was stopped, or had done its iterations, goes on as far as the options now allow. Throws
    /// invalid_argument where the sizes, the data, or the types of update and constraints differ:
    /// to start from its factors all the same, give as_start(state) to factorize.
    void resume(solver_state<T> state)
    {
        detail::require<invalid_argument>(
            state.rank == state_.rank && detail::has_same_shape(state.maps, state_.maps) &&
                detail::has_same_shape(state.components, state_.components),
            "the state is for rank ", state.rank, " with ", state.maps.values().size(),
            " map values and ", state.components.values().size(),
            " component values; this solver has rank ", state_.rank, ", ",
            state_.maps.values().size(), " and ", state_.components.values().size());
        detail::require<invalid_argument>(
            state.swept == state_.swept && state.product.size() == state_.product.size(),
            "the state is of a solver that sweeps the ", name(state.swept),
            "; this one sweeps the ", name(state_.swept), ": unfold the data in the same layout");
        constexpr const char* otherwise =
            "; to start from its factors all the same, give as_start(state) to factorize";
        detail::require<invalid_argument>(state.method == state_.method, "the state is of ",
                                          state.method, "; this solver has ", state_.method,
                                          otherwise);
        detail::require<invalid_argument>(state.data == state_.data,
                                          "the state is of other data: their values, masks or "
                                          "weights differ",
                                          otherwise);
        detail::check_parts(state);
        detail::check_sections(state, *model_);
        state_ = std::move(state);
        reserve_history();
        using enum xunmix::status;
        if (state_.status == running || state_.status == max_iterations || state_.status == stopped)
            state_.status = state_.iterations < opt_.max_iterations ? running : max_iterations;
        change_ = state_.history.empty() ? std::numeric_limits<double>::infinity()
                                         : state_.history.back().relative_change;
    }

    /// A copy of the last iteration's factors as they are, neither scaled nor ordered, with its
    /// objective and mse as the iteration gave them. No read of X. It owns what it shows: another
    /// thread may look at it while this one goes on. (All else of a solver belongs to one thread.)
    xunmix::result<T> snapshot() const
    {
        auto out = result_of(state_.maps, state_.components);
        const auto now = current();
        out.best_iteration = now.number;
        out.objective = now.objective;
        out.mse = now.mse;
        out.divergence = now.divergence;
        return out;
    }

    /// |X - C S^T|^2 of the current factors from the elements themselves. One read of X.
    double residual() const
    {
        return model_->residual(state_);
    }

    /// The best factors so far, scaled as options.scale says and ordered by integrated map
    /// intensity where the constraints leave scale and order free, with the mse of just these: one
    /// read of X, two more with another loss than least squares. On compressed data, where that is
    /// what a read would cost, the mse is that of the last iteration.
    xunmix::result<T> result() const
    {
        const bool kept = !state_.best_maps.empty();
        auto out = result_of(kept ? state_.best_maps : state_.maps,
                             kept ? state_.best_components : state_.components);
        const double penalties = model_->penalties(out.maps_matrix(), out.components_matrix());
        out.best_iteration = kept ? state_.best_iteration : state_.iterations;
        out.history = state_.history;
        const factor_rules &maps = model_->part(side::maps).rules(),
                           &components = model_->part(side::components).rules();
        if (maps.scale_free && components.scale_free)
            out.rescale(opt_.scale);
        if (!maps.keeps_order && !components.keeps_order)
            out.order();
        if (model_->update().prunes())
            out.prune(model_->update().least_relevance());
        measure(out, penalties);
        return out;
    }

  private:
    static constexpr double infinity = std::numeric_limits<double>::infinity(),
                            nan = std::numeric_limits<double>::quiet_NaN();

    template <class>
    friend class batch;

    static std::unique_ptr<model_base<T>> made_of(model_parts<T> parts)
    {
        const auto make = parts.make;
        return make(std::move(parts));
    }
    /// The parts with what the options say, checked.
    static model_parts<T> checked(const options& opt, model_parts<T> parts)
    {
        const unfolding& shape = parts.x.shape();
        const detail::known_factors known{.maps = parts.maps->is_known(shape.positions, opt.rank),
                                          .components =
                                              parts.components->is_known(shape.channels, opt.rank)};
        detail::check_options(parts.x, opt, known);
        detail::check_known(*parts.maps, *parts.components, known);
        parts.rank = opt.rank;
        parts.threads = opt.threads;
        parts.groups = opt.groups;
        parts.validate();
        return parts;
    }
    /// These factors, with what is known without a look at them.
    xunmix::result<T> result_of(const factor<T>& maps, const factor<T>& components) const
    {
        xunmix::result<T> out(maps, components, model_->data().shape());
        out.status = state_.status;
        out.iterations = state_.iterations;
        out.seconds = state_.seconds;
        out.negative_data = model_->data().summary().negative;
        out.one_read = one_read();
        return out;
    }
    bool has_loss() const
    {
        return model_->has_loss();
    }
    /// Whether the iterations do not look at X itself, see compressed.
    bool is_approximate() const
    {
        return model_->data().is_approximate();
    }

    /// What the factors of a result leave of X, and their objective.
    void measure(xunmix::result<T>& out, double penalties) const
    {
        const auto maps = out.maps_matrix(), components = out.components_matrix();
        double loss = 0;
        if (is_approximate() && state_.iterations > 0)
            loss = state_.best_maps.empty() ? state_.residual : state_.best_residual;
        else
            loss = model_->squared_distance(maps, components);
        out.mse = loss / entries();
        if (has_loss())
        {
            loss = model_->loss(maps, components);
            out.divergence = loss / entries();
        }
        out.objective = model_->objective(state_.iterations, maps, components, loss, penalties);
    }

    /// What follows an iteration that took so many seconds: is it the best, is it the last?
    void conclude(double seconds)
    {
        change_ = state_.history.empty() ? infinity : decrease_from(state_.history.back());
        keep_if_best();
        state_.status = judge();
        state_.seconds += seconds;
        const double misfit = state_.residual / entries();
        state_.history.push_back({.iteration = state_.iterations,
                                  .objective = state_.objective,
                                  .mse = has_loss() ? nan : misfit,
                                  .relative_change = change_,
                                  .seconds = state_.seconds,
                                  .divergence = has_loss() ? misfit : nan});
    }
    /// Relative, since an earlier iteration; never a rise that may be nothing but rounding.
    double decrease_from(const record& earlier) const
    {
        const double before = earlier.objective, decrease = before - state_.objective;
        if (is_infinite(before))
            return before;
        return !(before > 0) || (decrease < 0 && -decrease <= state_.rounding) ? 0
                                                                               : decrease / before;
    }
    /// Whether a decrease that looks small is. Where rounding could hide a larger one the objective
    /// is summed from the elements of X, which takes a read, and compared with that of the
    /// iteration before, which takes another one. (Compressed data are not what a read would look
    /// at.)
    bool is_small(double progress)
    {
        if (!(progress < opt_.tolerance))
            return false;
        if (is_approximate() || state_.rounding <= opt_.tolerance * state_.objective)
            return true;
        model_->sum_elements(state_);
        state_.objective = model_->objective(state_, state_.residual);
        const double before = state_.exact_objective;
        const bool follows = state_.exact_iteration + 1 == state_.iterations;
        state_.exact_iteration = state_.iterations;
        state_.exact_objective = state_.objective;
        const double change = before > 0 ? (before - state_.objective) / before : 0;
        return follows && std::abs(change) < opt_.tolerance;
    }
    double entries() const
    {
        return static_cast<double>(model_->data().summary().entries);
    }

    /// Room for all iterations, so that none allocates (for the first 100,000).
    void reserve_history()
    {
        state_.history.reserve(std::min<std::size_t>(opt_.max_iterations, 100000));
    }

    void keep_if_best()
    {
        if (!(state_.objective < state_.best_objective) || !model_->holds(state_.iterations))
            return;
        state_.best_objective = state_.objective;
        state_.best_residual = state_.residual;
        state_.best_iteration = state_.iterations;
        if (keep_best_)
        {
            state_.best_maps = state_.maps;
            state_.best_components = state_.components;
        }
    }

    /// The relative decrease since the constraints held last, which is the iteration before unless
    /// one of them is scheduled; infinity where they never did.
    double change_since_held() const
    {
        for (auto r = state_.history.rbegin(); r != state_.history.rend(); ++r)
            if (model_->holds(r->iteration))
                return decrease_from(*r);
        return infinity;
    }

    xunmix::status judge()
    {
        using enum xunmix::status;
        if (model_->holds(state_.iterations))
        {
            const double decrease = change_since_held(),
                         progress = model_->moves() ? std::abs(decrease) : decrease;
            const bool quiet = is_small(progress) && model_->is_settled();
            state_.without_progress = quiet ? state_.without_progress + 1 : 0;
        }
        const double start =
            state_.history.empty() ? state_.objective : state_.history.front().objective;
        if (!is_finite(state_.objective))
            return non_finite;
        if (state_.objective > 1000 * std::max(model_->data().squared_norm(), start))
            return diverged;
        if (opt_.tolerance > 0 && state_.without_progress >= patience_)
            return converged;
        return state_.iterations >= opt_.max_iterations ? max_iterations : running;
    }

    options opt_;
    std::unique_ptr<model_base<T>> model_;
    solver_state<T> state_;
    double change_ = infinity;
    bool keep_best_;
    std::size_t patience_;
};
}

#define XUNMIX_SOLVER(prefix, T) prefix template class xunmix::solver<T>;
#ifdef XUNMIX_COMPILED
XUNMIX_SOLVER(extern, float)
XUNMIX_SOLVER(extern, double)
#endif
