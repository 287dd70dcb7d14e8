// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <xunmix/contract/loss.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/simd.hpp>

namespace xunmix
{
/// The beta divergence of data x from the model y, as an argument of factorize for multiplicative
/// updates: 0 Itakura-Saito (gamma noise), 1 Kullback-Leibler (Poisson noise: maximum likelihood
/// for counts; with components at unit sum, unit_norm{.p = 1}, the EM algorithm of pLSI), 2 least
/// squares, and everything between (Fevotte & Idier 2011):
///
///     d(x, y) = (x^b + (b - 1) y^b - b x y^(b - 1)) / (b (b - 1)),
///     b -> 1: x log(x / y) - x + y,     b -> 0: x / y - log(x / y) - 1.
///
/// The objective is twice its sum: |X - C S^T|^2 for 2, the deviance of Poisson counts for 1; an
/// mse of 1 then means that nothing but counting noise is left. Two reads of X an iteration, never
/// an X-sized temporary; counts are read as counts. (In malspy beta counts from -1: ours minus 1.)
struct beta_divergence
{
    double beta = 1; ///< 0 to 2

    using is_loss = void;

    /// Throws invalid_argument unless 0 <= beta <= 2, invalid_data for zeros with beta = 0.
    template <class M>
    void validate(const M& x) const
    {
        detail::require<invalid_argument>(
            beta >= 0 && beta <= 2,
            "beta_divergence needs a beta from 0 (Itakura-Saito) over 1 "
            "(Kullback-Leibler) to 2 (least squares), got ",
            beta);
        detail::require<invalid_data>(
            beta > 0 || x.summary().minimum > 0,
            "the Itakura-Saito divergence (beta = 0) is infinite where X is zero, and its "
            "smallest value is ",
            x.summary().minimum, "; take a beta above 0, or add a small constant to X");
    }
    /// Whether the denominators of the multiplicative update are plain sums of the other factor.
    bool has_plain_denominators() const
    {
        return beta == 1;
    }
    /// Whether d(x, 0) is finite where x is not zero.
    bool is_finite_at_zero() const
    {
        return beta > 1;
    }
    /// Of the ratio, such that no step raises the objective (Fevotte & Idier 2011).
    double exponent() const
    {
        return beta < 1 ? 1 / (2 - beta) : 1;
    }

    /// For `count` elements: ratio = x y^(beta - 2), power = y^(beta - 1).
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio, F* power) const
    {
        if (beta == 1)
            for (std::size_t i = 0; i < count; ++i)
                ratio[i] = x[i] / y[i];
        else if (beta == 2)
            for (std::size_t i = 0; i < count; ++i)
                ratio[i] = x[i], power[i] = y[i];
        else if (beta == 0)
            for (std::size_t i = 0; i < count; ++i)
            {
                power[i] = F{1} / y[i];
                ratio[i] = x[i] * power[i] * power[i];
            }
        else
            for (std::size_t i = 0; i < count; ++i)
            {
                power[i] = std::pow(y[i], static_cast<F>(beta - 1));
                ratio[i] = x[i] * power[i] / y[i];
            }
    }

    /// Twice the sum of d(x, y) over `count` elements, from what weigh gave of them.
    template <class F>
    double value(const F* x, const F* y, std::size_t count, const F* ratio, const F* power) const
    {
        F term[loss_strip] = {};
        if (beta == 1)
            for (std::size_t i = 0; i < count; ++i)
                term[i] = x[i] * log(ratio[i] + static_cast<F>(least)) - x[i] + y[i];
        else if (beta == 2)
            for (std::size_t i = 0; i < count; ++i)
                term[i] = (x[i] - y[i]) * (x[i] - y[i]) / 2;
        else if (beta == 0)
            for (std::size_t i = 0; i < count; ++i)
                term[i] = x[i] * power[i] - log(x[i] * power[i]) - 1;
        else
            for (std::size_t i = 0; i < count; ++i)
            {
                const double b = beta, model = static_cast<double>(y[i]);
                const double lower = std::pow(model, b - 1);
                term[i] =
                    static_cast<F>((std::pow(static_cast<double>(x[i]), b) +
                                    lower * ((b - 1) * model - b * static_cast<double>(x[i]))) /
                                   (b * (b - 1)));
            }
        return 2 * sum(term);
    }

  private:
    /// Eight at a time as they are, for none is negative, and those sums in double.
    template <class F>
    static double sum(const F (&terms)[loss_strip])
    {
        constexpr std::size_t lanes = 8;
        F parts[lanes] = {};
        for (std::size_t i = 0; i < loss_strip; i += lanes)
            for (std::size_t l = 0; l < lanes; ++l)
                parts[l] += terms[i + l];
        double wide[lanes];
        std::copy_n(parts, lanes, wide);
        return simd::sum_by_halves(wide);
    }

    static constexpr float least = 1e-30F; ///< more than zero, for a logarithm multiplied by zero

    static double log(double x)
    {
        return std::log(x);
    }
    /// Natural logarithm of a positive normal number to about 1e-7, without a branch, a division or
    /// a call, so that compilers vectorise loops over it: x = 2^e (1 + f) with 1 + f from sqrt(1/2)
    /// to sqrt(2), and the logarithm of 1 + f as f - f^2 / 2 + f^3 p(f), p the polynomial of degree
    /// 8 that Cephes has for it (S. L. Moshier).
    static float log(float x)
    {
        constexpr std::int32_t root_half = 0x3f3504f3, mantissa = 0x007fffff;
        const std::int32_t bits = std::bit_cast<std::int32_t>(x) - root_half;
        const auto exponent = static_cast<float>(bits >> 23);
        const float f = std::bit_cast<float>((bits & mantissa) + root_half) - 1;
        const float f2 = f * f, f4 = f2 * f2; // in pairs, so that few products wait for others
        const float low = (3.3333331174e-1F - 2.4999993993e-1F * f) +
                          f2 * (2.0000714765e-1F - 1.6668057665e-1F * f);
        const float high = (1.4249322787e-1F - 1.2420140846e-1F * f) +
                           f2 * (1.1676998740e-1F - 1.1514610310e-1F * f) + f4 * 7.0376836292e-2F;
        return exponent * 0.69314718F + (f + f2 * (f * (low + f4 * high) - 0.5F));
    }
};
}
