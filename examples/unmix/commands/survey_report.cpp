// SPDX-License-Identifier: BSD-3-Clause
#include "survey_report.hpp"
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/core/error.hpp>

namespace unmix
{
namespace
{
bool has_scaled_pca(const survey_outcome& out)
{
    return std::any_of(out.ranks.begin(), out.ranks.end(),
                       [](const rank_numbers& r) { return std::isfinite(r.scaled_pca); });
}

/// The warning of the highest rank, which is the gravest, and the ranks that have one.
std::string warning_of(const survey_outcome& out)
{
    const auto first = std::find_if(out.ranks.begin(), out.ranks.end(),
                                    [](const rank_numbers& r) { return !r.warning.empty(); });
    if (first == out.ranks.end())
        return "";
    const auto& last = out.ranks.back();
    const std::string which = first->rank == last.rank
                                  ? fmt::format("rank {}", last.rank)
                                  : fmt::format("ranks {} to {}", first->rank, last.rank);
    return fmt::format("Mind, {}: {} (options --compression, --exact).\n", which, last.warning);
}

std::string crossing_text(const survey_outcome& out)
{
    if (!out.crossing)
        return "";
    return fmt::format("Up to rank {0} the factorization leaves no more than the PCA scaled for "
                       "counts: a hint at {0} components.\n",
                       *out.crossing);
}

json numbers(const rank_numbers& r)
{
    return {{"rank", r.rank},
            {"minimum", r.minimum},
            {"mean", r.mean},
            {"standard_deviation", r.deviation},
            {"near_best", r.near_best},
            {"best_start", r.best_start + 1},
            {"best_seed", r.runs[r.best_start].seed},
            {"status", r.status},
            {"iterations", r.iterations},
            {"pca_mse", r.pca},
            {"scaled_pca_mse", r.scaled_pca}};
}

/// "mean squared error (counts²)"
std::string quantity_of(const input& in, const survey_outcome& out)
{
    if (out.noise == "poisson")
        return "mean squared error (in units of the counting noise)";
    return holds_integers(in) ? "mean squared error (counts²)" : "mean squared error (data units²)";
}
}

table starts_table(const survey_outcome& out)
{
    table starts{.columns = {"rank", "start", "seed", "iterations", "status", "dropped", "mse"}};
    for (const auto& r : out.ranks)
        for (const auto& run : r.runs)
            starts.rows.push_back({run.rank, run.start + 1, run.seed, run.iterations,
                                   std::string(name(run.ended)), int{run.dropped}, run.mse});
    return starts;
}

table ranks_table(const survey_outcome& out)
{
    table ranks{.columns = {"rank", "minimum", "mean", "standard_deviation", "near_best",
                            "best_start", "pca_mse", "scaled_pca_mse"}};
    for (const auto& r : out.ranks)
        ranks.rows.push_back({r.rank, r.minimum, r.mean, r.deviation, r.near_best, r.best_start + 1,
                              r.pca, r.scaled_pca});
    return ranks;
}

json report(const arguments& a, const input& in, const survey_outcome& out)
{
    auto ranks = json::array();
    auto warnings = json::array();
    for (const auto& r : out.ranks)
    {
        ranks.push_back(numbers(r));
        if (!r.warning.empty())
            warnings.push_back({{"rank", r.rank}, {"warning", r.warning}});
    }
    json crossing;
    if (out.crossing)
        crossing = *out.crossing;
    json all = begin_report("unmix survey", a, in, out.noise);
    all.update({{"status", out.ranks.size() < a.survey->ranks.size() ? "stopped" : "done"},
                {"compression_size", out.compression},
                {"crossing", crossing},
                {"warnings", warnings},
                {"seconds", out.seconds},
                {"resumed_ranks", out.resumed},
                {"negative_data", out.negative_data},
                {"ranks", ranks}});
    return all;
}

std::vector<rank_study::other_minima> read_others(const arguments& a, const input& in)
{
    using xunmix::detail::require;
    std::vector<rank_study::other_minima> out;
    for (const auto& folder : a.survey->beside)
    {
        const auto path = folder / "report.json";
        const std::string refusal = "cannot draw '" + folder.string() + "' beside this survey: ";
        std::ifstream file(path);
        const json report = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
        require<xunmix::io_error>(report.is_object() &&
                                      report.value("program", "") == "unmix survey",
                                  refusal, "there is no report.json of a survey in it");
        const json data = describe_data(a, in);
        for (const char* what : {"source", "shape", "position_axis_numbers", "masked"})
            require<xunmix::invalid_argument>(
                report.at("data").at(what) == data[what], refusal, "it is of a scan with ", what,
                " ", text_of(report.at("data").at(what)), ", this one has ", text_of(data[what]));
        auto& other = out.emplace_back();
        other.name = report.at("options").at("algorithm").get<std::string>();
        for (const auto& r : report.at("ranks"))
        {
            other.ranks.push_back(r.at("rank").get<std::size_t>());
            other.values.push_back(r.at("minimum").get<double>());
        }
    }
    return out;
}

rank_study study_of(const arguments& a, const input& in, const survey_outcome& out,
                    std::vector<rank_study::other_minima> others)
{
    rank_study study{.ranks = {},
                     .crossing = out.crossing,
                     .name = others.empty() ? "" : a.algorithm + ", ",
                     .others = std::move(others),
                     .is_polished = !a.survey->exact && a.survey->polish > 0,
                     .title =
                         fmt::format("{}: {} {} at each rank, {}, {} noise", in.source, a.starts,
                                     a.starts == 1 ? "start" : "starts", a.algorithm, out.noise),
                     .quantity = quantity_of(in, out)};
    for (const auto& r : out.ranks)
    {
        auto& at = study.ranks.emplace_back();
        at.rank = r.rank;
        at.minimum = r.minimum;
        at.mean = r.mean;
        at.pca = r.pca;
        at.scaled_pca = r.scaled_pca;
        for (const auto& run : r.runs)
            (run.dropped ? at.dropped : at.starts).push_back(run.mse);
    }
    return study;
}

std::string summary(const arguments& a, const survey_outcome& out)
{
    const bool scaled = has_scaled_pca(out);
    std::string words = "rank     minimum        mean  near best         PCA";
    words += scaled ? "  PCA for counts\n" : "\n";
    for (const auto& r : out.ranks)
    {
        words += fmt::format("{:4}{:12g}{:12g}{:>11}{:12g}", r.rank, r.minimum, r.mean,
                             fmt::format("{}/{}", r.near_best, r.runs.size()), r.pca);
        words += scaled ? fmt::format("{:16g}\n", r.scaled_pca) : "\n";
    }
    words += crossing_text(out) + warning_of(out) + negative_data_text(out.negative_data);
    if (out.ranks.size() < a.survey->ranks.size())
        words += fmt::format(
            "Stopped after {} of {} ranks; the same command with --resume goes on from there.\n",
            out.ranks.size(), a.survey->ranks.size());
    return words;
}
}
