// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <xunmix/contract/start.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace xunmix
{
/// One weight that was tried.
struct orthogonality_trial
{
    double weight = 0;
    double mse = 0;
    bool allowed = false; ///< whether its mse is within the limit
};

/// The weight that the rule picks, and what came out with it.
template <class T>
struct orthogonality_choice
{
    double weight = 0;
    double limit = 0; ///< of the mse
    std::vector<orthogonality_trial> trials;
    result<T> best;
};

namespace detail
{
/// An argument of factorize, but nothing for a start.
template <class M, class A>
auto unless_start(const A& argument)
{
    if constexpr (start_for<A, M>)
        return std::tuple<>();
    else
        return std::tuple<const A&>(argument);
}
}

/// Picks the weight of soft_orthogonal by a rule: the largest whose mse is at most
///
///     mse(0) (1 + (k - 1) / m),
///
/// m the number of unmasked channels (positions, where it acts on the components). Without
/// orthogonality every position fits k numbers, which take up k of its m shares of the noise; where
/// the maps do not overlap only one is needed, and the mse rises by the k - 1 shares given back. A
/// rise beyond that is signal that the weight suppresses: maps that do overlap. Meant for data
/// whose noise is alike in all elements: weigh counts with poisson_scaled first.
///
///   const auto choice = choose_orthogonality(data, {.rank = 3}, soft_orthogonal{},
///                                            {0.01, 0.05, 0.2, 1}, on_maps(non_negative{}),
///                                            on_components(non_negative{}));
///
/// Weights ascend, each starts from what came out with the one before it (from other starts a
/// large one may end in a poor minimum), and the first that is not allowed ends the search; so does
/// an observer or a token that asks to stop, and the weight is then that of the last factorization
/// that was not stopped. The arguments after them are those of factorize. Throws invalid_argument
/// where there are no weights, or they do not ascend within (0, 1], and what factorize throws.
template <class Data, class... Args>
auto choose_orthogonality(const Data& data, const options& opt, soft_orthogonal update,
                          const std::vector<double>& weights, const Args&... args)
{
    static_assert(detail::is_data<Data>::value);
    decltype(auto) x = detail::as_data_matrix(data, opt.threads);
    for (std::size_t i = 0; i < weights.size(); ++i)
        detail::require<invalid_argument>(
            weights[i] > (i == 0 ? 0 : weights[i - 1]) && weights[i] <= 1,
            "the weights to choose from must ascend within (0, 1]: number ", i, " is ", weights[i]);
    detail::require<invalid_argument>(!weights.empty(),
                                      "choose_orthogonality needs weights to choose from");
    using M = std::decay_t<decltype(x)>;
    using T = typename M::factor_type;
    update.weight = 0;
    auto plain = xunmix::factorize(x, opt, update, args...);
    const grid& shares = x.shape().of(other(update.on));
    const double mse = plain.mse, given_back = static_cast<double>(opt.rank - 1);
    orthogonality_choice<T> out{.limit =
                                    mse * (1 + given_back / static_cast<double>(shares.kept())),
                                .trials = {{0, mse, true}},
                                .best = std::move(plain)};
    const auto rest_of_arguments = std::tuple_cat(detail::unless_start<M>(args)...);
    for (const double weight : weights)
    {
        if (out.best.status == status::stopped)
            break;
        update.weight = weight;
        auto tried = std::apply(
            [&](const auto&... rest)
            { return xunmix::factorize(x, opt, update, as_start<T>(out.best), rest...); },
            rest_of_arguments);
        if (tried.status == status::stopped)
            break;
        out.trials.push_back({weight, tried.mse, tried.mse <= out.limit});
        if (!out.trials.back().allowed)
            break;
        out.weight = weight;
        out.best = std::move(tried);
    }
    return out;
}
}
