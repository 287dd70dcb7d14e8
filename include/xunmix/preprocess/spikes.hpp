// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/permute.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/preprocess/neighbourhood.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// What counts as a spike, see remove_spikes.
struct spike_rule
{
    double threshold = 7;           ///< standard deviations above what the neighbours allow
    std::size_t position_reach = 1; ///< positions so many steps away are neighbours: 8 in an image
    std::size_t channel_reach = 5;  ///< channels so many steps away: 10 in a spectrum
    double gain = 1;                ///< data units a count; 0 for data that does not count
    std::size_t threads = 0;
};

/// An entry that was replaced; position and channel are numbers in C order.
struct spike
{
    std::size_t position = 0;
    std::size_t channel = 0;
    double value = 0;
    double replacement = 0;
};

/// A scan without its spikes.
template <class T>
struct despiked
{
    tensor<T> scan;            ///< (positions..., channels...)
    std::vector<spike> spikes; ///< what was replaced, by position, then channel
};

namespace detail
{
/// The nearest number that T can hold.
template <class T>
T rounded_to(double x)
{
    if constexpr (std::is_integral_v<T>)
        return static_cast<T>(std::clamp(std::round(x),
                                         static_cast<double>(std::numeric_limits<T>::lowest()),
                                         static_cast<double>(std::numeric_limits<T>::max())));
    else
        return static_cast<T>(x);
}

/// X as a tensor (positions..., channels...), masks or not.
template <class T>
tensor<T> copy_of(const unfolded<T>& x, std::size_t threads)
{
    auto shape = x.shape().positions.shape;
    const auto& channels = x.shape().channels.shape;
    shape.insert(shape.end(), channels.begin(), channels.end());
    auto out = tensor<T>::from_shape(shape);
    permuted_copy<T>(x.data(),
                     {{x.rows(), static_cast<std::ptrdiff_t>(x.row_stride())},
                      {x.cols(), static_cast<std::ptrdiff_t>(x.column_stride())}},
                     out.data(), threads)();
    return out;
}

/// Looks for spikes at one position.
template <class T>
class spike_finder
{
  public:
    spike_finder(const unfolded<T>& x, const spike_rule& rule, std::size_t position)
        : x_(x)
        , rule_(rule)
        , position_(position)
        , near_(neighbours(x.shape().positions, position, rule.position_reach))
    {
    }

    void operator()(std::vector<spike>& found)
    {
        if (near_.size() < 2)
            return;
        for (std::size_t c = 0; c < x_.cols(); ++c)
            if (x_.shape().channels.keeps(c) && is_high(c))
                if (const auto expected = expected_at(c))
                    found.push_back({position_, c, at(position_, c), *expected});
    }

  private:
    double at(std::size_t p, std::size_t c) const
    {
        return static_cast<double>(x_(p, c));
    }
    /// The noise of counts where this many are.
    double counting_noise(double level) const
    {
        return std::sqrt(rule_.gain * std::max(level, rule_.gain));
    }
    /// Whether the entry lies above the neighbouring positions. With four or more the highest of
    /// them may be a spike itself.
    bool is_high(std::size_t c)
    {
        constexpr double lowest = std::numeric_limits<double>::lowest();
        double highest = lowest, second = lowest;
        for (const std::size_t p : near_)
            if (const double v = at(p, c); v > highest)
                second = highest, highest = v;
            else
                second = std::max(second, v);
        const double level = near_.size() >= 4 ? second : highest,
                     excess = at(position_, c) - level;
        if (!(excess > rule_.threshold * counting_noise(level)))
            return false;
        gather(c);
        return values_.size() >= 2 && excess > rule_.threshold * robust_spread(values_).sigma;
    }
    /// What the neighbouring positions have in the channel.
    void gather(std::size_t c)
    {
        values_.clear();
        for (const std::size_t p : near_)
            if (const double v = at(p, c); is_finite(v))
                values_.push_back(v);
    }
    /// What the entry should be, if it is a spike among the channels too: measured on the
    /// difference from the neighbouring positions' median, from which lines have gone.
    std::optional<double> expected_at(std::size_t c)
    {
        const auto level = [&](std::size_t channel)
        {
            gather(channel);
            return values_.empty() ? std::numeric_limits<double>::quiet_NaN() : median(values_);
        };
        differences_.clear(), own_.clear();
        for (const std::size_t other : neighbours(x_.shape().channels, c, rule_.channel_reach))
            if (const double d = at(position_, other) - level(other); is_finite(d))
                differences_.push_back(d), own_.push_back(at(position_, other));
        if (differences_.empty())
            return std::nullopt;
        const double here = level(c), difference = at(position_, c) - here;
        const robust_spread usual(differences_);
        // Of a few counts the neighbours' median may be far too small.
        const double sigma = std::max(usual.sigma, counting_noise(std::max(here, median(own_))));
        if (!(difference > usual.middle + rule_.threshold * sigma))
            return std::nullopt;
        const double expected = here + usual.middle; // a thicker place has more of everything
        return here >= 0 ? std::max(expected, 0.0) : expected;
    }

    const unfolded<T>& x_;
    const spike_rule& rule_;
    std::size_t position_;
    std::vector<std::size_t> near_;
    std::vector<double> values_, differences_, own_;
};

inline void check_spike_rule(const spike_rule& rule, const unfolding& shape)
{
    require<invalid_argument>(rule.threshold > 0, "a spike needs a threshold above 0, got ",
                              rule.threshold);
    require<invalid_argument>(rule.gain >= 0 && is_finite(rule.gain),
                              "the gain must be 0 or more data units a count, got ", rule.gain);
    require<invalid_argument>(rule.position_reach >= 1 && rule.channel_reach >= 1,
                              "spikes are found among neighbours: both reaches must be at least 1, "
                              "got ",
                              rule.position_reach, " and ", rule.channel_reach);
    require<invalid_argument>(shape.positions.kept() >= 3 && shape.channels.kept() >= 2,
                              "spikes are outliers among positions and among channels: at least 3 "
                              "positions and 2 channels are needed, got ",
                              shape.positions.kept(), " and ", shape.channels.kept());
}
}

/// Replaces spikes: cosmic rays, stray X-rays in the detector. A spike is an outlier among the
/// neighbouring positions and among the neighbouring channels,
///
///     x_pc > second highest of the neighbours' x_p'c + t sigma_p   and
///     d_c  > median d_c' + t sigma_c,    d_c = x_pc - median over p' of x_p'c,
///
/// where t is the threshold and each sigma the larger one of counting noise, sqrt(gain x level),
/// and the neighbours' scaled median absolute deviation. It is replaced by median x_p'c + median
/// d_c', rounded for integers. A line of the specimen recurs at a neighbouring position, however
/// sharp it is, and stays; even at the corner of a grain, where only three of eight neighbours have
/// it. What only one position has in one channel cannot be told from a spike, and goes: take a
/// higher threshold for particles no larger than the step of the scan. With fewer than four
/// neighbours the highest counts instead of the second; with fewer than two nothing is judged.
///
/// For spectra and detector images alike, neighbouring pixels within a square. Masked positions and
/// channels are copied but not looked at, nor is what is not finite. X is not modified; threads
/// make no difference. Throws invalid_argument for a rule out of range, and below 3 positions or 2
/// channels.
template <class T>
despiked<T> remove_spikes(const unfolded<T>& x, const spike_rule& rule = {})
{
    detail::check_spike_rule(rule, x.shape());
    std::vector<std::vector<spike>> found(x.rows());
    parallel_for(x.rows(), rule.threads,
                 [&](std::size_t p, std::size_t)
                 {
                     if (x.shape().positions.keeps(p))
                         detail::spike_finder<T>(x, rule, p)(found[p]);
                 });
    despiked<T> out{detail::copy_of(x, rule.threads), {}};
    for (const auto& at_position : found)
        for (spike s : at_position)
        {
            T& entry = out.scan.data()[s.position * x.cols() + s.channel];
            entry = detail::rounded_to<T>(s.replacement);
            s.replacement = static_cast<double>(entry);
            out.spikes.push_back(s);
        }
    return out;
}
}
