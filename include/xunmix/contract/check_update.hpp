// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>

#include <xunmix/contract/names.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
namespace update_hook
{
template <class U, class T>
concept has_state = std::default_initializable<typename U::template state<T>>;
template <class U, class T>
concept prepares = requires(const U& u, typename U::template state<T>& s, matrix_ref<double> gram,
                            const grid& places, const unconstrained& c)
{
    u.prepare(gram, places, c, s);
};
template <class U, class T>
concept moves_factors = requires(const U& u, typename U::template state<T>& s, factor_ref<T> f,
                                 const normal_equations<T>& equations, const unconstrained& c)
{
    u(f, equations, c, s);
};
template <class U>
concept says_how = requires
{
    {
        U::first
        } -> std::convertible_to<side>;
    {
        U::row_separable
        } -> std::convertible_to<bool>;
    {
        U::needs_non_negative_data
        } -> std::convertible_to<bool>;
};
}

/// Does not compile, and says what is wrong, unless U is an update for factors of T whose hooks can
/// all be called: for a user's own update, static_assert(check_update<U, float>()).
template <class U, class T>
constexpr bool check_update()
{
    static_assert(update_hook::says_how<U>,
                  "an update says: static constexpr xunmix::side first; static constexpr bool "
                  "row_separable, needs_non_negative_data");
    static_assert(update_hook::has_state<U, T>,
                  "an update has: template <class T> struct state, what belongs to one factor, "
                  "which can be made without arguments");
    static_assert(update_hook::prepares<U, T>,
                  "an update's prepare is: template <class T, class C> void "
                  "prepare(matrix_ref<double> gram, const grid& places, const C& constraint, "
                  "state<T>& s) const");
    static_assert(update_hook::moves_factors<U, T>,
                  "an update moves a factor by: template <class T, class C> void "
                  "operator()(factor_ref<T> F, const normal_equations<T>& equations, const C& "
                  "constraint, state<T>& s) const");
    static_assert(!detail::names_adapt<U>() || update_hook::adapts<U, T>,
                  "an update's adapt is: template <class T> void adapt(const standing<T>& now, "
                  "state<T>& maps, state<T>& components) const");
    static_assert(!detail::names_is_settled<U>() || update_hook::settles<U, T>,
                  "an update's is_settled is: template <class T> bool is_settled(const state<T>& "
                  "maps, const state<T>& components) const");
    static_assert(!detail::names_normalize<U>() || update_hook::normalizes<U, T>,
                  "an update's normalize is: template <class T> bool normalize(side which, "
                  "factor_ref<T> F, std::span<double> scale) const");
    static_assert(!detail::names_objective<U>() || update_hook::has_objective<U, T>,
                  "an update's objective is: template <class T> double objective(const "
                  "standing<T>& now) const");
    static_assert(!detail::names_least_relevance<U>() || update_hook::prunes<U>,
                  "an update's least_relevance is: double least_relevance() const");
    return true;
}
}
