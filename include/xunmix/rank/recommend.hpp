// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/rank/findings.hpp>

namespace xunmix::detail
{
inline double standard_deviation(const std::vector<double>& values)
{
    const double count = static_cast<double>(values.size());
    double mean = 0, square = 0;
    for (const double x : values)
        mean += x / count;
    for (const double x : values)
        square += (x - mean) * (x - mean);
    return count > 1 ? std::sqrt(square / (count - 1)) : 0;
}

/// "component" or "components", with the number.
inline std::string components_text(std::size_t count)
{
    return text(count, count == 1 ? " component" : " components");
}

/// How far a value stands above its edge: "1.38 times", with a point whatever the host's locale is.
inline std::string times_text(double value, double edge)
{
    constexpr int decimals = 2;
    char digits[std::numeric_limits<double>::max_exponent10 + 8]; // for any double
    const auto end = std::to_chars(digits, digits + sizeof digits, value / edge,
                                   std::chars_format::fixed, decimals);
    return std::string(digits, end.ptr) + " times";
}

/// The rank that the noise edge asks for, the smallest one reported that has all components above
/// it, and why.
inline void recommend(rank_findings& out, const edge_count& edge)
{
    const auto enough = std::find_if(out.rows.begin(), out.rows.end(),
                                     [&](const rank_row& r) { return r.rank >= edge.rank; });
    out.recommended = enough != out.rows.end() ? enough->rank : out.rows.back().rank;
    auto& reasons = out.reasons;
    std::string first = text(components_text(edge.rank), edge.rank == 1 ? " stands" : " stand",
                             " clear of the noise");
    if (edge.rank > 0 && edge.edges[edge.rank - 1] > 0)
        first +=
            text(", the weakest ",
                 times_text(edge.values[edge.rank - 1], edge.edges[edge.rank - 1]), " its edge");
    if (!edge.is_open && edge.rank < edge.values.size())
        first += text("; the next singular value is ",
                      times_text(edge.values[edge.rank], edge.edges[edge.rank]), " the edge");
    reasons.push_back(first + '.');
    if (edge.rank == 0)
        reasons.emplace_back("Nothing in the data stands out of the noise; one component is the "
                             "least there can be.");
    if (edge.is_open)
        reasons.push_back(text("More than ", components_text(edge.rank),
                               " stand out, the highest rank looked at: raise ranks."));
    if (edge.is_faint)
        reasons.emplace_back("One more is there by its strength, but within 5 % of the edge: its "
                             "direction is mostly noise.");
    if (out.recommended != std::max<std::size_t>(edge.rank, 1))
        reasons.push_back(text("Rank ", edge.rank, " is not among those reported; ",
                               out.recommended, " is the nearest that can hold all."));
    constexpr double strange = 0.25;
    if (out.noise == noise_model::poisson && std::abs(out.noise_variance - 1) > strange)
        reasons.push_back(text("Mind that what is left scatters with ",
                               std::round(100 * out.noise_variance) / 100,
                               " times the variance of counts: divide the data by the detector's "
                               "gain, or take noise_model::gaussian."));
}

/// Adds which criteria agree, which do not and which could not be had.
inline void compare_scores(rank_findings& out)
{
    std::string same, other, none;
    const auto join = [](std::string& list, const std::string& more)
    { list += text(list.empty() ? "" : ", ", more); };
    for (const auto& s : out.scores)
    {
        if (s.name == "noise_edge")
            continue;
        if (!s.rank)
            join(none, s.name);
        else if (*s.rank == out.recommended)
            join(same, s.name);
        else
            join(other, text(s.name, ' ', *s.rank));
    }
    if (!same.empty())
        out.reasons.emplace_back("The same say: " + same + '.');
    if (!other.empty())
        out.reasons.emplace_back("Other numbers say: " + other + '.');
    if (!none.empty())
        out.reasons.emplace_back("No answer from: " + none + '.');
    for (const auto& row : out.rows)
        if (row.rank == out.recommended && !row.warning.empty())
            out.reasons.emplace_back("Mind that " + row.warning + '.');
}
}
