// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

// How constraints and updates meet: a constraint implements the hooks it can, an update names the
// hooks it needs.
namespace xunmix
{
// The hooks of a constraint on a factor F (rows x k), all optional, all const:
//
//   double value(factor_ref<const T> F)
//       its term in the objective |X - C S^T|^2 + sum value; 0 for a hard constraint that holds
//   void add_to_gram(matrix_ref<double> G, const grid& places)
//   void add_to_rhs(factor_ref<T> B, factor_ref<const T> F)
//       add dG (k x k) and dB (rows x k) such that value(F) / 2 = 1/2 <F dG, F> - <F, dB> + const,
//       or, where value couples rows, a bound from above that touches it at the given F
//   void add_curvature(const grid& places, span<T> d)
//   void add_pull(const grid& places, span<const T> f, span<T> p)
//       value couples each place with its neighbours on the grid and with no others: for one
//       column f, add d_i and p_i(f) such that the gradient of value / 2 is d_i f_i - p_i(f), where
//       p_i does not depend on places of i's own colour of the checkerboard. Exact in hals, which
//       uses them instead of the two above.
//   void prox_column(factor_ref<T> F, size_t j, T step)
//       F_j <- argmin_f 1/2 |f - F_j|^2 / step + value(f) / 2; for a hard constraint the nearest f
//       that keeps it
//   void project(factor_ref<T> F)
//       F moved to where the hard constraint holds
//   void split_gradient(factor_ref<const T> F, factor_ref<T> plus, factor_ref<T> minus)
//       adds the two non-negative parts of the gradient of value / 2
//   void normalize(factor_ref<T> F, span<double> scale)
//       divides each column j by scale[j], which goes to the other factor
//   bool is_due(size_t iteration)
//   void begin_iteration(size_t iteration)
//       whether the constraint holds after this iteration, the first being 1; that it begins. See
//       scheduled.
//   void validate(const grid& places, size_t rank)
//       throws where the constraint's own options break a rule or do not fit the factor
//   bool is_known(const grid& places, size_t rank)
//       whether it leaves no unmasked entry free (default: false)
//
// Anything that can be called with a factor_ref<T> is a project() too. The traits, static constexpr
// bool, all optional:
//
//   row_separable   the hooks treat each row by itself and may be called for several blocks of rows
//                   at once (default: false)
//   scale_free      the result may be rescaled: a hard constraint that holds for F does so for
//                   F diag(d), d > 0; a term does not ask for a certain scale (default: true; false
//                   with value)
//   keeps_order     the columns may not change places (default: false; true with value, which may
//                   ask for something of a certain column)
//   entrywise       project() moves each entry by itself to its nearest allowed value (default:
//                   false)
//   orthant         the constraint is F >= 0 and nothing more (default: false)
//   in_orthant      what holds implies F >= 0 (default: false)
//   moves           what holds depends on F itself, so that it changes with every iteration
//                   (default: false)
//
// Masked rows need no care: whatever a hook leaves there, the solver sets them to zero.

/// Concepts for the hooks, each true where C has it for factors of T.
namespace hook
{
template <class C, class T>
concept value = requires(const C& c, factor_ref<const T> f)
{
    {
        c.value(f)
        } -> std::convertible_to<double>;
};
template <class C, class T>
concept add_to_gram = requires(const C& c, matrix_ref<double> g, const grid& places)
{
    c.add_to_gram(g, places);
};
template <class C, class T>
concept add_to_rhs = requires(const C& c, factor_ref<T> rhs, factor_ref<const T> f)
{
    c.add_to_rhs(rhs, f);
};
template <class C, class T>
concept couples_neighbours = requires(const C& c, const grid& places, std::span<const T> f,
                                      std::span<T> out)
{
    c.add_curvature(places, out);
    c.add_pull(places, f, out);
};
template <class C, class T>
concept prox_column = requires(const C& c, factor_ref<T> f, std::size_t j, T step)
{
    c.prox_column(f, j, step);
};
template <class C, class T>
concept member_project = requires(const C& c, factor_ref<T> f)
{
    c.project(f);
};
template <class C, class T>
concept project = member_project<C, T> || std::invocable<const C&, factor_ref<T>>;
template <class C, class T>
concept split_gradient = requires(const C& c, factor_ref<const T> f, factor_ref<T> g)
{
    c.split_gradient(f, g, g);
};
template <class C, class T>
concept normalize = requires(const C& c, factor_ref<T> f, std::span<double> scale)
{
    c.normalize(f, scale);
};
template <class C>
concept scheduled = requires(const C& c, std::size_t iteration)
{
    {
        c.is_due(iteration)
        } -> std::convertible_to<bool>;
    c.begin_iteration(iteration);
};
template <class C, class T>
concept normal_terms = add_to_gram<C, T> || add_to_rhs<C, T>;
}

/// Whether C is a constraint for factors of T: it has at least one hook.
template <class C, class T>
concept constraint = hook::value<C, T> || hook::normal_terms<C, T> || hook::prox_column<C, T> ||
    hook::project<C, T> || hook::split_gradient<C, T> || hook::normalize<C, T> ||
    requires(const C& c)
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
/// one.
template <class C, class Visit>
constexpr void for_each_member(const C& c, Visit&& visit)
{
    if constexpr (requires { c.for_each_member(visit); })
        c.for_each_member(visit);
    else
        visit(c);
}

namespace detail
{
/// Whether C has a term in the objective, of factors of either type.
template <class C>
inline constexpr bool has_value = hook::value<C, double> || hook::value<C, float>;
}

/// The traits of one constraint, defaults filled in.
template <class C>
struct traits
{
    static constexpr bool row_separable = []
    {
        if constexpr (requires { C::row_separable; })
            return C::row_separable;
        else
            return false;
    }();
    static constexpr bool scale_free = []
    {
        if constexpr (requires { C::scale_free; })
            return C::scale_free;
        else
            return !detail::has_value<C>;
    }();
    static constexpr bool keeps_order = []
    {
        if constexpr (requires { C::keeps_order; })
            return C::keeps_order;
        else
            return detail::has_value<C>;
    }();
    static constexpr bool entrywise = requires
    {
        requires C::entrywise;
    };
    static constexpr bool orthant = requires
    {
        requires C::orthant;
    };
    static constexpr bool in_orthant = orthant || requires
    {
        requires C::in_orthant;
    };
    static constexpr bool moves = requires
    {
        requires C::moves;
    };
};

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
                        if constexpr (hook::scheduled<M>)
                            all = all && m.is_due(iteration);
                    });
    return all;
}
template <class C>
void begin_iteration(const C& c, std::size_t iteration)
{
    for_each_member(c,
                    [&]<class M>(const M& m)
                    {
                        if constexpr (hook::scheduled<M>)
                            m.begin_iteration(iteration);
                    });
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
