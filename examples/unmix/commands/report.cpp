// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"
#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/version.hpp>

namespace unmix
{
namespace
{
json describe_axes(const std::vector<xunmix::axis>& axes)
{
    auto out = json::array();
    for (const auto& axis : axes)
        out.push_back({{"name", axis.name},
                       {"size", axis.size},
                       {"scale", axis.scale},
                       {"offset", axis.offset},
                       {"units", axis.units}});
    return out;
}

/// What was done before unfolding; null where nothing was.
json describe_preparation(const arguments& a, const preprocessing& done)
{
    json out;
    if (done.spikes)
        out["spikes"] = {{"threshold", *a.despike}, {"replaced", *done.spikes}};
    if (done.hot_channels)
        out["hot_channels"] = *done.hot_channels;
    if (done.background)
        out["background"] = {{"from", done.background->front()}, {"to", done.background->back()}};
    return out;
}
}

json describe_data(const arguments& a, const input& in)
{
    return {{"source", a.input.empty() ? in.source : std::filesystem::absolute(a.input).string()},
            {"dataset", a.dataset},
            {"shape", in.original.shape},
            {"type", in.original.type},
            {"position_axis_numbers", in.original.positions},
            {"positions", describe_axes(in.position_axes)},
            {"channels", describe_axes(in.channel_axes)},
            {"masked", in.mask},
            {"preprocessing", describe_preparation(a, in.prepared)},
            {"clip_negative", a.clip_negative}};
}

json begin_report(const std::string& program, const arguments& a, const input& in,
                  const std::string& noise)
{
    return {{"program", program},
            {"version", xunmix::version},
            {"command_line", a.command_line},
            {"data", describe_data(a, in)},
            {"options", describe_options(a)},
            {"noise_model", noise}};
}

std::string negative_data_text(std::size_t values)
{
    return values > 0 ? fmt::format("The data hold {} negative values.\n", values) : "";
}

xunmix::tensor<double> without_nan(xunmix::tensor<double> values)
{
    std::replace_if(
        values.begin(), values.end(), [](double x) { return std::isnan(x); }, 0.0);
    return values;
}
}
