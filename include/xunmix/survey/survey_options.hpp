// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/observer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/model/observe.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/model/rank_range.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/survey/compression.hpp>
#include <xunmix/survey/survey_result.hpp>

namespace xunmix
{
/// What a survey takes. The defaults are the study of Uesugi et al. 2021, steps 8 and 9.
struct survey_options
{
    std::vector<std::size_t> ranks = rank_range(2, 15);
    std::size_t starts = 20;          ///< at each rank
    std::size_t max_iterations = 100; ///< of a start
    double tolerance = 1e-5;          ///< a start ends where the objective decreases by less
    std::uint64_t seed = 0;           ///< of start 0 at every rank; start i has seed + i
    std::size_t threads = 0;          ///< at most so many; never changes the result
    bool exact = false; ///< iterate on X itself, all starts of a rank sharing each read
    /// Size for the largest rank; polish: iterations on X of the best start of each rank. Sharper
    /// than a single factorization needs it, for PCA's error to be the lower bound it should be.
    compression compress{.power_iterations = 4};
    /// Iterations after which the worse half of a rank's starts is dropped, and again after twice
    /// as many (successive halving); 0: all run to their end. Not in exact surveys.
    std::size_t halving = 0;
    scaling scale = scaling::unit_l2;
};

namespace detail
{
/// Throws invalid_argument for options that break a rule or do not fit the data's size.
template <class M>
void check_survey(const M& x, const survey_options& opt)
{
    require<invalid_argument>(!opt.ranks.empty(), "a survey needs at least one rank, got none: is "
                                                  "the first of the range above the last?");
    require<invalid_argument>(opt.starts >= 1, "a survey needs at least one start a rank, got 0");
    require<invalid_argument>(opt.max_iterations >= 1,
                              "a survey needs at least one iteration a start, got 0");
    require<invalid_argument>(!(opt.exact && opt.halving > 0),
                              "an exact survey runs every start to its end: leave out either exact "
                              "or halving");
    for (const std::size_t rank : opt.ranks)
    {
        check_options(x, {.rank = rank, .tolerance = opt.tolerance});
        require<invalid_argument>(std::count(opt.ranks.begin(), opt.ranks.end(), rank) == 1,
                                  "rank ", rank, " is named twice among the survey's ranks");
    }
}
}

/// What an observer of a survey sees after each start that ended.
struct survey_progress
{
    run_record run;       ///< the start that ended
    std::size_t done = 0; ///< starts ended so far, of all ranks
    std::size_t total = 0;
    double seconds = 0; ///< since the survey was made
};

namespace detail
{
template <class A>
inline constexpr bool
    observes_survey = std::is_invocable_r_v<flow, const A&, const survey_progress&> || []
{
    if constexpr (std::is_invocable_v<const A&, const survey_progress&>)
        return std::is_void_v<std::invoke_result_t<const A&, const survey_progress&>>;
    else
        return false;
}();

/// Tells an observer of the survey; true if it wants to stop. Other arguments pass.
template <class A>
bool tell_survey(const A& argument, const survey_progress& p)
{
    if constexpr (!observes_survey<A>)
        return false;
    else if constexpr (std::is_void_v<std::invoke_result_t<const A&, const survey_progress&>>)
        return argument(p), false;
    else
        return argument(p) == flow::stop;
}
}
}
