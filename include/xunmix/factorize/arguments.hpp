// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/observer.hpp>
#include <xunmix/contract/start.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/iteration.hpp>
#include <xunmix/unfold/unfold.hpp>

// The arguments of factorize and its like: what each is recognised by.
namespace xunmix
{
/// Constraints meant for one side, as on_maps and on_components make them.
template <side Side, class C>
struct constraint_on
{
    C constraint;
};

namespace detail
{
template <side Side, class... Cs>
auto make_constraint_on(Cs... cs)
{
    static_assert(sizeof...(Cs) > 0, "on_maps and on_components take at least one constraint");
    if constexpr (sizeof...(Cs) == 1)
        return constraint_on<Side, Cs...>{cs...};
    else
        return constraint_on<Side, all_of<Cs...>>{all_of<Cs...>(std::move(cs)...)};
}
}

/// The maps' constraints; several are joined by all_of.
template <class... Cs>
auto on_maps(Cs... constraints)
{
    return detail::make_constraint_on<side::maps>(std::move(constraints)...);
}
/// The components' constraints; several are joined by all_of.
template <class... Cs>
auto on_components(Cs... constraints)
{
    return detail::make_constraint_on<side::components>(std::move(constraints)...);
}

namespace detail
{
template <class A, side Side>
struct is_constraint_on : std::false_type
{
};
template <side Side, class C>
struct is_constraint_on<constraint_on<Side, C>, Side> : std::true_type
{
};

template <class T>
inline constexpr bool is_unfolded = false;
template <class T>
inline constexpr bool is_unfolded<unfolded<T>> = true;

/// Does not compile, and says so, for what is no data. (A class, since that is looked at before
/// whatever follows.)
template <class Data>
struct is_data : std::true_type
{
    static_assert(
        is_unfolded<Data> || data_matrix<Data>,
        "the first argument is X: unfold(scan, positions{...}), for a scan in any tensor, "
        "or a data matrix such as dense");
};

template <class T>
const T& as_data_matrix(const T& x, std::size_t)
{
    return x;
}
template <class T>
dense<T> as_data_matrix(const unfolded<T>& x, std::size_t threads)
{
    return dense<T>(x, threads);
}

/// The first of `args` that Predicate<its type> holds for, else the fallback.
template <template <class> class Predicate, class Fallback>
auto pick(Fallback fallback)
{
    return fallback;
}
template <template <class> class Predicate, class Fallback, class A, class... Rest>
auto pick(Fallback fallback, const A& first, const Rest&... rest)
{
    if constexpr (Predicate<A>::value)
        return first;
    else
        return pick<Predicate>(fallback, rest...);
}

/// How often Predicate holds among the types.
template <template <class> class Predicate, class... Args>
inline constexpr std::size_t occurrences = (std::size_t{0} + ... +
                                            (Predicate<Args>::value ? 1 : 0));

template <class A>
using on_maps_rule = is_constraint_on<A, side::maps>;
template <class A>
using on_components_rule = is_constraint_on<A, side::components>;
template <class A>
using stop_token_rule = std::is_same<A, std::stop_token>;
/// Arguments that conduct the whole factorization, see compression.
template <class A>
using conductor_rule = std::bool_constant < requires
{
    typename A::conducts_factorization;
}
> ;

/// Losses other than least squares, see beta_divergence.
template <class A>
using loss_rule = std::bool_constant < requires
{
    typename A::is_loss;
}
> ;

/// Whether A is a start for data like M: starts work on the erased matrix.
template <class A, class M>
concept start_for = init_policy<A, any_matrix<typename M::factor_type>>;

template <class M>
struct for_matrix
{
    template <class A>
    using init_rule = std::bool_constant<start_for<A, M>>;
};

/// Tells an observer of the iteration; true if it wants to stop. Other arguments pass.
template <class M, class A>
bool tell(A& argument, const iteration<typename M::factor_type>& it)
{
    using T = typename M::factor_type;
    using kind = std::remove_const_t<A>;
    if constexpr (on_maps_rule<kind>::value || on_components_rule<kind>::value ||
                  conductor_rule<kind>::value || loss_rule<kind>::value || start_for<kind, M>)
        return false;
    else if constexpr (stop_token_rule<kind>::value)
        return argument.stop_requested();
    else
    {
        static_assert(observer<A, T>,
                      "the arguments of factorize after the update are on_maps(...), "
                      "on_components(...), an init policy, beta_divergence, compression, a "
                      "std::stop_token, or observers; an "
                      "observer takes const xunmix::iteration<T>&, T being the factors' type, and "
                      "returns void or xunmix::flow");
        if constexpr (!observer<A, T>)
            return false;
        else if constexpr (std::is_void_v<std::invoke_result_t<A&, const iteration<T>&>>)
            return argument(it), false;
        else
            return argument(it) == flow::stop;
    }
}
}
}
