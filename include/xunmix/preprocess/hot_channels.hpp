// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/preprocess/neighbourhood.hpp>
#include <xunmix/preprocess/spikes.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// What counts as a hot channel, see find_hot_channels.
struct hot_channel_rule
{
    double factor = 3;     ///< times the highest neighbours, in the mean over all positions
    double threshold = 7;  ///< and so many standard deviations of the mean above it
    double share = 0.9;    ///< of the positions, at which it lies above its neighbours' median
    std::size_t reach = 2; ///< channels so many steps away are neighbours: 24 in a detector image
    double gain = 1;       ///< data units a count; 0 for data that does not count
    std::size_t threads = 0;
};

/// Channels that show more than what falls on them.
struct hot_channels
{
    tensor<bool> keep;            ///< false where hot, in the channels' shape: for mask_channels
    std::vector<std::size_t> hot; ///< their numbers in C order
};

namespace detail
{
/// Mean over the unmasked positions, of each channel; 0 for masked channels.
template <class T>
std::vector<double> mean_of_channels(const unfolded<T>& x, std::size_t threads)
{
    constexpr std::size_t range = 256; // channels a task
    const grid &positions = x.shape().positions, &channels = x.shape().channels;
    std::vector<double> mean(x.cols(), 0);
    parallel_for((x.cols() + range - 1) / range, threads,
                 [&](std::size_t task, std::size_t)
                 {
                     const std::size_t first = task * range,
                                       last = std::min(first + range, x.cols());
                     for (std::size_t p = 0; p < x.rows(); ++p)
                         for (std::size_t c = first; positions.keeps(p) && c < last; ++c)
                             if (channels.keeps(c))
                                 mean[c] += static_cast<double>(x(p, c));
                 });
    for (double& value : mean)
        value /= static_cast<double>(positions.kept());
    return mean;
}

/// Whether a channel sticks out of the mean over all positions: of the highest of its neighbours
/// (from_top = 1), or of the second highest (2), and so on.
inline bool sticks_out(const std::vector<double>& mean, std::size_t c,
                       const std::vector<std::size_t>& around, std::size_t from_top,
                       std::size_t positions, const hot_channel_rule& rule)
{
    std::vector<double> values;
    for (const std::size_t other : around)
        if (is_finite(mean[other]))
            values.push_back(mean[other]);
    if (values.empty())
        return false;
    std::sort(values.begin(), values.end());
    const double level = values[values.size() - std::min(values.size(), from_top)];
    const double n = static_cast<double>(positions);
    const double noise = std::sqrt(rule.gain * std::max(level, rule.gain / n) / n);
    const double sigma = std::max(noise, robust_spread(values).sigma);
    return mean[c] > rule.factor * level && mean[c] - level > rule.threshold * sigma;
}

/// What a position has in some channels.
template <class T>
void gather_finite(const unfolded<T>& x, std::size_t p, const std::vector<std::size_t>& channels,
                   std::vector<double>& values)
{
    values.clear();
    for (const std::size_t c : channels)
        if (const auto v = static_cast<double>(x(p, c)); is_finite(v))
            values.push_back(v);
}

/// The share of the positions at which the channel lies above the median of the others.
template <class T>
double share_above(const unfolded<T>& x, std::size_t c, const std::vector<std::size_t>& around)
{
    std::size_t above = 0;
    std::vector<double> values;
    for (std::size_t p = 0; p < x.rows(); ++p)
    {
        if (!x.shape().positions.keeps(p))
            continue;
        gather_finite(x, p, around, values);
        above += !values.empty() && static_cast<double>(x(p, c)) > median(values);
    }
    return static_cast<double>(above) / static_cast<double>(x.shape().positions.kept());
}
}

/// Finds hot pixels of a detector and hot channels of a spectrometer: outliers among their
/// neighbour channels at nearly all positions. In the mean over the positions such a channel lies
/// above `factor` times its second highest neighbour (for the highest may be hot too; in spectra
/// the highest, so that two side by side are not found) and `threshold` standard deviations (of
/// counting, or the neighbours' scaled median absolute deviation) above it; and at a `share` of the
/// positions it lies above the median of its neighbours there.
///
/// Lines and spots stay: those that not all positions have, and those that are spread over
/// channels, for one that is 1.6 channels wide at half its height or wider is at most 3 times its
/// neighbours. A narrower line that all positions have looks like a hot channel.
///
///     x = x.mask_channels(find_hot_channels(x).keep)
///
/// Masked channels are nobody's neighbours and true in `keep`; masks add up. Throws
/// invalid_argument for a rule out of range.
template <class T>
hot_channels find_hot_channels(const unfolded<T>& x, const hot_channel_rule& rule = {})
{
    detail::require<invalid_argument>(
        rule.factor >= 1 && rule.threshold > 0 && rule.gain >= 0 && rule.reach >= 1,
        "a hot channel needs a factor of at least 1, a threshold above 0, a gain of 0 or more and "
        "a reach of at least 1, got ",
        rule.factor, ", ", rule.threshold, ", ", rule.gain, " and ", rule.reach);
    detail::require<invalid_argument>(rule.share > 0 && rule.share <= 1,
                                      "the share of the positions must be above 0 and at most 1, "
                                      "got ",
                                      rule.share);
    const grid& channels = x.shape().channels;
    hot_channels out{tensor<bool>::from_shape(channels.shape), {}};
    std::fill(out.keep.begin(), out.keep.end(), true);
    const auto mean = detail::mean_of_channels(x, rule.threads);
    const std::size_t from_top = channels.shape.size() == 1 ? 1 : 2;
    for (std::size_t c = 0; c < x.cols(); ++c)
    {
        if (!channels.keeps(c))
            continue;
        const auto around = detail::neighbours(channels, c, rule.reach);
        if (around.empty() ||
            !detail::sticks_out(mean, c, around, from_top, x.shape().positions.kept(), rule) ||
            detail::share_above(x, c, around) < rule.share)
            continue;
        out.hot.push_back(c);
        out.keep.data()[c] = false;
    }
    return out;
}

/// A copy (positions..., channels...) in which each of the channels where `keep` is false has, at
/// every position, the median of the nearest channels that are kept and not masked: for methods
/// that need all of the detector. Elsewhere a mask is better, for it adds no data. Throws
/// invalid_argument where `keep` has another shape than the channels or keeps nothing.
template <class T>
tensor<T> replace_channels(const unfolded<T>& x, const tensor<bool>& keep, std::size_t threads = 0)
{
    const auto masked = x.mask_channels(keep);
    const grid& channels = masked.shape().channels;
    auto out = detail::copy_of(x, threads);
    std::vector<double> values;
    for (std::size_t c = 0; c < x.cols(); ++c)
    {
        if (keep.data()[c])
            continue;
        std::vector<std::size_t> around;
        for (std::size_t reach = 1; around.empty(); ++reach)
            around = detail::neighbours(channels, c, reach);
        for (std::size_t p = 0; p < x.rows(); ++p)
        {
            if (!x.shape().positions.keeps(p))
                continue;
            detail::gather_finite(x, p, around, values);
            if (!values.empty())
                out.data()[p * x.cols() + c] = detail::rounded_to<T>(detail::median(values));
        }
    }
    return out;
}
}
