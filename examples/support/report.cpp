// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"
#include "fourier.hpp"
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <type_traits>

#include <xunmix/core/error.hpp>
#include <xunmix/version.hpp>

namespace support
{
namespace
{
nlohmann::ordered_json describe_axes(const std::vector<xunmix::axis>& axes)
{
    auto out = nlohmann::ordered_json::array();
    for (const auto& axis : axes)
        out.push_back({{"name", axis.name},
                       {"size", axis.size},
                       {"scale", axis.scale},
                       {"offset", axis.offset},
                       {"units", axis.units}});
    return out;
}

}

nlohmann::ordered_json describe_data(const arguments& a, const input& in)
{
    return {{"source", a.input.empty() ? in.source : std::filesystem::absolute(a.input).string()},
            {"dataset", a.dataset},
            {"shape", xunmix::shape_of(in.scan.data)},
            {"type", xunmix::type_name(in.scan.data)},
            {"position_axis_numbers", in.positions},
            {"positions", describe_axes(in.position_axes)},
            {"channels", describe_axes(in.channel_axes)},
            {"masked", in.mask},
            {"clip_negative", a.clip_negative}};
}

nlohmann::ordered_json describe_method(const arguments& a)
{
    return {{"algorithm", a.algorithm},
            {"noise", a.noise},
            {"on_maps", constraint_names(a, xunmix::side::maps)},
            {"on_components", constraint_names(a, xunmix::side::components)},
            {"init", a.init},
            {"iterations", a.iterations},
            {"tolerance", a.tolerance},
            {"seed", a.seed},
            {"starts", a.starts}};
}

namespace
{
nlohmann::ordered_json describe_options(const arguments& a)
{
    nlohmann::ordered_json out{{"rank", a.rank}};
    out.update(describe_method(a));
    out["threads"] = a.threads;
    return out;
}

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

std::string title_of(const arguments& a, const outcome& out)
{
    std::ostringstream title;
    title << "rank " << a.rank << ", " << a.algorithm << ", " << out.noise << " noise, mse "
          << out.runs[out.best].mse;
    return title.str();
}
}

xunmix::tensor<double> without_nan(xunmix::tensor<double> values)
{
    std::replace_if(
        values.begin(), values.end(), [](double x) { return std::isnan(x); }, 0.0);
    return values;
}

table history_table(const outcome& out)
{
    table history{.columns = {"start", "seed", "iteration", "objective", "mse", "relative_change",
                              "seconds"}};
    for (std::size_t start = 0; start < out.runs.size(); ++start)
        for (const auto& r : out.runs[start].history)
            history.rows.push_back({start + 1, out.runs[start].seed, r.iteration, r.objective,
                                    r.mse, r.relative_change, r.seconds});
    return history;
}

nlohmann::ordered_json report(const arguments& a, const input& in, const outcome& out)
{
    auto starts = nlohmann::ordered_json::array();
    double seconds = 0;
    for (const auto& r : out.runs)
    {
        starts.push_back({{"seed", r.seed},
                          {"status", r.status},
                          {"iterations", r.iterations},
                          {"best_iteration", r.best_iteration},
                          {"rises", r.rises},
                          {"mse", r.mse},
                          {"seconds", r.seconds}});
        seconds += r.seconds;
    }
    const auto& best = out.runs[out.best];
    return {{"program", "unmix"},
            {"version", xunmix::version},
            {"command_line", a.command_line},
            {"data", describe_data(a, in)},
            {"options", describe_options(a)},
            {"noise_model", out.noise},
            {"status", best.status},
            {"seed", best.seed},
            {"iterations", best.iterations},
            {"mse", best.mse},
            {"seconds", seconds},
            {"negative_data", out.negative_data},
            {"one_read_per_iteration", out.one_read},
            {"starts", starts}};
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
    for (const auto& r : out.runs)
    {
        auto& curve = c.curves.emplace_back();
        for (const auto& record : r.history)
            curve.push_back(record.mse);
    }
    return c;
}

std::string summary(const arguments& a, const outcome& out)
{
    const auto& best = out.runs[out.best];
    std::ostringstream text;
    text << "mse " << best.mse << " after " << best.iterations << " iterations (" << best.status
         << ", seed " << best.seed;
    if (out.runs.size() > 1)
        text << ", best of " << out.runs.size() << " starts";
    text << ")\n";
    if (out.runs.size() < a.starts)
        text << "Stopped after " << out.runs.size() << " of " << a.starts << " starts.\n";
    if (out.negative_data > 0)
        text << "The data hold " << out.negative_data << " negative values.\n";
    return text.str();
}
}
