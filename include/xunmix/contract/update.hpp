// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

// What an update offers beyond prepare() and operator(), all optional, all const. As with
// constraints, an update implements what it needs, and the loop asks here.
namespace xunmix
{
/// The small system an update solves for a factor F: with O the other factor, gram = O^T O (k x k)
/// and rhs = X O (rows x k), so that 1/2 |X - F O^T|^2 = 1/2 <F gram, F> - <F, rhs> + const.
template <class T>
struct normal_equations
{
    matrix_ref<const double> gram;
    factor_ref<T> rhs; ///< an update may use it as scratch: its contents are not needed afterwards
};

/// How an update and a constraint go together.
enum class pairing
{
    unsupported, ///< the update can do nothing with the constraint's hooks
    heuristic,   ///< works, but an iteration may raise the objective: the best iterate is kept
    descent      ///< no iteration raises the objective
};

constexpr const char* name(pairing p)
{
    return p == pairing::descent     ? "descent"
           : p == pairing::heuristic ? "heuristic"
                                     : "unsupported";
}

/// The weakest pairing of an update with the members of a constraint.
template <class T, class U, class C>
pairing pairing_of(const U&, const C& c)
{
    pairing weakest = U::template pairing_with<unconstrained, T>();
    for_each_member(c, [&]<class M>(const M&)
                    { weakest = std::min(weakest, U::template pairing_with<M, T>()); });
    return weakest;
}

/// An update rule: how one factor changes, given its small system.
template <class U, class T>
concept update_policy = requires
{
    {
        U::first
        } -> std::convertible_to<side>;
    U::row_separable;
    typename U::template state<T>;
    U::template pairing_with<unconstrained, T>();
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
// with static size_t memory_size(rank), how many numbers that are once it is filled; side which,
// set once to the factor it is for.
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
