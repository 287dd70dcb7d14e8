// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// What a solver's model consists of, whatever the loss: X, the update, the constraints, and what
/// each does before, between and after the iterations.
template <data_matrix M, class U, class MapsC, class ComponentsC>
class model_base
{
  public:
    using T = typename M::factor_type;
    using state = solver_state<T>;

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
        if constexpr (update_hook::has_objective<U, T>)
            loss = update_.objective(standing_of(iterations, maps, components, loss));
        return loss + penalties;
    }
    /// The constraints' terms in the objective.
    double penalties(factor_ref<const T> maps, factor_ref<const T> components) const
    {
        return penalty(on_maps_, maps) + penalty(on_components_, components);
    }
    /// |X - C S^T|^2, weighted where X has weights, from the elements of X: one read, and none of
    /// the cancellation that the small systems' formula has.
    double squared_distance(factor_ref<const T> maps, factor_ref<const T> components) const
    {
        typename M::workspace work{.threads = work_.threads};
        return x_.residual_squared_norm(maps, components, work);
    }

    /// View of a factor of a state, const for a const state.
    auto ref(auto& s, side which) const
    {
        const grid& places = x_.shape().of(which);
        auto& values = which == side::maps ? s.maps : s.components;
        return factor_ref(values.data(), places.size(), rank_, places.size(), &places);
    }
    const M& data() const
    {
        return x_;
    }
    const U& update() const
    {
        return update_;
    }
    /// Whether no iteration can raise the objective: the update descends with both constraints, and
    /// neither moving scale nor weights of X change what a penalty counts or which allowed column
    /// is the nearest.
    bool descends() const
    {
        const bool counts = is_penalized<T>(on_maps_) || is_penalized<T>(on_components_);
        const bool weighted = is_weighted(x_);
        const bool couples = couples_entries(on_maps_) || couples_entries(on_components_);
        return !(moves_scale() && counts) && !(weighted && (counts || couples)) &&
               update_hook::descends(update_) &&
               std::min(pairing_of<T>(update_, on_maps_), pairing_of<T>(update_, on_components_)) ==
                   pairing::descent;
    }
    /// Whether the last iterate is the answer: what a constraint or the update aims at changes with
    /// every iteration.
    bool moves() const
    {
        return update_hook::moves(update_) || xunmix::moves(on_maps_) ||
               xunmix::moves(on_components_);
    }
    /// Whether the update would go on though the objective hardly changes.
    bool is_settled() const
    {
        if constexpr (update_hook::settles<U, T>)
            return update_.is_settled(system_states_[0], system_states_[1]);
        else
            return true;
    }
    /// How many numbers the update keeps of a factor from one iteration to the next.
    std::size_t memory_size() const
    {
        if constexpr (update_hook::remembers<typename U::template state<T>>)
            return U::template state<T>::memory_size(rank_);
        else
            return 0;
    }
    const MapsC& on_maps() const
    {
        return on_maps_;
    }
    const ComponentsC& on_components() const
    {
        return on_components_;
    }

  private:
    /// Whether a member moves a column to the nearest allowed one, all entries at once.
    template <class C>
    static bool couples_entries(const C& c)
    {
        bool any = false;
        for_each_member(c,
                        [&]<class Member>(const Member&)
                        {
                            any |= hook::prox_column<Member, T> && hook::project<Member, T> &&
                                   !traits<Member>::row_separable;
                        });
        return any;
    }

  protected:
    using system_state = typename U::template state<T>;

    /// Throws invalid_argument or invalid_data before any work.
    model_base(M x, std::size_t rank, std::size_t threads, U update, MapsC on_maps,
               ComponentsC on_components)
        : x_(std::move(x))
        , rank_(rank)
        , update_(std::move(update))
        , on_maps_(std::move(on_maps))
        , on_components_(std::move(on_components))
        , work_{.threads = threads}
        , scale_(rank, 1)
    {
        detail::check_model(x_, rank_, update_, on_maps_, on_components_);
        if constexpr (update_hook::knows_side<system_state>)
        {
            system_states_[0].which = side::maps;
            system_states_[1].which = side::components;
        }
    }

    /// A start from init, moved to where the hard constraints hold. Throws invalid_argument where
    /// that is not finite, or negative though the update cannot have it.
    template <class Init>
    void fill(state& s, Init&& init, random_engine engine)
    {
        s.rank = rank_;
        s.maps.assign(x_.rows() * rank_, T{0});
        s.components.assign(x_.cols() * rank_, T{0});
        init(x_, ref(s, side::maps), ref(s, side::components), engine, work_);
        for (side which : {side::maps, side::components})
            with(which,
                 [&](const auto& c)
                 {
                     project(c, ref(s, which));
                     clear_masked(ref(s, which));
                     detail::check_start<U>(factor_ref<const T>(ref(s, which)), which);
                     normalize(s, which, c);
                 });
    }

    /// What constraints and the update do before an iteration.
    void begin(state& s)
    {
        begin_iteration(on_maps_, s.iterations + 1);
        begin_iteration(on_components_, s.iterations + 1);
        if constexpr (update_hook::remembers<system_state>)
            for (const std::size_t i : {0U, 1U})
                if (!s.memory[i].empty())
                    system_states_[i].memory = s.memory[i];
        if constexpr (update_hook::adapts<U, T>)
            update_.adapt(standing_of(s, s.residual), system_states_[0], system_states_[1]);
    }
    /// And after it.
    void end(state& s) const
    {
        if constexpr (update_hook::remembers<system_state>)
            for (const std::size_t i : {0U, 1U})
                s.memory[i] = system_states_[i].memory;
    }

    standing<T> standing_of(const state& s, double loss) const
    {
        return standing_of(s.iterations, ref(s, side::maps), ref(s, side::components), loss);
    }
    standing<T> standing_of(std::size_t iterations, factor_ref<const T> maps,
                            factor_ref<const T> components, double loss) const
    {
        const auto entries = static_cast<double>(x_.summary().entries);
        return {.iterations = iterations,
                .loss = loss,
                .root_mean_square = std::sqrt(x_.squared_norm() / entries),
                .positions = x_.shape().positions.kept(),
                .channels = x_.shape().channels.kept(),
                .maps = maps,
                .components = components};
    }

    /// visit(the constraint of that side)
    template <class Visit>
    decltype(auto) with(side s, Visit&& visit) const
    {
        return s == side::maps ? visit(on_maps_) : visit(on_components_);
    }
    system_state& system_state_of(side s)
    {
        return system_states_[s == side::maps ? 0 : 1];
    }
    /// Whether the rows of a factor are updated one by one.
    bool is_row_separable(side s) const
    {
        return update_hook::is_row_separable(update_, s) &&
               with(s, [](const auto& c) { return xunmix::is_row_separable(c); });
    }
    bool moves_scale() const
    {
        return update_hook::normalizes<U, T> ||
               count_normalizing<T>(on_maps_) + count_normalizing<T>(on_components_) > 0;
    }

    /// Lets the constraint, or the update, move the columns' scale to the other factor; false if
    /// neither does.
    template <class C>
    bool normalize(state& s, side which, const C& c)
    {
        bool moved = false;
        const auto give = [&]
        {
            const auto receiver = ref(s, other(which));
            for (std::size_t j = 0; j < rank_; ++j)
                for (T& x : receiver.column(j))
                    x = static_cast<T>(static_cast<double>(x) * scale_[j]);
            moved = true;
        };
        for_each_member(c,
                        [&]<class Member>(const Member& m)
                        {
                            if constexpr (hook::normalize<Member, T>)
                            {
                                m.normalize(ref(s, which), std::span<double>(scale_));
                                give();
                            }
                        });
        if constexpr (update_hook::normalizes<U, T>)
            if (update_.normalize(which, ref(s, which), std::span<double>(scale_)))
                give();
        return moved;
    }

    M x_;
    std::size_t rank_;
    U update_;
    MapsC on_maps_;
    ComponentsC on_components_;
    typename M::workspace work_;
    std::vector<double> scale_; ///< what normalize() moved last, a number a column
    system_state system_states_[2];
};
}
