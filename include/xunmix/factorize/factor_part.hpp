// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/pairing.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/function_ref.hpp>
#include <xunmix/core/part_name.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// What is known of an update and of the constraint on one factor before any work.
struct factor_rules
{
    pairing how = pairing::descent; ///< how the two go together
    bool row_separable = false;     ///< rows are updated one by one
    bool scale_free = true;         ///< what holds does so at any scale of the columns
    bool keeps_order = false;       ///< the columns may not change places
    bool moves = false;             ///< what holds depends on the factor itself
    bool penalized = false;         ///< there is a term in the objective
    bool non_negative = false;      ///< the factor cannot become negative
    bool ignores_weights = false; ///< moves a column to the allowed one that is the nearest without
                                  ///< weights, all entries at once
    bool holds_no_scale = true;   ///< the other factor's constraint may move this one's scale
    std::size_t normalizing = 0;  ///< members that move this one's scale to the other factor
    bool prepares = false;        ///< a member looks at what surrounds the factor before an update
};

/// What an update or a constraint keeps of a factor from one iteration to the next: whose it is,
/// and how many numbers it holds once there are any.
struct memory_room
{
    std::string name;
    std::size_t size = 0;
};

/// The update of one factor and its constraint, whatever their types: compiled together once a
/// pair, and all that a solver knows of them. Update and constraint are copies of the caller's.
template <class T>
class factor_part
{
  public:
    virtual ~factor_part() = default;

    const factor_rules& rules() const
    {
        return rules_;
    }

    // The constraint alone, see contract/constraint.hpp.

    /// Throws where the constraint's options break a rule or do not fit the factor or the update.
    virtual void validate(const grid& places, std::size_t rank) const = 0;
    /// Whether the constraint leaves no unmasked entry of such a factor free.
    virtual bool is_known(const grid& places, std::size_t rank) const = 0;
    virtual void project(factor_ref<T> f) const = 0;
    virtual double penalty(factor_ref<const T> f) const = 0;
    virtual bool is_due(std::size_t iteration) const = 0;
    /// Divides columns by numbers left in `scale` and calls `give` each time: once for every member
    /// of the constraint, and for the update itself, that moves scale.
    virtual void normalize(factor_ref<T> f, std::span<double> scale, function_ref<void()> give) = 0;

    // The two together.

    /// Before each update of F: the constraint sees F and what surrounds it, then the update
    /// prepares its step with around.gram, to which `gram` refers and which it may change.
    virtual void prepare(factor_ref<const T> f, const surroundings& around,
                         matrix_ref<double> gram) = 0;
    /// May be called for several blocks of rows at once where rules().row_separable.
    virtual void step(factor_ref<T> f, const normal_equations<T>& eq) = 0;
    /// The step of a loss other than least squares, before which prepare() comes too.
    virtual void step(factor_ref<T> f, factor_ref<T> numerator, factor_ref<T> denominator) = 0;

    // The update alone, the same for both factors, see contract/update.hpp.

    /// Its type's name, and those of the constraint's members.
    virtual std::string update_name() const = 0;
    virtual std::string constraint_names() const = 0;
    virtual side first() const = 0;
    virtual bool needs_non_negative_data() const = 0;
    virtual bool extrapolates() const = 0;
    /// Whether it solves without the constraint first and then projects.
    virtual bool clips() const = 0;
    virtual bool descends() const = 0;
    virtual bool normalizes() const = 0;
    virtual bool adapts() const = 0;
    /// `components` is the part of the other factor, this one that of the maps.
    virtual void adapt(const standing<T>& now, factor_part& components) = 0;
    virtual bool is_settled(const factor_part& components) const = 0;
    /// What the update minimises: `loss` unless it says otherwise.
    virtual double objective(const standing<T>& now) const = 0;
    virtual bool prunes() const = 0;
    virtual double least_relevance() const = 0;
    virtual void validate(const any_matrix<T>& x) const = 0;

    // What the two keep from one iteration to the next: first the update, then each member of the
    // constraint that keeps something, always in this order.

    virtual std::vector<memory_room> memories(const grid& places, std::size_t rank) const = 0;
    virtual void for_each_memory(function_ref<void(std::vector<double>&)> visit) = 0;

  protected:
    explicit factor_part(const factor_rules& rules)
        : rules_(rules)
    {
    }

  private:
    factor_rules rules_;
};

namespace detail
{
/// The update's share of a factor_part.
template <class U, class T>
class part_of_update : public factor_part<T>
{
  public:
    part_of_update(U update, const factor_rules& rules, side which)
        : factor_part<T>(rules)
        , update_(std::move(update))
        , which_(which)
    {
        if constexpr (update_hook::knows_side<state>)
            state_.which = which;
    }
    std::string update_name() const override
    {
        return part_name<U>();
    }
    side first() const override
    {
        return U::first;
    }
    bool needs_non_negative_data() const override
    {
        return U::needs_non_negative_data;
    }
    bool extrapolates() const override
    {
        if constexpr (requires { update_.extrapolate; })
            return update_.extrapolate;
        else
            return false;
    }
    bool clips() const override
    {
        return update_hook::clips<U>;
    }
    bool descends() const override
    {
        return update_hook::descends(update_);
    }
    bool normalizes() const override
    {
        return update_hook::normalizes<U, T>;
    }
    bool adapts() const override
    {
        return update_hook::adapts<U, T>;
    }
    void adapt([[maybe_unused]] const standing<T>& now,
               [[maybe_unused]] factor_part<T>& components) override
    {
        if constexpr (update_hook::adapts<U, T>)
            update_.adapt(now, state_, static_cast<part_of_update&>(components).state_);
    }
    bool is_settled([[maybe_unused]] const factor_part<T>& components) const override
    {
        if constexpr (update_hook::settles<U, T>)
            return update_.is_settled(state_,
                                      static_cast<const part_of_update&>(components).state_);
        else
            return true;
    }
    double objective(const standing<T>& now) const override
    {
        if constexpr (update_hook::has_objective<U, T>)
            return update_.objective(now);
        else
            return now.loss;
    }
    bool prunes() const override
    {
        return update_hook::prunes<U>;
    }
    double least_relevance() const override
    {
        if constexpr (update_hook::prunes<U>)
            return update_.least_relevance();
        else
            return 0;
    }
    void validate([[maybe_unused]] const any_matrix<T>& x) const override
    {
        if constexpr (requires { update_.validate(x); })
            update_.validate(x);
    }

  protected:
    using state = typename U::template state<T>;

    U update_;
    state state_{};
    side which_;
};

/// Whether a member moves a column to the allowed one that is the nearest without weights, all
/// entries at once.
template <class T, class C>
bool ignores_weights(const C& c)
{
    bool any = false;
    for_each_member(c,
                    [&]<class Member>(const Member&)
                    {
                        any |= hook::prox_column<Member, T> && hook::project<Member, T> &&
                               !traits<Member>::row_separable && !traits<Member>::knows_weights;
                    });
    return any;
}

template <class T, class U, class C>
factor_rules rules_of(const U& update, const C& c, side which)
{
    return {.how = pairing_of<T>(update, c),
            .row_separable =
                (find_solving<T>(c).count > 0 || update_hook::is_row_separable(update, which)) &&
                is_row_separable(c),
            .scale_free = is_scale_free(c),
            .keeps_order = keeps_order(c),
            .moves = moves(c) || update_hook::moves(update),
            .penalized = is_penalized<T>(c),
            .non_negative = keeps_non_negative(c),
            .ignores_weights = ignores_weights<T>(c),
            .holds_no_scale = holds_no_scale<T>(c),
            .normalizing = count_normalizing<T>(c),
            .prepares = has_prepare<T>(c)};
}

/// An update and the constraint on one factor.
template <class U, class C, class T>
class part_of_factor final : public part_of_update<U, T>
{
    using base = part_of_update<U, T>;
    using base::state_, base::update_, base::which_;
    static constexpr bool has_loss = requires
    {
        typename U::loss_type;
    };

  public:
    part_of_factor(U update, C constraint, side which)
        : base(update, rules_of<T>(update, constraint, which), which)
        , constraint_(std::move(constraint))
    {
    }
    std::string constraint_names() const override
    {
        std::string names;
        for_each_member(constraint_, [&]<class Member>(const Member&)
                        { names += (names.empty() ? "" : ", ") + part_name<Member>(); });
        return names.empty() ? "none" : names;
    }
    using base::validate;
    void validate(const grid& places, std::size_t rank) const override
    {
        check_options_of<U, T>(constraint_, places, rank, name(which_));
    }
    bool is_known(const grid& places, std::size_t rank) const override
    {
        return detail::is_known(constraint_, places, rank);
    }
    void project(factor_ref<T> f) const override
    {
        xunmix::project(constraint_, f);
    }
    double penalty(factor_ref<const T> f) const override
    {
        return xunmix::penalty(constraint_, f);
    }
    bool is_due(std::size_t iteration) const override
    {
        return xunmix::is_due(constraint_, iteration);
    }
    void normalize(factor_ref<T> f, std::span<double> scale, function_ref<void()> give) override
    {
        for_each_member(constraint_,
                        [&]<class Member>(const Member& m)
                        {
                            if constexpr (hook::normalize<Member, T>)
                            {
                                m.normalize(f, scale);
                                give();
                            }
                        });
        if constexpr (update_hook::normalizes<U, T>)
            if (update_.normalize(which_, f, scale))
                give();
    }
    void prepare(factor_ref<const T> f, const surroundings& around,
                 [[maybe_unused]] matrix_ref<double> gram) override
    {
        xunmix::prepare<T>(constraint_, f, around);
        if constexpr (!has_loss)
        {
            if (find_solving<T>(constraint_).count > 0)
                add_to_gram<T>(constraint_, gram, *f.places());
            else
                update_.prepare(gram, *f.places(), constraint_, state_);
        }
    }
    void step([[maybe_unused]] factor_ref<T> f,
              [[maybe_unused]] const normal_equations<T>& eq) override
    {
        if constexpr (!has_loss)
            if (!solve(constraint_, f, eq))
                update_(f, eq, constraint_, state_);
    }
    void step([[maybe_unused]] factor_ref<T> f, [[maybe_unused]] factor_ref<T> numerator,
              [[maybe_unused]] factor_ref<T> denominator) override
    {
        if constexpr (has_loss)
            update_.step(f, numerator, denominator, constraint_, state_);
    }
    std::vector<memory_room> memories(const grid& places, std::size_t rank) const override
    {
        std::vector<memory_room> out;
        const std::string where = name(which_) + std::string("/");
        if constexpr (update_hook::remembers<state>)
            out.push_back({where + part_name<U>(), state::memory_size(places.size(), rank)});
        for_each_member(
            constraint_,
            [&]<class Member>(const Member& m)
            {
                if constexpr (hook::memory<Member>)
                    out.push_back({where + part_name<Member>(), m.memory_size(places, rank)});
            });
        return out;
    }
    void for_each_memory(function_ref<void(std::vector<double>&)> visit) override
    {
        if constexpr (update_hook::remembers<state>)
            visit(state_.memory);
        for_each_member(constraint_,
                        [&]<class Member>(Member& m)
                        {
                            if constexpr (hook::memory<Member>)
                                visit(m.memory());
                        });
    }

  private:
    using state = typename base::state;

    C constraint_;
};

template <class T, class U, class C>
std::unique_ptr<factor_part<T>> make_part(const U& update, const C& constraint, side which)
{
    return std::make_unique<part_of_factor<U, C, T>>(update, constraint, which);
}
}
}

#define XUNMIX_PART(prefix, U, C, T)                                                               \
    prefix template std::unique_ptr<xunmix::factor_part<T>> xunmix::detail::make_part<T, U, C>(    \
        const U&, const C&, xunmix::side);
