// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/check_update.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/loss.hpp>
#include <xunmix/contract/start.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/part_name.hpp>
#include <xunmix/factorize/arguments.hpp>
#include <xunmix/factorize/make_model.hpp>
#include <xunmix/factorize/solver.hpp>
#include <xunmix/factorize/with_loss.hpp>
#include <xunmix/init/as_start.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/iteration.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
namespace detail
{
/// Updates that can minimise another loss than least squares.
template <class U>
concept takes_loss = requires
{
    requires U::takes_loss;
};

/// The update, with the loss among the arguments if there is one.
template <class U, class... Args>
auto update_for(const U& update, const Args&... args)
{
    if constexpr (occurrences<loss_rule, Args...> == 0)
        return update;
    else
    {
        auto loss = pick<loss_rule>(0, args...);
        return with_loss<U, decltype(loss)>{update, std::move(loss)};
    }
}

inline constexpr constraint_on<side::maps, unconstrained> free_maps{};
inline constexpr constraint_on<side::components, unconstrained> free_components{};

template <class T, class U, class C, class S>
void add_parts(model_parts<T>& out, const U& update, const C& maps, const S& components)
{
    if constexpr (requires { typename U::loss_type; })
    {
        out.loss = std::make_unique<part_of_loss<typename U::loss_type, T>>(update.loss);
        out.make = &make_model<divergence_alternation, T>;
    }
    else
        out.make = &make_model<alternation, T>;
    out.maps = make_part<T>(update, maps, side::maps);
    out.components = make_part<T>(update, components, side::components);
}

/// The parts of a model from the arguments of factorize, observers and the start left out.
template <data_matrix M, class U, class... Args>
model_parts<typename M::factor_type> parts_of(const M& x, const U& update, const Args&... args)
{
    using T = typename M::factor_type;
    const auto c = pick<on_maps_rule>(free_maps, args...).constraint;
    const auto s = pick<on_components_rule>(free_components, args...).constraint;
    model_parts<T> out{.x = as_any_matrix(x)};
#ifdef XUNMIX_COMPILED
    need_library_for_registers<simd::register_bytes>();
#endif
    const auto add = [&]<class V>(const V& chosen)
    {
        if constexpr (occurrences<loss_rule, Args...> == 0 || takes_loss<V>)
            add_parts(out, update_for(chosen, args...), c, s);
        else
            fail<invalid_argument>("a loss such as beta_divergence goes with multiplicative and "
                                   "ard_multiplicative; ",
                                   part_name<V>(),
                                   " minimises least squares, for counts on poisson_scaled data");
    };
    if constexpr (update_choice<U>)
        update.visit(add);
    else
        add(update);
    return out;
}

/// A solver that starts from `init`, whatever start is among the arguments.
template <data_matrix M, class U, class Init, class... Args>
auto make_solver_from(const M& x, const options& opt, U update, const Init& init,
                      const Args&... args)
{
    using T = typename M::factor_type;
    auto parts = parts_of(x, update, args...);
    const auto start = [&init, data = parts.x](factor_ref<T> maps, factor_ref<T> components,
                                               random_engine& engine, std::size_t threads)
    {
        typename any_matrix<T>::workspace work{.threads = threads};
        init(data, maps, components, engine, work);
    };
    return solver<T>(opt, std::move(parts), start);
}

/// make_solver, but that arguments meant for factorize pass.
template <data_matrix M, class U, class... Args>
auto solver_for(const M& x, const options& opt, U update, const Args&... args)
{
    static_assert(occurrences<on_maps_rule, Args...> <= 1 &&
                      occurrences<on_components_rule, Args...> <= 1,
                  "on_maps and on_components are given at most once; several constraints go into "
                  "one call");
    static_assert(occurrences<for_matrix<M>::template init_rule, Args...> <= 1,
                  "at most one start can be given");
    using T = typename M::factor_type;
    if constexpr (!update_choice<U>)
    {
        static_assert(
            update_hook::has_state<U, T> || requires { U::first; },
            "the third argument is an update policy: als, multiplicative, hals or a type "
            "like them");
        check_update<U, T>();
    }
    constexpr std::size_t losses = occurrences<loss_rule, Args...>;
    static_assert(losses <= 1, "a loss can be given once");
    static_assert(losses == 0 || update_choice<U> || takes_loss<U>,
                  "a loss such as beta_divergence goes with multiplicative and "
                  "ard_multiplicative; the others minimise least squares, for "
                  "counts on poisson_scaled data");
    static_assert(losses == 0 || readable_matrix<M>,
                  "a loss such as beta_divergence needs the elements of X: give "
                  "it unfolded, dense or any_matrix, not scaled or compressed");
    if constexpr (losses == 1)
        check_loss<decltype(pick<loss_rule>(0, args...)), T>();
    check_types<U, T>(pick<on_maps_rule>(free_maps, args...).constraint);
    check_types<U, T>(pick<on_components_rule>(free_components, args...).constraint);
    return make_solver_from(x, opt, std::move(update),
                            pick<for_matrix<M>::template init_rule>(random_uniform{}, args...),
                            args...);
}

/// Throws what make_solver would throw for data and constraints, without its work.
template <class M, class U, class... Args>
void check_before_work(const M& x, std::size_t rank, const U& update, const Args&... args)
{
    auto parts = parts_of(x, update, args...);
    parts.rank = rank;
    parts.validate();
}

/// What came before the iterations of a solver: they are numbered on from there, their seconds too.
struct progress
{
    std::size_t iterations = 0;
    double seconds = 0;
};

/// Steps until the end, telling the observers among the arguments of `total` iterations. Whether
/// one of them asked to stop, even where there was nothing left to stop.
template <class M, class Solver, class... Args>
bool run(Solver& s, const progress& done, std::size_t total, bool ends, Args&... args)
{
    bool stop = false;
    while (s.status() == status::running)
    {
        s.step();
        [[maybe_unused]] auto it = s.current();
        it.number += done.iterations;
        it.seconds += done.seconds;
        it.max_iterations = total;
        it.last = it.last && ends;
        ((stop |= tell<M>(args, it)), ...);
        if (stop)
            s.stop();
    }
    return stop;
}
}

/// A solver for software that calls step() itself. After the update come, in any order and each
/// optional, on_maps(...), on_components(...), a start and a loss, as for factorize. Its type is
/// solver<float> or solver<double>, whatever it is made of. What it is made of is copied, and `x`
/// kept alive where it owns its memory.
template <data_matrix M, class U, class... Args>
solver<typename M::factor_type> make_solver(const M& x, const options& opt, U update,
                                            const Args&... args)
{
    using namespace detail;
    [[maybe_unused]] constexpr auto known = []<class A>(const A*)
    {
        return on_maps_rule<A>::value || on_components_rule<A>::value || loss_rule<A>::value ||
               start_for<A, M>;
    };
    static_assert(
        (known(static_cast<const Args*>(nullptr)) && ...),
        "make_solver takes, after the update, on_maps(...), on_components(...), a start and "
        "a loss: a bare constraint goes into on_maps(...) or on_components(...), observers, "
        "a std::stop_token, compression and multi_start go to factorize");
    return solver_for(x, opt, std::move(update), args...);
}
template <class T, class U, class... Args>
solver<factor_value_t<T>> make_solver(const unfolded<T>& x, const options& opt, U update,
                                      const Args&... args)
{
    return make_solver(detail::as_data_matrix(x, opt.threads), opt, std::move(update), args...);
}

/// Factorizes X ~ C S^T: minimises |X - C S^T|^2 + the constraints' terms.
///
///   auto result = factorize(data, {.rank = 7}, hals{}, on_maps(non_negative{}),
///                           on_components(non_negative{}));
///
/// `data` is an unfolded tensor or any data matrix. After the update come, in any order and each
/// optional: on_maps(...), on_components(...) (else that factor is free), an init policy (else
/// random_uniform), a loss (else least squares), compression (iterates on compressed data first,
/// then on X), observers, a std::stop_token. Throws invalid_argument and invalid_data before any
/// work; afterwards result.status tells how it ended.
template <class Data, class U, class... Args>
auto factorize(const Data& data, const options& opt, U update, Args&&... args)
{
    using namespace detail;
    static_assert(is_data<Data>::value);
    decltype(auto) x = as_data_matrix(data, opt.threads);
    using M = std::decay_t<decltype(x)>;
    constexpr std::size_t conductors = occurrences<conductor_rule, std::decay_t<Args>...>;
    static_assert(conductors <= 1, "compression and multi_start conduct a factorization, each by "
                                   "itself: give one of them, once");
    if constexpr (conductors == 1)
        return pick<conductor_rule>(0, args...).factorize(x, opt, std::move(update), args...);
    else
    {
        auto s = solver_for(x, opt, std::move(update), args...);
        run<M>(s, {}, opt.max_iterations, true, args...);
        return s.result();
    }
}

/// Says what is wrong where update and options have changed places.
template <class Data, class U, class... Args>
    requires(!std::is_convertible_v<U, const options&>)
void factorize(const Data&, const U&, const options&, const Args&...)
{
    static_assert(sizeof(U) == 0,
                  "the options come before the update: factorize(data, {.rank = 7}, "
                  "hals{}, ...)");
}
}
