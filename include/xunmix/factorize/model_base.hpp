// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/function_ref.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/factorize/factor_part.hpp>
#include <xunmix/loss/loss_part.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
template <class T>
class model_base;

/// What a solver's model consists of: X, the update with the constraint on each factor, and the
/// loss where it is another than least squares. All of it owned, none of the types in its name.
template <class T>
struct model_parts
{
    any_matrix<T> x;
    std::size_t rank = 0;
    std::size_t threads = 0;
    std::size_t groups = 0; ///< see options
    std::unique_ptr<factor_part<T>> maps{}, components{};
    std::unique_ptr<loss_part<T>> loss{}; ///< null: least squares
    /// Makes the model that iterates on these parts, see make_model.
    std::unique_ptr<model_base<T>> (*make)(model_parts<T>) = nullptr;

    /// Throws invalid_argument or invalid_data for whatever can be known to be wrong before any
    /// work.
    void validate() const
    {
        detail::require<invalid_argument>(loss == nullptr || x.is_readable(),
                                          "a loss such as beta_divergence needs the elements of X: "
                                          "give it unfolded or dense, not "
                                          "scaled or compressed");
        detail::check_data(x, maps->needs_non_negative_data());
        maps->validate(x.shape().positions, rank);
        components->validate(x.shape().channels, rank);
        detail::check_scale(maps->rules(), components->rules(), maps->normalizes());
        if (maps->rules().non_negative && components->rules().non_negative)
            detail::check_positive(x);
        maps->validate(x);
    }
};

/// Fills the factors before the first iteration: maps, components, the engine to draw with, and how
/// many threads may be used.
template <class T>
using start_ref = function_ref<void(factor_ref<T>, factor_ref<T>, random_engine&, std::size_t)>;

template <class T>
class shareable_model;

/// One iteration after the other on a state that it is handed, whatever the loss; and what each
/// part of the model does before, between and after the iterations.
template <class T>
class model_base
{
  public:
    using state = solver_state<T>;

    virtual ~model_base() = default;

    /// A start, moved to where the hard constraints hold. Throws invalid_argument where that is not
    /// finite, or negative though the update cannot have it.
    virtual void begin(state& s, start_ref<T> start, random_engine engine) = 0;
    /// One iteration; leaves the factors and their objective in the state.
    virtual void iterate(state& s) = 0;
    /// The same, kept in the state, where the iterations may have left something less exact.
    virtual void sum_elements(state& s) = 0;
    /// The loss of any factors, from the elements of X. One read.
    virtual double loss(factor_ref<const T> maps, factor_ref<const T> components) const = 0;
    /// That of a state's factors.
    double residual(const state& s) const
    {
        return loss(ref(s, side::maps), ref(s, side::components));
    }
    /// This model where its iterations read X once, so that several may share the read; else null.
    virtual shareable_model<T>* sharing()
    {
        return nullptr;
    }

    bool has_loss() const
    {
        return parts_.loss != nullptr;
    }
    /// The loss of a state's factors + the constraints' terms, unless the update minimises
    /// something else.
    double objective(const state& s, double loss) const
    {
        const factor_ref<const T> maps = ref(s, side::maps), components = ref(s, side::components);
        return objective(s.iterations, maps, components, loss, penalties(maps, components));
    }
    /// The same of any factors.
    double objective(std::size_t iterations, factor_ref<const T> maps,
                     factor_ref<const T> components, double loss, double penalties) const
    {
        return update().objective(standing_of(iterations, maps, components, loss)) + penalties;
    }
    /// The constraints' terms in the objective.
    double penalties(factor_ref<const T> maps, factor_ref<const T> components) const
    {
        return part(side::maps).penalty(maps) + part(side::components).penalty(components);
    }
    /// |X - C S^T|^2, weighted where X has weights, from the elements of X: one read, and none of
    /// the cancellation that the small systems' formula has.
    double squared_distance(factor_ref<const T> maps, factor_ref<const T> components) const
    {
        typename any_matrix<T>::workspace work{.threads = work_.threads};
        return data().residual_squared_norm(maps, components, work);
    }

    /// View of a factor of a state, const for a const state.
    auto ref(auto& s, side which) const
    {
        auto& own = which == side::maps ? s.maps : s.components;
        return own.view(&data().shape().of(which));
    }
    const any_matrix<T>& data() const
    {
        return parts_.x;
    }
    const factor_part<T>& part(side s) const
    {
        return s == side::maps ? *parts_.maps : *parts_.components;
    }
    /// The update, which the parts of both factors know.
    const factor_part<T>& update() const
    {
        return *parts_.maps;
    }
    /// Whether no iteration can raise the objective: the update descends with both constraints, and
    /// neither moving scale nor weights of X change what a penalty counts or which allowed column
    /// is the nearest.
    bool descends() const
    {
        const factor_rules &maps = part(side::maps).rules(),
                           &components = part(side::components).rules();
        const bool counts = maps.penalized || components.penalized;
        const bool ignores = maps.ignores_weights || components.ignores_weights;
        return !(moves_scale() && counts) && !(is_weighted(data()) && (counts || ignores)) &&
               update().descends() && std::min(maps.how, components.how) == pairing::descent;
    }
    /// Whether the last iterate is the answer: what a constraint or the update aims at changes with
    /// every iteration.
    bool moves() const
    {
        return part(side::maps).rules().moves || part(side::components).rules().moves;
    }
    /// Whether all constraints hold after this iteration.
    bool holds(std::size_t iteration) const
    {
        return part(side::maps).is_due(iteration) && part(side::components).is_due(iteration);
    }
    /// Whether the update would go on though the objective hardly changes.
    bool is_settled() const
    {
        return update().is_settled(part(side::components));
    }

  protected:
    /// Checks nothing: model_parts::validate does.
    explicit model_base(model_parts<T> parts)
        : parts_(std::move(parts))
        , work_{.threads = parts_.threads}
        , scale_(parts_.rank, 1)
    {
    }

    std::size_t rank() const
    {
        return parts_.rank;
    }
    std::size_t threads() const
    {
        return work_.threads;
    }
    std::size_t wanted_groups() const
    {
        return parts_.groups;
    }
    factor_part<T>& own_part(side s)
    {
        return s == side::maps ? *parts_.maps : *parts_.components;
    }
    loss_part<T>& loss_of_elements() const
    {
        return *parts_.loss;
    }

    void fill(state& s, start_ref<T> start, random_engine engine)
    {
        s.rank = rank();
        s.sections.clear();
        for (side which : {side::maps, side::components})
            for (const auto& room : part(which).memories(data().shape().of(which), rank()))
                s.sections.push_back({room.name, {}});
        s.maps = factor<T>(data().rows(), rank());
        s.components = factor<T>(data().cols(), rank());
        start(ref(s, side::maps), ref(s, side::components), engine, threads());
        for (side which : {side::maps, side::components})
        {
            own_part(which).project(ref(s, which));
            clear_masked(ref(s, which));
            detail::check_start(factor_ref<const T>(ref(s, which)), which,
                                update().needs_non_negative_data());
            normalize(s, which);
        }
    }

    /// What constraints and the update do before an iteration.
    void begin_iteration(state& s)
    {
        for_each_memory(s,
                        [](std::vector<double>& own, const std::vector<double>& kept)
                        {
                            if (!kept.empty())
                                own = kept;
                        });
        if (update().adapts())
            own_part(side::maps).adapt(standing_of(s, s.residual), own_part(side::components));
    }
    /// And after it.
    void end_iteration(state& s)
    {
        for_each_memory(s, [](const std::vector<double>& own, std::vector<double>& kept)
                        { kept = own; });
    }
    /// Lets the constraint on a factor look at what surrounds it, and the update prepare its step
    /// with the other factor's Gram matrix, which it may change.
    void prepare(const state& s, side which, matrix_ref<double> other_gram)
    {
        own_part(which).prepare(ref(s, which),
                                {.iteration = s.iterations + 1,
                                 .gram = other_gram,
                                 .product = inner_product_of(data(), which)},
                                other_gram);
    }

    /// Whether the rows of a factor are updated one by one.
    bool is_row_separable(side s) const
    {
        return part(s).rules().row_separable;
    }
    bool moves_scale() const
    {
        return update().normalizes() ||
               part(side::maps).rules().normalizing + part(side::components).rules().normalizing >
                   0;
    }

    /// Lets the constraint, or the update, move the columns' scale to the other factor; false if
    /// neither does.
    bool normalize(state& s, side which)
    {
        bool moved = false;
        const auto give = [&]
        {
            const auto receiver = ref(s, other(which));
            for (std::size_t j = 0; j < rank(); ++j)
                for (T& x : receiver.column(j))
                    x = static_cast<T>(static_cast<double>(x) * scale_[j]);
            moved = true;
        };
        own_part(which).normalize(ref(s, which), std::span<double>(scale_), give);
        return moved;
    }
    /// What normalize() moved last, a number a column.
    const std::vector<double>& moved_scale() const
    {
        return scale_;
    }
    typename any_matrix<T>::workspace& workspace()
    {
        return work_;
    }

  private:
    /// visit(what a part keeps, the state's section for it) for all that keep something.
    template <class Visit>
    void for_each_memory(state& s, Visit visit)
    {
        auto section = s.sections.begin();
        for (side which : {side::maps, side::components})
            own_part(which).for_each_memory([&](std::vector<double>& own)
                                            { visit(own, (section++)->numbers); });
    }
    standing<T> standing_of(const state& s, double loss) const
    {
        return standing_of(s.iterations, ref(s, side::maps), ref(s, side::components), loss);
    }
    standing<T> standing_of(std::size_t iterations, factor_ref<const T> maps,
                            factor_ref<const T> components, double loss) const
    {
        const auto entries = static_cast<double>(data().summary().entries);
        return {.iterations = iterations,
                .loss = loss,
                .root_mean_square = std::sqrt(data().squared_norm() / entries),
                .positions = data().shape().positions.kept(),
                .channels = data().shape().channels.kept(),
                .maps = maps,
                .components = components};
    }

    model_parts<T> parts_;
    typename any_matrix<T>::workspace work_;
    std::vector<double> scale_;
};

/// A model whose iterations may be taken in parts, so that several share each read of X: start; for
/// each of its groups begin_group, a sweep of that group with held() and visit(), the sums left in
/// swept_sums(), and end_group; finish.
template <class T>
class shareable_model : public model_base<T>
{
  public:
    using state = solver_state<T>;
    using model_base<T>::model_base;

    /// Interleaved groups of an iteration's sweep.
    virtual std::size_t groups() const = 0;
    /// All that comes before the sweep.
    virtual void start(state& s) = 0;
    virtual void begin_group(state& s) = 0;
    /// The factor that the sweep holds.
    virtual factor_ref<const T> held(const state& s) const = 0;
    /// Where the sums of the sweep of a group belong.
    virtual factor_ref<T> swept_sums(state& s) = 0;
    /// The new rows of the swept factor from a block of their right-hand sides, which becomes what
    /// the sweep sums.
    virtual void visit(state& s, std::size_t first, factor_ref<T> block) = 0;
    virtual void end_group(state& s, std::size_t group) = 0;
    /// All that comes after the sweep.
    virtual void finish(state& s) = 0;
};
}
