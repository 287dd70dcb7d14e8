// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/normal_equations.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
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

namespace update_hook
{
/// Whether a constraint may take the place of the update's step.
template <class U>
constexpr bool has_replaceable_step()
{
    if constexpr (requires { U::has_replaceable_step; })
        return U::has_replaceable_step;
    else
        return true;
}
template <class U, class C, class T>
constexpr pairing pairing_with()
{
    if constexpr (hook::solve<C, T>)
        return !has_replaceable_step<U>() ? pairing::unsupported
               : traits<C>::descends      ? pairing::descent
                                          : pairing::heuristic;
    else if constexpr (requires { U::template pairing_with<C, T>(); })
        return U::template pairing_with<C, T>();
    else
        return pairing::heuristic;
}
template <class U, class C, class T>
constexpr void check_pairing()
{
    if constexpr (hook::solve<C, T>)
        static_assert(has_replaceable_step<U>(),
                      "this update's step cannot be replaced by a constraint's solve: take hals, "
                      "als, mals, bpp or multiplicative");
    else if constexpr (requires { U::template check_pairing<C, T>(); })
        U::template check_pairing<C, T>();
    else
        static_assert(pairing_with<U, C, T>() != pairing::unsupported,
                      "this update cannot use this constraint: see its pairing_with");
}
}

namespace detail
{
/// How a constraint goes with another one that replaces the update's step and whose set lies in the
/// orthant, or does not: terms are in the equations, projections come afterwards.
template <class C, class T>
constexpr pairing pairing_beside_solve(bool in_orthant)
{
    if (traits<C>::orthant && in_orthant)
        return pairing::descent;
    if (hook::project<C, T>)
        return pairing::heuristic;
    return hook::normal_terms<C, T> || hook::normalize<C, T> || std::is_same_v<C, unconstrained>
               ? pairing::descent
               : pairing::unsupported;
}

/// What is known of the members of a constraint that replace the update's step.
struct solving_members
{
    std::size_t count = 0;
    bool in_orthant = false;
};
template <class T, class C>
solving_members find_solving(const C& c)
{
    solving_members out;
    for_each_member(c,
                    [&]<class M>(const M&)
                    {
                        if constexpr (hook::solve<M, T>)
                        {
                            ++out.count;
                            out.in_orthant = traits<M>::in_orthant;
                        }
                    });
    return out;
}

/// Whether a member of the list type C replaces the update's step, where the type tells.
template <class T, class C>
constexpr bool names_solving(const C*)
{
    return hook::solve<C, T>;
}
template <class T, template <class...> class List, class... Cs>
    requires requires(const List<Cs...>& c)
    {
        c.for_each_member([](const auto&) {});
    }
constexpr bool names_solving(const List<Cs...>*)
{
    return (names_solving<T>(static_cast<const Cs*>(nullptr)) || ...);
}

/// The step of a constraint that replaces the update's. False, and nothing done, without one.
template <class T, class C>
bool solve(const C& c, factor_ref<T> f, const normal_equations<T>& equations)
{
    bool done = false;
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::solve<M, T>)
                        {
                            add_to_rhs<T>(c, equations.rhs, f);
                            m.solve(f, equations);
                            done = true;
                        }
                    });
    if (done)
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (!hook::solve<M, T> && !traits<M>::orthant)
                                project(m, f);
                            else if constexpr (!hook::solve<M, T>)
                                if (!find_solving<T>(c).in_orthant)
                                    project(m, f);
                        });
    return done;
}
}

/// The weakest pairing of an update with the members of a constraint.
template <class T, class U, class C>
pairing pairing_of(const U&, const C& c)
{
    const auto solving = detail::find_solving<T>(c);
    pairing weakest =
        solving.count > 0 ? pairing::descent : update_hook::pairing_with<U, unconstrained, T>();
    for_each_member(c,
                    [&]<class M>(const M&)
                    {
                        const bool beside = solving.count > 0 && !hook::solve<M, T>;
                        weakest = std::min(
                            weakest, beside ? detail::pairing_beside_solve<M, T>(solving.in_orthant)
                                            : update_hook::pairing_with<U, M, T>());
                    });
    return weakest;
}
}
