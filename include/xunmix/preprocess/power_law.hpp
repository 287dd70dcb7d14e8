// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>

#include <xunmix/core/finite.hpp>

// Fits of A E^-r to counts, in logarithms: u = log(E / E_0) for each channel.
namespace xunmix::detail
{
/// log(counts) = a - r u, u the logarithm of the energy in units of the window's middle.
struct power_law
{
    double a = std::numeric_limits<double>::quiet_NaN();
    double r = std::numeric_limits<double>::quiet_NaN();

    bool is_valid() const
    {
        return is_finite(a) && is_finite(r);
    }
    double operator()(double u) const
    {
        return std::exp(a - r * u);
    }
    /// The a and r that minimise sum w (y - a + r u)^2, from the sums of w, w u, w u^2, w y, w u y.
    static power_law solve(double w, double wu, double wuu, double wy, double wuy)
    {
        const double determinant = w * wuu - wu * wu;
        return {(wy * wuu - wuy * wu) / determinant, (wy * wu - wuy * w) / determinant};
    }
};

/// The start by the logarithms; not valid where a count is not positive.
inline power_law fit_log_counts(std::span<const double> u, std::span<const double> counts)
{
    double w = 0, wu = 0, wuu = 0, wy = 0, wuy = 0;
    for (std::size_t c = 0; c < u.size(); ++c)
    {
        if (!(counts[c] > 0))
            return {};
        const double n = counts[c], y = std::log(n);
        w += n, wu += n * u[c], wuu += n * u[c] * u[c], wy += n * y, wuy += n * u[c] * y;
    }
    return power_law::solve(w, wu, wuu, wy, wuy);
}

/// The start by two sums, as in two-area fitting: the power law through the halves' mean counts at
/// their mean u.
inline power_law fit_two_areas(std::span<const double> u, std::span<const double> counts)
{
    const std::size_t half = u.size() / 2;
    const auto mean = [](std::span<const double> v)
    { return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size()); };
    const double n1 = mean(counts.first(half)), n2 = mean(counts.subspan(half));
    if (!(n1 > 0) || !(n2 > 0))
        return {};
    const double u1 = mean(u.first(half)), u2 = mean(u.subspan(half));
    const double r = std::log(n1 / n2) / (u2 - u1);
    return {std::log(n1) + r * u1, r};
}

/// One step of Fisher's scoring for Poisson counts: least squares of the logarithms to first order
/// about the model, weighted with the model. Stays where the step leads nowhere.
inline power_law refined(power_law p, std::span<const double> u, std::span<const double> counts)
{
    double w = 0, wu = 0, wuu = 0, g = 0, gu = 0;
    for (std::size_t c = 0; c < u.size(); ++c)
    {
        const double model = p(u[c]), excess = counts[c] - model;
        w += model, wu += model * u[c], wuu += model * u[c] * u[c], g += excess;
        gu += excess * u[c];
    }
    const auto step = power_law::solve(w, wu, wuu, g, gu);
    return step.is_valid() ? power_law{p.a + step.a, p.r + step.r} : p;
}
}
