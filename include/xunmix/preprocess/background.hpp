// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/preprocess/neighbourhood.hpp>
#include <xunmix/preprocess/power_law.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// What the fit of a power law starts from, before the refinements.
enum class power_law_fit
{
    log_counts, ///< least squares of log counts, each weighted with its count, as its variance is
                ///< 1 / count: needs counts above 0 in every channel of the window
    two_areas   ///< the sums over the two halves of the window (Egerton 2011, Sec. 4.4): needs
                ///< those above 0
};

/// Where the subtraction begins; channels before are set to zero.
enum class subtract_from
{
    window_start, ///< what is left in the window scatters about zero, which shows a good fit
    window_end    ///< only behind the window
};

/// Background A E^-r below an edge in electron energy loss spectra, one A and r a position, fitted
/// where from <= E <= to. Energies are offset + step c for channel c, all in one unit (eV).
struct power_law_background
{
    double offset = 0; ///< energy of channel 0
    double step = 1;   ///< energy from channel to channel
    double from = 0;   ///< the window's first energy
    double to = 0;     ///< and its last
    power_law_fit fit = power_law_fit::log_counts;
    std::size_t refinements = 2; ///< steps towards maximum likelihood
    std::size_t neighbours = 0;  ///< r from all positions so many steps away
    subtract_from begin = subtract_from::window_start;
    bool clip = false;                 ///< negative results to zero: biased
    std::optional<std::size_t> axis{}; ///< of the energy in a tensor; the last
    std::size_t threads = 0;

    /// How far a channel may lie outside of the window, for energies are rounded.
    double slack() const
    {
        return 1e-6 * step;
    }
};

/// A scan of which a background was subtracted.
template <class T>
struct background_subtracted
{
    tensor<T> scan;           ///< (positions..., energy)
    tensor<double> amplitude; ///< A, (positions...): the background of 1 energy unit
    tensor<double> exponent;  ///< r, (positions...)
    tensor<bool> channels;    ///< true where subtracted: mask_channels(channels), for the zeros
                              ///< elsewhere were not measured
};

namespace detail
{
/// Throws invalid_argument for axes and windows in which no power law can be fitted.
inline void check_window(const power_law_background& o, const grid& channels)
{
    require<invalid_argument>(channels.shape.size() == 1,
                              "a power-law background needs channels along one axis, the energy; "
                              "these have the shape ",
                              shape_text(channels.shape));
    require<invalid_argument>(o.step > 0 && is_finite(o.step) && is_finite(o.offset),
                              "an energy axis needs a finite offset and a step above 0, got ",
                              o.offset, " and ", o.step);
    require<invalid_argument>(o.from < o.to, "the fit window is empty: from must be below to, got ",
                              o.from, " and ", o.to);
    const double end = o.offset + o.step * static_cast<double>(channels.size() - 1);
    require<invalid_argument>(
        o.from >= o.offset - o.slack() && o.to <= end + o.slack(), "the fit window from ", o.from,
        " to ", o.to, " lies outside the energy axis, which goes from ", o.offset, " to ", end);
    require<invalid_argument>(o.from > 0,
                              "a power law needs energies above 0, the fit window "
                              "begins at ",
                              o.from, "; are offset and step right?");
}

/// The fit window as channels, and the energies of all channels.
struct energy_window
{
    std::size_t first = 0, last = 0; ///< the window's channels are [first, last)
    double log_middle = 0;           ///< logarithm of the energy that u counts from
    std::vector<double> u;
    std::vector<std::size_t> fitted; ///< unmasked channels of the window
    std::vector<double> fitted_u;

    energy_window(const power_law_background& o, const grid& channels)
    {
        check_window(o, channels);
        log_middle = std::log(o.from * o.to) / 2;
        for (std::size_t c = 0; c < channels.size(); ++c)
        {
            const double energy = o.offset + o.step * static_cast<double>(c);
            first += energy < o.from - o.slack();
            last += energy <= o.to + o.slack();
            u.push_back(std::log(std::max(energy, o.slack())) - log_middle);
        }
        for (std::size_t c = first; c < last; ++c)
            if (channels.keeps(c))
                fitted.push_back(c), fitted_u.push_back(u[c]);
        require<invalid_argument>(fitted.size() >= 3, "the fit window from ", o.from, " to ", o.to,
                                  " must hold at least 3 unmasked channels, it holds ",
                                  fitted.size(), "; widen it");
    }
};

/// The power law of one position.
template <class T>
power_law fit_position(const unfolded<T>& x, const energy_window& window,
                       const power_law_background& o, std::size_t position)
{
    std::vector<double> counts(window.fitted.size(), 0);
    const auto add = [&](std::size_t p)
    {
        for (std::size_t c = 0; c < counts.size(); ++c)
            counts[c] += static_cast<double>(x(p, window.fitted[c]));
    };
    add(position);
    const double own = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (o.neighbours > 0)
        for (const std::size_t p : neighbours(x.shape().positions, position, o.neighbours))
            add(p);
    const std::span<const double> u(window.fitted_u);
    auto law =
        o.fit == power_law_fit::log_counts ? fit_log_counts(u, counts) : fit_two_areas(u, counts);
    for (std::size_t i = 0; law.is_valid() && i < o.refinements; ++i)
        law = refined(law, u, counts);
    if (o.neighbours > 0 && law.is_valid())
    {
        law.a = 0; // the likeliest for this r: as many counts in the window as there are
        const double shape = std::transform_reduce(u.begin(), u.end(), 0.0, std::plus<>{}, law);
        law.a = own > 0 ? std::log(own / shape) : -std::numeric_limits<double>::infinity();
    }
    return law;
}

inline void require_fitted(const std::vector<power_law>& laws, const grid& positions,
                           const power_law_background& o)
{
    std::size_t count = 0, first = 0;
    for (std::size_t p = laws.size(); p-- > 0;)
        if (positions.keeps(p) && is_nan(laws[p].r))
            ++count, first = p;
    const bool logs = o.fit == power_law_fit::log_counts;
    require<invalid_data>(
        count == 0, "a power law needs counts above 0 in ", logs ? "every channel" : "both halves",
        " of the fit window; ", count, " of ", positions.kept(),
        " positions have none, the first is ", first,
        ". Bin the scan, widen the window, fit the sum over neighbours (.neighbours = ",
        o.neighbours + 1, ")", logs ? " or start from two areas (power_law_fit::two_areas)" : "",
        ", or mask the positions");
}

/// Zeros everywhere, to be filled from channel `first` on.
template <class F>
background_subtracted<F> nothing_subtracted(const unfolding& x, std::size_t first)
{
    const std::size_t m = x.channels.size();
    auto shape = x.positions.shape;
    background_subtracted<F> out{.scan = {},
                                 .amplitude = tensor<double>::from_shape(shape),
                                 .exponent = tensor<double>::from_shape(shape),
                                 .channels = tensor<bool>::from_shape({m})};
    shape.push_back(m);
    out.scan = tensor<F>::from_shape(shape);
    std::fill(out.scan.begin(), out.scan.end(), F{0});
    std::fill(out.amplitude.begin(), out.amplitude.end(), 0.0);
    std::fill(out.exponent.begin(), out.exponent.end(), 0.0);
    for (std::size_t c = 0; c < m; ++c)
        out.channels.data()[c] = c >= first && x.channels.keeps(c);
    return out;
}
}

/// Subtracts the power law A E^-r, fitted position by position in a window before an edge, from
/// there on to the end of the energy axis:
///
///     net_c = X_c - A E_c^-r.
///
/// The fit is least squares of the log counts, each weighted with its count, then `refinements`
/// steps of iteratively reweighted least squares, with weights from the model. The logarithm of a
/// count is biased by -1 / (2 count), which weights from the counts turn to +1 / (2 count); the
/// steps lead to the maximum likelihood for Poisson counts (McCullagh & Nelder 1989, Sec. 2.5),
/// which is not biased to that order and takes zero counts as they are.
///
/// Be warned before factorizing what is left (Muto & Shiga 2020, "Pre-edge background in ELNES: to
/// be or not to be"). Before the edge only noise about zero is left, and the noise of the
/// background stays in the signal. clip makes of this a positive mean of 0.4 standard deviations a
/// channel, which goes into the components; without it non-negative components are still biased
/// there. So leave clip off (hals, als and bpp take negative data), mask the channels of the window
/// (`channels`, with subtract_from::window_end), and take the weights of Poisson scaling from the
/// counts. Or do not subtract: give one component to the background, held by `decaying`.
///
/// The exponents of noisy spectra scatter. Far behind the window that error is large, and biased:
/// the background comes out too high, on the average, by the half of its relative variance. With
/// `neighbours` = s, r is fitted to the sum of the positions up to s steps away, A to the counts in
/// the position's own window.
///
/// Masked positions are zero in what is returned, masked channels too; positions first, energy
/// last, float or double (factor_value_t). X is not modified, and read twice; threads make no
/// difference. Throws invalid_argument for windows that are empty, outside the axis, at energies
/// <= 0 or below 3 unmasked channels, and for channels along more than one axis; invalid_data for
/// positions whose window has too few counts.
template <class T>
background_subtracted<factor_value_t<T>> subtract_background(const unfolded<T>& x,
                                                             const power_law_background& o)
{
    const grid& positions = x.shape().positions;
    const detail::energy_window window(o, x.shape().channels);
    std::vector<detail::power_law> laws(x.rows());
    parallel_for(x.rows(), o.threads,
                 [&](std::size_t p, std::size_t)
                 {
                     if (positions.keeps(p))
                         laws[p] = detail::fit_position(x, window, o, p);
                 });
    detail::require_fitted(laws, positions, o);

    const bool whole = o.begin == subtract_from::window_start;
    const std::size_t m = x.cols(), first = whole ? window.first : window.last;
    auto out = detail::nothing_subtracted<factor_value_t<T>>(x.shape(), first);
    parallel_for(x.rows(), o.threads,
                 [&](std::size_t p, std::size_t)
                 {
                     if (!positions.keeps(p))
                         return;
                     const auto& law = laws[p];
                     out.amplitude.data()[p] = law(-window.log_middle);
                     out.exponent.data()[p] = law.r;
                     for (std::size_t c = first; c < m; ++c)
                         if (out.channels.data()[c])
                         {
                             const double net = static_cast<double>(x(p, c)) - law(window.u[c]);
                             out.scan.data()[p * m + c] =
                                 static_cast<factor_value_t<T>>(o.clip ? std::max(net, 0.0) : net);
                         }
                 });
    return out;
}

/// The same for a tensor of which `axis`, if nothing is said the last, is the energy.
template <class E>
auto subtract_background(const E& scan, const power_law_background& o)
{
    const std::size_t axes = scan.dimension(), energy = o.axis.value_or(axes - 1);
    detail::require<invalid_argument>(
        energy < axes, "the energy axis ", energy, " is out of range: the tensor ",
        detail::shape_text(scan.shape()), " has axes 0 to ", axes - 1);
    std::vector<std::size_t> where(axes);
    std::iota(where.begin(), where.end(), std::size_t{0});
    where.erase(where.begin() + static_cast<std::ptrdiff_t>(energy));
    return subtract_background(unfold(scan, positions(where)), o);
}
}
