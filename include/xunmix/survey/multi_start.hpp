// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/model/best_of.hpp>

namespace xunmix
{
/// Among the arguments of factorize: several short starts, of which the one with the least
/// objective goes on to the end (Muto & Shiga 2020, against poor local minima).
///
///   factorize(data, {.rank = 3}, hals{}, multi_start{.starts = 20, .iterations = 10}, ...)
///
/// The starts differ in their seeds, options.seed and up. Observers are told of the iterations of
/// the one that goes on, after its first ones; a stop token ends the search as well.
struct multi_start
{
    using conducts_factorization = void;

    std::size_t starts = 10;
    std::size_t iterations = 10; ///< of each start

    /// What factorize does when given this. Throws invalid_argument for no starts or iterations.
    template <data_matrix M, class U, class... Args>
    auto factorize(const M& x, const options& opt, U update, Args&... args) const
    {
        detail::require<invalid_argument>(starts >= 1 && iterations >= 1,
                                          "multi_start needs at least one start of one iteration, "
                                          "got ",
                                          starts, " of ", iterations);
        using T = typename M::factor_type;
        std::optional<solver<T>> best;
        best_of ended;
        bool stopped = false;
        for (std::size_t start = 0; start < starts && !stopped; ++start)
        {
            options own = opt;
            own.seed = opt.seed + start;
            solver<T> candidate = detail::solver_for(x, own, update, args...);
            for (std::size_t t = 0; t < iterations && !stopped; ++t)
            {
                candidate.step();
                stopped = (is_stopped(args) || ...);
            }
            if (ended.offer(candidate.current().objective, start))
                best.emplace(std::move(candidate));
        }
        if (stopped)
            best->stop();
        detail::run<M>(*best, {}, opt.max_iterations, true, args...);
        return best->result();
    }

  private:
    template <class A>
    static bool is_stopped(const A& argument)
    {
        if constexpr (std::is_same_v<A, std::stop_token>)
            return argument.stop_requested();
        else
            return false;
    }
};
}
