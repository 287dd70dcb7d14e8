// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xunmix/contract/observer.hpp>
#include <xunmix/contract/start.hpp>
#include <xunmix/factorize/arguments.hpp>
#include <xunmix/survey/survey_options.hpp>
#include <xunmix/survey/survey_result.hpp>
#include <xunmix/survey/surveyor.hpp>

namespace xunmix
{
namespace detail
{
/// The arguments that make a solver: nothing for an observer or a stop token.
template <class M, class A>
auto unless_observer(const A& argument)
{
    constexpr bool makes =
        on_maps_rule<A>::value || on_components_rule<A>::value || start_for<A, M>;
    static_assert(makes || observes_survey<A> || stop_token_rule<A>::value,
                  "the arguments of survey after the update are on_maps(...), on_components(...), "
                  "an init policy, a std::stop_token, or observers; an observer can be called as "
                  "const, takes const xunmix::survey_progress& and returns void or xunmix::flow");
    if constexpr (makes)
        return std::tuple(argument);
    else
        return std::tuple<>();
}
}

/// Many starts at many ranks, Uesugi's steps 8 and 9:
///
///   auto found = survey(data, {.ranks = rank_range(2, 15)}, hals{}, on_maps(non_negative{}),
///                       on_components(non_negative{}));
///   found.at(7).minimum();  found.best(7).components();  found.pca_mse(7);  found.crossing();
///
/// `data` and the arguments after the update are those of factorize; observers take const
/// survey_progress& and return void or flow. Where one of them or a stop token asks to stop, what
/// was found so far is returned: the ranks done. Throws invalid_argument and invalid_data before
/// any work.
template <class Data, class U, class... Args>
auto survey(const Data& data, const survey_options& opt, U update, const Args&... args)
{
    static_assert(detail::is_data<Data>::value);
    decltype(auto) x = detail::as_data_matrix(data, opt.threads);
    using M = std::decay_t<decltype(x)>;
    const auto token = detail::pick<detail::stop_token_rule>(std::stop_token{}, args...);
    const auto tell = [&](const survey_progress& p)
    {
        bool stop = false;
        ((stop |= detail::tell_survey(args, p)), ...);
        return stop ? flow::stop : flow::proceed;
    };
    auto s = std::apply(
        [&](auto... a)
        {
            return std::make_unique<surveyor<typename M::factor_type>>(x, opt, std::move(update),
                                                                       std::move(a)...);
        },
        std::tuple_cat(detail::unless_observer<M>(args)...));
    while (!s->is_done())
    {
        s->step(tell, token);
        if (s->is_stopped())
            break;
    }
    return s->state();
}
}
