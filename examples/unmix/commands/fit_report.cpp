// SPDX-License-Identifier: BSD-3-Clause
#include "fit_report.hpp"
#include "method.hpp"
#include "plot/fourier.hpp"
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/runtime/any_constraint.hpp>

namespace unmix
{
namespace
{
/// Of the resolution_limit among these constraints; 0 where there is none.
double cutoff_of(const std::vector<std::string>& names)
{
    double cutoff = 0;
    xunmix::any_constraint(names).for_each_member(
        [&]<class C>(const C& c)
        {
            if constexpr (std::is_same_v<C, xunmix::resolution_limit>)
                cutoff = c.cutoff;
        });
    return cutoff;
}

/// Whether the runs made a divergence small, of which the report tells beside the mse.
bool has_divergence(const outcome& out)
{
    return !std::isnan(out.runs[out.best].divergence);
}

/// "divergence 1.02, mse 30.1", "weighted mse 1.02", "mse 30.1"
std::string misfit_words(const outcome& out)
{
    const auto& best = out.runs[out.best];
    if (has_divergence(out))
        return fmt::format("divergence {:g}, mse {:g}", best.divergence, best.mse);
    return fmt::format("{} {:g}", out.noise == "poisson" ? "weighted mse" : "mse", best.mse);
}

/// "kept 3 of 10"
std::string kept_words(const arguments& a, const outcome& out)
{
    return fmt::format("kept {} of {}", out.rank(), a.fit->rank);
}

std::string title_of(const arguments& a, const outcome& out)
{
    const auto rank =
        finds_rank(a.algorithm) ? kept_words(a, out) : fmt::format("rank {}", a.fit->rank);
    return fmt::format("{}, {}, {}{}, {}", rank, a.algorithm, out.noise, a.beta ? "" : " noise",
                       misfit_words(out));
}
}

table history_table(const outcome& out)
{
    const std::string misfit = has_divergence(out) ? "divergence" : "mse";
    table history{.columns = {"start", "seed", "iteration", "objective", misfit, "relative_change",
                              "seconds"}};
    for (std::size_t start = 0; start < out.runs.size(); ++start)
        for (const auto& r : out.runs[start].history)
            history.rows.push_back({start + 1, out.runs[start].seed, r.iteration, r.objective,
                                    has_divergence(out) ? r.divergence : r.mse, r.relative_change,
                                    r.seconds});
    return history;
}

table relevances_table(const outcome& out)
{
    table relevances{.columns = {"iteration"}};
    const auto& lines = out.relevances;
    const std::size_t before = out.runs[out.best].iterations - lines.size(); // while screening
    for (std::size_t j = 0; !lines.empty() && j < lines.front().size(); ++j)
        relevances.columns.push_back(fmt::format("component_{}", j + 1));
    for (std::size_t i = 0; i < lines.size(); ++i)
    {
        auto& row = relevances.rows.emplace_back();
        row.push_back(before + i + 1);
        row.insert(row.end(), lines[i].begin(), lines[i].end());
    }
    return relevances;
}

json report(const arguments& a, const input& in, const outcome& out)
{
    auto starts = json::array();
    double seconds = 0;
    for (const auto& r : out.runs)
    {
        auto& start = starts.emplace_back(json{{"seed", r.seed},
                                               {"status", r.status},
                                               {"iterations", r.iterations},
                                               {"best_iteration", r.best_iteration},
                                               {"rises", r.rises},
                                               {"mse", r.mse}});
        if (has_divergence(out))
            start["divergence"] = r.divergence;
        start["seconds"] = r.seconds;
        seconds += r.seconds;
    }
    const auto& best = out.runs[out.best];
    json all = begin_report("unmix", a, in, out.noise);
    all.update({{"kept", out.rank()},
                {"status", best.status},
                {"seed", best.seed},
                {"iterations", best.iterations},
                {"mse", best.mse},
                {"mse_is_weighted", out.noise == "poisson"}});
    if (has_divergence(out))
        all["divergence"] = best.divergence;
    all["seconds"] = seconds;
    all["negative_data"] = out.negative_data;
    all["one_read_per_iteration"] = out.one_read;
    all["starts"] = starts;
    return all;
}

montage montage_of(const arguments& a, const input& in, const outcome& out)
{
    return {.components = out.components,
            .maps = out.maps,
            .channel_axes = in.channel_axes,
            .position_axes = in.position_axes,
            .title = in.source + ": " + title_of(a, out)};
}

montage fourier_of(const arguments& a, const input& in, const outcome& out)
{
    return {.components = out.maps,
            .maps = power_spectra(out.maps),
            .channel_axes = in.position_axes,
            .position_axes = frequency_axes(in.position_axes),
            .title = in.source + ": " + title_of(a, out),
            .component_display = display::linear,
            .map_display = display::logarithmic,
            .component_name = "maps",
            .map_name = "their Fourier transforms, power",
            .component_colours = &viridis,
            .map_circle = cutoff_of(constraint_names(a, xunmix::side::maps))};
}

convergence convergence_of(const arguments& a, const outcome& out)
{
    convergence c{.curves = {}, .best = out.best, .title = title_of(a, out)};
    if (a.beta)
        c.quantity = "mean deviance, 2 x beta divergence";
    else if (out.noise == "poisson")
        c.quantity = "weighted mean square error";
    for (const auto& r : out.runs)
    {
        auto& curve = c.curves.emplace_back();
        for (const auto& record : r.history)
            curve.push_back(has_divergence(out) ? record.divergence : record.mse);
    }
    return c;
}

relevances relevances_of(const arguments& a, const input& in, const outcome& out)
{
    return {.trace = out.relevances, .title = in.source + ": " + a.algorithm};
}

std::string summary(const arguments& a, const outcome& out)
{
    const auto& best = out.runs[out.best];
    std::string text = fmt::format("{} after {} iterations ({}, seed {}", misfit_words(out),
                                   best.iterations, best.status, best.seed);
    if (out.runs.size() > 1)
        text += fmt::format(", best of {} starts", out.runs.size());
    if (a.screening)
        text += fmt::format(", the best of {} starts after {} iterations", a.starts, *a.screening);
    text += ")\n";
    if (finds_rank(a.algorithm))
        text += fmt::format("Kept {} of {} components.\n", out.rank(), a.fit->rank);
    if (!a.screening && out.runs.size() < a.starts)
        text += fmt::format("Stopped after {} of {} starts.\n", out.runs.size(), a.starts);
    return text + negative_data_text(out.negative_data);
}
}
