// SPDX-License-Identifier: BSD-3-Clause
#include "preprocess.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/ranges.h>

#include <xunmix/core/error.hpp>
#include <xunmix/preprocess/background.hpp>
#include <xunmix/preprocess/hot_channels.hpp>
#include <xunmix/preprocess/spikes.hpp>

namespace unmix
{
namespace
{
using xunmix::detail::require;

/// use(X) for a scan of whatever type, its masked channels masked.
template <class Use>
auto with_unfolded(const input& in, Use&& use)
{
    return std::visit(
        [&]<class T>(const xunmix::tensor<T>& values)
        {
            const auto x = xunmix::unfold(values, xunmix::positions(in.positions));
            return use(in.keep ? x.mask_channels(*in.keep) : x);
        },
        in.scan.data);
}

/// Data units a count: whole numbers are taken for counts, others have no counting noise.
template <class T>
constexpr double gain_of = std::is_integral_v<T> ? 1 : 0;

/// Puts a scan with its positions first in the place of the other.
void replace_scan(input& in, xunmix::any_tensor scan)
{
    in.scan.data = std::move(scan);
    in.scan.axes = in.position_axes;
    in.scan.axes.insert(in.scan.axes.end(), in.channel_axes.begin(), in.channel_axes.end());
    std::iota(in.positions.begin(), in.positions.end(), std::size_t{0});
}

void add_mask(input& in, const xunmix::tensor<bool>& keep, const std::string& words)
{
    if (!in.keep)
        in.keep = keep;
    else
        std::transform(keep.begin(), keep.end(), in.keep->begin(), in.keep->begin(),
                       std::logical_and<>{});
    in.mask += (in.mask.empty() ? "" : ", ") + words;
}

void replace_spikes(input& in, const arguments& a)
{
    auto clean = with_unfolded(
        in,
        [&]<class T>(const xunmix::unfolded<T>& x)
        {
            auto found = xunmix::remove_spikes(
                x, {.threshold = *a.despike, .gain = gain_of<T>, .threads = a.threads});
            return std::pair<xunmix::any_tensor, std::size_t>(std::move(found.scan),
                                                              found.spikes.size());
        });
    replace_scan(in, std::move(clean.first));
    in.prepared.spikes = clean.second;
}

void mask_hot_channels(input& in, const arguments& a)
{
    const auto found = with_unfolded(
        in, [&]<class T>(const xunmix::unfolded<T>& x)
        { return xunmix::find_hot_channels(x, {.gain = gain_of<T>, .threads = a.threads}); });
    in.prepared.hot_channels = found.hot;
    if (!found.hot.empty())
        add_mask(in, found.keep,
                 fmt::format("hot {} {}", found.hot.size() == 1 ? "channel" : "channels",
                             fmt::join(found.hot, ", ")));
}

void subtract_background(input& in, const arguments& a)
{
    const auto& energy = in.channel_axes.back();
    const auto [from, to] = *a.background;
    require<xunmix::invalid_argument>(energy.values.empty(),
                                      "--background needs an energy axis of equal steps; this "
                                      "one's are unequal: resample the spectra");
    require<xunmix::invalid_argument>(
        a.noise != "poisson", "--noise poisson is for counts, and what --background leaves are "
                              "differences; leave one out, or keep the counts and give a component "
                              "to the background: --components decaying:0,non_negative");
    const xunmix::power_law_background window{.offset = energy.offset,
                                              .step = energy.scale,
                                              .from = from,
                                              .to = to,
                                              .begin = xunmix::subtract_from::window_end,
                                              .threads = a.threads};
    auto net = with_unfolded(in,
                             [&](const auto& x)
                             {
                                 auto found = xunmix::subtract_background(x, window);
                                 return std::pair<xunmix::any_tensor, xunmix::tensor<bool>>(
                                     std::move(found.scan), std::move(found.channels));
                             });
    replace_scan(in, std::move(net.first));
    in.prepared.background = *a.background;
    const std::string unit = energy.units.empty() ? "" : " " + energy.units;
    add_mask(in, net.second, fmt::format("all up to the end of the window, {:g}{}", to, unit));
}
}

void preprocess(input& in, const arguments& a)
{
    if (a.despike)
        replace_spikes(in, a);
    if (a.mask_hot)
        mask_hot_channels(in, a);
    if (a.background)
        subtract_background(in, a);
}
}
