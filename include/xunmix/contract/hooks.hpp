// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/contract/normal_equations.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>
#include <xunmix/model/inner_product.hpp>

// What a constraint may offer, what a constraint may see, and what is assumed of one that does not
// say. How an update takes it is in pairing.hpp, several at once are in constraint.hpp.
namespace xunmix
{
/// What surrounds a factor F just before it is updated.
struct surroundings
{
    std::size_t iteration = 0;          ///< that has begun, the first being 1
    matrix_ref<const double> gram{};    ///< O^T O (k x k) of the other factor O, without any terms
    xunmix::inner_product product = {}; ///< of columns of F, with the weights of its rows
};

// The hooks of a constraint on a factor F (rows x k), all optional; those without const may change
// the constraint, of which each solver has a copy of its own:
//
//   double value(factor_ref<const T> F) const
//       its term in the objective |X - C S^T|^2 + sum value; 0 for a hard constraint that holds
//   void prepare(factor_ref<const T> F, const surroundings& around)
//       comes before each update of F, and before the hooks below: for what depends on F as it is,
//       on the other factor's Gram matrix, on the weights or on the iteration. More than once an
//       iteration where X is read in groups (options.groups), or where a first attempt is taken
//       back.
//   void add_to_gram(matrix_ref<double> G, const grid& places) const
//   void add_to_rhs(factor_ref<T> B, factor_ref<const T> F) const
//       add dG (k x k) and dB (rows x k) such that value(F) / 2 = 1/2 <F dG, F> - <F, dB> + const,
//       or, where value couples rows, a bound from above that touches it at the given F
//   void add_curvature(const grid& places, size_t j, span<T> d) const
//   void add_pull(const grid& places, size_t j, span<const T> f, span<T> p) const
//       value couples each place with some others in the same column: for column j, which is f, add
//       d_i and p_i(f) such that the gradient of value / 2 is d_i f_i - p_i(f), where p_i does not
//       depend on places of i's own colour. Exact in hals, which uses them instead of the two
//       above.
//   size_t colour(const grid& places, span<size_t> colours) const
//       gives every place its colour, counted from 0, and returns how many there are; without it,
//       the two colours of a checkerboard, which do where only neighbours on the grid couple
//   void prox_column(factor_ref<T> F, size_t j, T step) const
//       F_j <- argmin_f 1/2 |f - F_j|^2 / step + value(f) / 2; for a hard constraint the nearest f
//       that keeps it
//   void project(factor_ref<T> F) const
//       F moved to where the hard constraint holds
//   void solve(factor_ref<T> F, const normal_equations<T>& equations) const
//       takes the place of the update's step: F <- argmin 1/2 <F gram, F> - <F, rhs> over what the
//       constraint allows. The terms of other constraints are in the equations, their projections
//       come after it. At most one constraint of a factor has it.
//   void split_gradient(factor_ref<const T> F, factor_ref<T> plus, factor_ref<T> minus) const
//       adds the two non-negative parts of the gradient of value / 2
//   void normalize(factor_ref<T> F, span<double> scale) const
//       divides each column j by scale[j], which goes to the other factor
//   bool is_due(size_t iteration) const
//       whether the constraint holds after this iteration, the first being 1. See scheduled.
//   vector<double>& memory()
//   size_t memory_size(const grid& places, size_t rank) const
//       what it keeps from one iteration to the next, and how many numbers that is once there are
//       any: written with a solver's state, and there again before prepare() where one is resumed
//   void validate(const grid& places, size_t rank) const
//       throws where the constraint's own options break a rule or do not fit the factor
//   bool is_known(const grid& places, size_t rank) const
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
//   descends        solve() never raises the objective (default: false)
//   knows_weights   the nearest column of prox_column is that with the weights of the rows, which
//                   prepare() has seen (default: false)
//
// A constraint made of another one names its type: using wrapped = C.
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
concept prepare = requires(C& c, factor_ref<const T> f, const surroundings& around)
{
    c.prepare(f, around);
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
concept couples_places = requires(const C& c, const grid& places, std::size_t j,
                                  std::span<const T> f, std::span<T> out)
{
    c.add_curvature(places, j, out);
    c.add_pull(places, j, f, out);
};
template <class C>
concept colour = requires(const C& c, const grid& places, std::span<std::size_t> colours)
{
    {
        c.colour(places, colours)
        } -> std::convertible_to<std::size_t>;
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
concept solve = requires(const C& c, factor_ref<T> f, const normal_equations<T>& equations)
{
    c.solve(f, equations);
};
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
concept is_due = requires(const C& c, std::size_t iteration)
{
    {
        c.is_due(iteration)
        } -> std::convertible_to<bool>;
};
template <class C>
concept memory = requires(C& c, const C& as_it_is, const grid& places, std::size_t rank)
{
    {
        c.memory()
        } -> std::same_as<std::vector<double>&>;
    {
        as_it_is.memory_size(places, rank)
        } -> std::convertible_to<std::size_t>;
};
template <class C, class T>
concept normal_terms = add_to_gram<C, T> || add_to_rhs<C, T>;
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
    static constexpr bool descends = requires
    {
        requires C::descends;
    };
    static constexpr bool knows_weights = requires
    {
        requires C::knows_weights;
    };
};
}
