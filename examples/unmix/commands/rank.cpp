// SPDX-License-Identifier: BSD-3-Clause
#include "rank.hpp"
#include "data.hpp"
#include "progress_line.hpp"
#include "report.hpp"
#include "stopwatch.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <limits>
#include <type_traits>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/rank/report.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace unmix
{
namespace
{
namespace xu = xunmix;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

xu::noise_model noise_of(const arguments& a)
{
    return a.noise == "poisson"    ? xu::noise_model::poisson
           : a.noise == "gaussian" ? xu::noise_model::gaussian
                                   : xu::noise_model::automatic;
}

/// Says on `line` how far a report is, every five seconds, on a terminal oftener.
auto progress_on(const progress_line& line)
{
    return [&line, since_last = stopwatch()](const xu::rank_progress& at) mutable
    {
        if (since_last.seconds() < (line.is_terminal() ? 0.2 : 5))
            return;
        since_last = stopwatch();
        const auto words =
            at.doing == xu::rank_progress::step::starts
                ? fmt::format("rank {}: {} of {} starts", at.rank, at.done, at.total)
                : fmt::format("noise edge of rank {}: {} of {} draws", at.rank, at.done, at.total);
        line.renew(words);
        line.add(words);
    };
}

xu::rank_options options_of(const arguments& a, const progress_line& line)
{
    return {.ranks = a.rank_report->ranks,
            .noise = noise_of(a),
            .starts = a.starts,
            .max_iterations = a.iterations,
            .tolerance = a.tolerance,
            .draws = a.rank_report->draws,
            .held_out = a.rank_report->held_out,
            .seed = a.seed,
            .threads = a.threads,
            .observer = progress_on(line)};
}

/// How a criterion's panel looks.
struct look
{
    const char* criterion;
    const char* title;
    const char* quantity;
    bool above_the_least = false; ///< values as differences from the least of them
    bool is_share = false;        ///< values from 0 to 1
};

constexpr look looks[] = {
    {"noise_edge", "noise edge", "singular value / edge of the noise"},
    {"held_out", "held-out counts", "error on them"},
    {"elbow", "elbow", "singular value"},
    {"indicator", "indicator", "Malinowski's function"},
    {"aic", "AIC", "above its least", true},
    {"bic", "BIC", "above its least", true},
    {"dispersion", "dispersion", "of the starts' consensus", false, true},
    {"cophenetic", "cophenetic", "coefficient of the consensus", false, true},
    {"stability", "stability", "cosine of matched components", false, true},
};

look look_of(const std::string& criterion)
{
    const auto* const found = std::ranges::find(looks, criterion, &look::criterion);
    return found != std::end(looks) ? *found : look{criterion.c_str(), criterion.c_str(), ""};
}

/// From a little below the least value, or the threshold, to a little above 1.
display_range share_range(std::vector<double> values, double threshold)
{
    values.push_back(threshold);
    std::erase_if(values, [](double v) { return !std::isfinite(v); });
    const double low = std::ranges::min(values), margin = 0.06 * std::max(1 - low, 0.01);
    return {.low = low - margin, .high = 1 + margin};
}

/// From zero to the highest, the lower ones drawn apart.
display_range spread_range(const std::vector<double>& values)
{
    double high = 0;
    for (const double v : values)
        high = std::isfinite(v) ? std::max(high, v) : high;
    return {.low = 0, .high = high > 0 ? 1.06 * high : 1, .scale = display::square_root};
}

/// As a sentence for a panel: "Not applicable: thinning needs counts" without the first words.
std::string reason_of(const std::string& how)
{
    const std::string begin = "Not applicable: ";
    return how.starts_with(begin) ? "not applicable: " + how.substr(begin.size()) : how;
}

rank_panel panel_of(const xu::rank_score& score)
{
    const look as = look_of(score.name);
    const double threshold = score.threshold.value_or(none);
    rank_panel panel{.title = as.title,
                     .quantity = as.quantity,
                     .values = score.values,
                     .pick = score.rank,
                     .threshold = threshold,
                     .why_not = reason_of(score.how)};
    if (!score.rank && score.how.starts_with("Not applicable"))
        std::ranges::fill(panel.values, none);
    if (as.above_the_least && !panel.values.empty())
    {
        const double least = std::ranges::min(panel.values);
        for (double& v : panel.values)
            v -= least;
    }
    auto all = panel.values;
    all.push_back(threshold);
    panel.range = as.is_share          ? share_range(panel.values, threshold)
                  : as.above_the_least ? spread_range(panel.values)
                                       : positive_axis_range(all);
    return panel;
}

/// What the best start of each rank leaves, above what any model of that rank must leave.
rank_panel error_panel(const xu::rank_findings& found)
{
    rank_panel panel{.title = found.noise == xu::noise_model::poisson ? "error / counting noise"
                                                                      : "mean squared error",
                     .quantity = "of the best start; grey: of PCA"};
    for (const auto& row : found.rows)
    {
        panel.values.push_back(row.mse);
        panel.beneath.push_back(row.pca_mse);
    }
    auto all = panel.values;
    all.insert(all.end(), panel.beneath.begin(), panel.beneath.end());
    panel.range = positive_axis_range(all);
    return panel;
}
}

xu::rank_findings find_rank(const input& in, const arguments& a)
{
    const progress_line line;
    return std::visit([&]<class T>(const xu::tensor<T>& scan)
                      { return xu::rank_report(unfold(scan, in, a), options_of(a, line)); },
                      in.scan.data);
}

table criteria_table(const xu::rank_findings& found)
{
    table criteria{.columns = {"rank", "mse", "spread", "pca_mse"}};
    for (const auto& score : found.scores)
        criteria.columns.push_back(score.name);
    for (std::size_t i = 0; i < found.rows.size(); ++i)
    {
        const auto& row = found.rows[i];
        auto& cells = criteria.rows.emplace_back(
            std::vector<cell>{row.rank, row.mse, row.spread, row.pca_mse});
        for (const auto& score : found.scores)
            cells.emplace_back(score.values[i]);
    }
    return criteria;
}

json report(const arguments& a, const input& in, const xu::rank_findings& found, double seconds)
{
    auto criteria = json::array(), ranks = criteria;
    for (const auto& score : found.scores)
    {
        json rank;
        if (score.rank)
            rank = *score.rank;
        criteria.push_back(
            {{"name", score.name}, {"rank", rank}, {"how", score.how}, {"values", score.values}});
    }
    for (const auto& row : found.rows)
        ranks.push_back({{"rank", row.rank},
                         {"mse", row.mse},
                         {"spread", row.spread},
                         {"pca_mse", row.pca_mse},
                         {"warning", row.warning}});
    json all = begin_report("unmix rank", a, in, name(found.noise));
    all.update({{"noise_variance", found.noise_variance},
                {"recommended", found.recommended},
                {"reasons", found.reasons},
                {"criteria", criteria},
                {"ranks", ranks},
                {"seconds", seconds}});
    return all;
}

rank_picture picture_of(const input& in, const xu::rank_findings& found)
{
    rank_picture picture{
        .recommended = found.recommended,
        .title = fmt::format("{}: how many components, {} noise", in.source, name(found.noise))};
    if (!found.reasons.empty())
        picture.subtitle = found.reasons.front();
    for (const auto& row : found.rows)
        picture.ranks.push_back(row.rank);
    for (const auto& score : found.scores)
        picture.panels.push_back(panel_of(score));
    picture.panels.push_back(error_panel(found));
    return picture;
}

std::string summary(const xu::rank_findings& found)
{
    std::string words = fmt::format("Recommended: {} {}\n", found.recommended,
                                    found.recommended == 1 ? "component" : "components");
    for (const auto& reason : found.reasons)
        words += fmt::format("  {}\n", reason);
    words += "criterion   rank  how it chooses\n";
    for (const auto& score : found.scores)
        words += fmt::format("{:<12}{:>4}  {}\n", score.name,
                             score.rank ? fmt::to_string(*score.rank) : "-", score.how);
    return words;
}

void run_rank(const arguments& a)
{
    run_folder folder(a.output, a.wanted_pictures);
    const auto in = open_input(a);
    std::cout << describe(in) << std::endl;
    const stopwatch watch;
    const auto found = find_rank(in, a);
    const double seconds = watch.seconds();
    folder.write_csv("rank_criteria.csv", criteria_table(found));
    folder.write_json("report.json", report(a, in, found, seconds));
    std::cout << summary(found) << std::flush;
    folder.write_picture("rank.png",
                         [&](const auto& path) { draw_ranks(path, picture_of(in, found)); });
    std::cout << folder.summary();
}
}
