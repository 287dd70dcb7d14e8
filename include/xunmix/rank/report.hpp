// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/rank/findings.hpp>
#include <xunmix/rank/recommend.hpp>
#include <xunmix/rank/reporter.hpp>
#include <xunmix/rank/thinning.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
namespace detail
{
/// The held-out error of counts, or why there is none.
template <class T>
rank_score held_out_score(const unfolded<T>& x, const rank_findings& found, const rank_options& o)
{
    constexpr std::size_t most_elements = std::size_t{1} << 27; // of each of the two parts
    const std::size_t every = (x.rows() * x.cols() + most_elements - 1) / most_elements;
    const std::size_t side = thinned_shape(x.shape(), every).smaller_side();
    const auto r = held_out_error(x, {.highest = std::min(side, found.rows.back().rank),
                                      .held_out = o.held_out,
                                      .seed = o.seed,
                                      .every = every,
                                      .threads = o.threads});
    rank_score s{.name = "held_out", .values = {}, .rank = r.rank, .how = {}};
    for (const auto& row : found.rows)
        s.values.push_back(row.rank < r.error.size() ? r.error[row.rank]
                                                     : std::numeric_limits<double>::quiet_NaN());
    s.how = text("The smallest number of components of the other counts whose error on ",
                 100 * o.held_out,
                 " % of the counts, held out, is within one standard error of "
                 "the least",
                 every > 1 ? text("; of every ", every, "th position, to save memory.") : ".");
    return s;
}
inline rank_score no_held_out_score(const rank_findings& found, const std::string& why)
{
    return {.name = "held_out",
            .values =
                std::vector<double>(found.rows.size(), std::numeric_limits<double>::quiet_NaN()),
            .rank = {},
            .how = "Not applicable: " + why};
}
}

/// How many components data have, by several criteria, with reasons:
///
///   const auto report = rank_report(data, {.ranks = rank_range(1, 10), .seed = 1});
///   report.recommended;  report.reasons;  report.rows[2].mse;  report.score("held_out").rank;
///
/// `data` is an unfolded tensor or a dense data matrix, as measured: options.noise says whether it
/// is Poisson-scaled. Criteria: noise_edge, which decides (see noise_edge, gaussian_noise_edge);
/// held_out (held_out_error; for unfolded counts); elbow, indicator, aic and bic of the singular
/// values; dispersion, cophenetic and stability of non-negative fits from several starts, which run
/// on compressed data. A criterion that cannot be had says why. Throws invalid_argument for no
/// ranks, a rank above min(n, m) or named twice, and invalid_data for negative values where the
/// noise is said to be Poisson's, before any work.
template <class M>
rank_findings rank_report(const M& x, const rank_options& options = {})
{
    static_assert(
        data_matrix<M> && !requires { &M::unweighted; } && !requires { &M::is_approximate; },
        "rank_report takes an unfolded tensor or a dense data matrix, without weights "
        "and not compressed: options.noise says how to weigh it");
    detail::check_report(x, options);
    noise_model noise = options.noise;
    if (noise == noise_model::automatic)
    {
        noise = noise_model::gaussian;
        if constexpr (requires { requires std::is_integral_v<typename M::value_type>; })
            noise = x.summary().negative == 0 ? noise_model::poisson : noise_model::gaussian;
    }
    auto out = detail::report_on(detail::as_any_matrix(x), options, noise);
    out.scores.insert(out.scores.begin() + 1,
                      detail::no_held_out_score(out, "counts are thinned from an unfolded tensor, "
                                                     "not from a data matrix."));
    detail::compare_scores(out);
    return out;
}
template <class T>
rank_findings rank_report(const unfolded<T>& x, const rank_options& options = {})
{
    const dense<T> matrix(x, options.threads);
    detail::check_report(matrix, options);
    const bool counts = detail::holds_counts(x, [](std::size_t, std::size_t) {});
    noise_model noise = options.noise;
    if (noise == noise_model::automatic)
        noise = counts ? noise_model::poisson : noise_model::gaussian;
    auto out = detail::report_on(detail::as_any_matrix(matrix), options, noise);
    const char* const why = counts ? "the noise is not taken for that of counts."
                                   : "thinning needs counts, whole numbers that are not negative.";
    out.scores.insert(out.scores.begin() + 1, counts && noise == noise_model::poisson
                                                  ? detail::held_out_score(x, out, options)
                                                  : detail::no_held_out_score(out, why));
    detail::compare_scores(out);
    return out;
}
}
