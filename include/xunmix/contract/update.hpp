// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/normal_equations.hpp>
#include <xunmix/contract/pairing.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
// An update rule is how one factor changes, given its small system. It has
//
//   first                    the factor whose turn comes first
//   row_separable            whether each row is updated by itself, so that blocks of rows may be
//                            updated at once, from several threads
//   needs_non_negative_data  whether X and the start must not be negative
//   state<T>                 what belongs to one factor in one factorization
//   prepare(gram, places, constraint, state)
//                            before each update of the factor, with the Gram matrix, which it may
//                            change: more than once an iteration where X is read in groups
//   operator()(F, equations, constraint, state)
//                            moves F, or a block of its rows: F.first_row() is the first of them
//
// and what else it offers is below. See check_update.

/// One of several updates, chosen at run time: use(update) is called with its own type.
template <class U>
concept update_choice = requires(const U& u)
{
    requires U::chosen_at_run_time;
    u.visit([](const auto&) {});
};

/// Where a factorization stands, for updates that adapt themselves to it.
template <class T>
struct standing
{
    std::size_t iterations = 0;              ///< done
    double loss = 0;                         ///< |X - C S^T|^2, or what else is minimised
    double root_mean_square = 0;             ///< of the unmasked elements of X
    std::size_t positions = 0, channels = 0; ///< unmasked
    factor_ref<const T> maps{}, components{};

    /// Number of unmasked elements of X.
    double entries() const
    {
        return static_cast<double>(positions) * static_cast<double>(channels);
    }
    double mse() const
    {
        return loss / entries();
    }
};

// What an update offers beyond prepare() and operator(), all optional, all const. As with
// constraints, an update implements what it needs, and the loop asks here.
//
//   pairing pairing_with<Constraint, T>()                 static constexpr
//       how it goes with a constraint; heuristic unless it says otherwise
//   void check_pairing<Constraint, T>()                   static constexpr
//       does not compile, and says what to take instead, where that is unsupported
//   bool has_replaceable_step                             static constexpr
//       whether a constraint's solve() may take its place (default: true)
//   bool clips                                            static constexpr
//       whether it solves without the constraint and then projects (default: false)
//   bool is_row_separable(side)
//       whether the rows of that side's factor are updated one by one; else row_separable
//   bool descends()
//       whether it does with these options; else what pairing_with() says
//   bool moves()
//       whether the last iterate is the answer and not that of least objective (default: false)
//   void adapt(const standing<T>&, state<T>& maps, state<T>& components)
//       called before each iteration
//   bool is_settled(const state<T>& maps, const state<T>& components)
//       false holds a factorization from being judged as converged
//   bool normalize(side, factor_ref<T>, span<double> scale)
//       as a constraint's; false where it leaves that side alone
//   double objective(const standing<T>&)
//       what it minimises, where that is not the loss + the constraints' terms
//   double least_relevance()
//       components whose map holds less than this share of the largest are left out of the result
//
// and of its state<T>: std::vector<double> memory, what it keeps from one iteration to the next,
// with static size_t memory_size(rows, rank), how many numbers that are once it is filled: it is
// filled in prepare(), and may hold some for each row, which the blocks of rows then use; side
// which, set once to the factor it is for.
namespace update_hook
{
template <class U>
bool is_row_separable(const U& u, side which)
{
    if constexpr (requires { u.is_row_separable(which); })
        return u.is_row_separable(which);
    else
        return U::row_separable;
}
template <class U>
bool descends(const U& u)
{
    if constexpr (requires { u.descends(); })
        return u.descends();
    else
        return true;
}
template <class U>
bool moves(const U& u)
{
    if constexpr (requires { u.moves(); })
        return u.moves();
    else
        return false;
}
template <class U, class T>
concept adapts = requires(const U& u, const standing<T>& now, typename U::template state<T>& s)
{
    u.adapt(now, s, s);
};
template <class U, class T>
concept normalizes = requires(const U& u, factor_ref<T> f, std::span<double> scale)
{
    {
        u.normalize(side::maps, f, scale)
        } -> std::convertible_to<bool>;
};
template <class U, class T>
concept has_objective = requires(const U& u, const standing<T>& now)
{
    u.objective(now);
};
template <class U, class T>
concept settles = requires(const U& u, const typename U::template state<T>& s)
{
    u.is_settled(s, s);
};
template <class U>
concept prunes = requires(const U& u)
{
    u.least_relevance();
};
template <class U>
concept clips = requires
{
    requires U::clips;
};
template <class State>
concept remembers = requires(State& s)
{
    s.memory;
};
template <class State>
concept knows_side = requires(State& s)
{
    s.which;
};
}
}
