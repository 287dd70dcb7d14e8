// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>

#include <xunmix/contract/hooks.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

// Several constraints on one factor, asked all at once: what hooks.hpp lists, for lists of them.
namespace xunmix
{
/// Whether C is a constraint for factors of T: it has at least one hook.
template <class C, class T>
concept constraint = hook::value<C, T> || hook::normal_terms<C, T> || hook::prox_column<C, T> ||
    hook::project<C, T> || hook::solve<C, T> || hook::split_gradient<C, T> ||
    hook::normalize<C, T> || requires(const C& c)
{
    c.for_each_member([](const auto&) {});
};

/// No constraint at all.
struct unconstrained
{
    static constexpr bool row_separable = true;
    void for_each_member(auto&&) const {}
};

/// Calls visit(member) for every constraint that `c` is made of; a plain constraint is its only
/// one. Members can be changed where `c` can.
template <class C, class Visit>
constexpr void for_each_member(C& c, Visit&& visit)
{
    if constexpr (requires { c.for_each_member(visit); })
        c.for_each_member(visit);
    else
        visit(c);
}

namespace detail
{
/// Whether rule(traits of the member) holds for every member of c.
template <class C, class Rule>
bool every_member(const C& c, Rule rule)
{
    bool all = true;
    for_each_member(c, [&]<class M>(const M&) { all = all && rule(traits<M>{}); });
    return all;
}
}

template <class C>
bool is_row_separable(const C& c)
{
    return detail::every_member(c, [](auto t) { return t.row_separable; });
}
template <class C>
bool is_scale_free(const C& c)
{
    return detail::every_member(c, [](auto t) { return t.scale_free; });
}
template <class C>
bool keeps_order(const C& c)
{
    return !detail::every_member(c, [](auto t) { return !t.keeps_order; });
}
template <class C>
bool moves(const C& c)
{
    return !detail::every_member(c, [](auto t) { return !t.moves; });
}
/// How many members move their factor's scale to the other one.
template <class T, class C>
std::size_t count_normalizing(const C& c)
{
    std::size_t count = 0;
    for_each_member(c, [&]<class M>(const M&) { count += hook::normalize<M, T>; });
    return count;
}
/// Whether the other factor's constraint may move this one's scale: every member is scale-free or
/// moves scale itself.
template <class T, class C>
bool holds_no_scale(const C& c)
{
    bool all = true;
    for_each_member(c, [&]<class M>(const M&)
                    { all = all && (traits<M>::scale_free || hook::normalize<M, T>); });
    return all;
}
/// Whether a member has a term in the objective.
template <class T, class C>
bool is_penalized(const C& c)
{
    bool any = false;
    for_each_member(c, [&]<class M>(const M&) { any |= hook::value<M, T>; });
    return any;
}

/// Whether every member holds after this iteration, the first being 1.
template <class C>
bool is_due(const C& c, std::size_t iteration)
{
    bool all = true;
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::is_due<M>)
                            all = all && m.is_due(iteration);
                    });
    return all;
}

/// Tells every member what surrounds its factor before an update.
template <class T, class C>
void prepare(C& c, factor_ref<const T> f, const surroundings& around)
{
    for_each_member(c,
                    [&]<class M>(M& m)
                    {
                        if constexpr (hook::prepare<M, T>)
                            m.prepare(f, around);
                    });
}
/// Whether a member wants to be told.
template <class T, class C>
bool has_prepare(const C& c)
{
    bool any = false;
    for_each_member(c, [&]<class M>(const M&) { any |= hook::prepare<M, T>; });
    return any;
}

/// Lets every member add its terms to the Gram matrix, or to the right-hand sides.
template <class T, class C>
void add_to_gram(const C& c, matrix_ref<double> gram, const grid& places)
{
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::add_to_gram<M, T>)
                            m.add_to_gram(gram, places);
                    });
}
template <class T, class C>
void add_to_rhs(const C& c, factor_ref<T> rhs, factor_ref<const T> f)
{
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::add_to_rhs<M, T>)
                            m.add_to_rhs(rhs, f);
                    });
}

/// Sum of the members' terms in the objective.
template <class C, class T>
double penalty(const C& c, factor_ref<const T> f)
{
    double sum = 0;
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::value<M, T>)
                            sum += m.value(f);
                    });
    return sum;
}

/// Moves F to where the hard constraints hold. Several: one after the other in the order given,
/// the last one exactly. Clipping at zero is left to a later member whose set lies in the orthant,
/// so that non_negative with sum_to_one is the exact projection on the simplex.
template <class C, class T>
void project(const C& c, factor_ref<T> f)
{
    std::size_t clipping_to_come = 0;
    for_each_member(c, [&]<class M>(const M&)
                    { clipping_to_come += traits<M>::in_orthant && !traits<M>::orthant; });
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if (traits<M>::orthant && clipping_to_come > 0)
                            return;
                        if constexpr (traits<M>::in_orthant && !traits<M>::orthant)
                            --clipping_to_come;
                        if constexpr (hook::member_project<M, T>)
                            m.project(f);
                        else if constexpr (std::invocable<const M&, factor_ref<T>>)
                            m(f);
                    });
}

/// Applies the members' prox_column: penalties first, then hard constraints, clipping at zero last.
/// Exact for the l1 penalty with intervals: for a convex function of one number, the minimiser on
/// an interval is the free minimiser, clipped.
template <class C, class T>
void prox_column(const C& c, factor_ref<T> f, std::size_t j, T step)
{
    for (const int turn : {0, 1, 2})
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::prox_column<M, T>)
                                if (turn == hook::project<M, T> + traits<M>::orthant)
                                    m.prox_column(f, j, step);
                        });
}
}
