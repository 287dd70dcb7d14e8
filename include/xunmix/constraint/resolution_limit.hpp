// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/low_pass.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Maps without detail finer than the instrument resolves: no spatial frequencies beyond a cut-off,
/// and no negative values. Kimoto 2025 shows the limit as a circle in the Fourier transforms of
/// maps (Fig. 1); the filter's shape, its borders and where it acts are not published, and the
/// choices here are ours.
///
/// A hard constraint on the sum of two convex sets: each round filters every map, borders
/// mirrored, then clips at zero, which brings back a little beyond the cut-off. More rounds leave
/// less of it; with Dykstra's corrections (Boyle & Dykstra 1986) they lead to the nearest map that
/// keeps both, without them to some such map. Exact for the hard window, whose filter is a
/// projection. Works on maps of any number of axes and any size; masked positions count as zeros.
///
/// An iteration may raise the objective: the best iterate is kept.
struct resolution_limit
{
    static constexpr bool in_orthant = true;

    double cutoff = 0; ///< q_c, cycles a position: 0 < q_c <= 0.5, the Nyquist frequency
    frequency_window window = frequency_window::cosine;
    double edge = 0.3;       ///< share of q_c over which the cosine window falls
    std::size_t rounds = 2;  ///< filter and clip, so many times
    bool corrections = true; ///< Dykstra's

    /// The limit of an instrument that resolves `distance`, where neighbouring positions are `step`
    /// apart, in the same unit: q_c = step / distance. distance is 1 / (largest frequency), as in
    /// the diameter of a probe; at least two steps.
    static resolution_limit resolving(double distance, double step = 1)
    {
        detail::require<invalid_argument>(
            step > 0 && distance >= 2 * step && is_finite(distance),
            "a resolution must be finite and at least two steps of the scan, ", 2 * step, ", got ",
            distance, ": a scan with steps of ", step, " shows no finer detail");
        return {.cutoff = step / distance};
    }

    /// Throws invalid_argument for a cut-off of 0 or above the Nyquist frequency, an edge outside 0
    /// to 1, or no rounds.
    void validate(const grid& places, std::size_t) const
    {
        using detail::require;
        require<invalid_argument>(
            cutoff > 0 && cutoff <= 0.5,
            "resolution_limit needs a cutoff above 0 and at most 0.5 cycles a "
            "position, the Nyquist frequency, got ",
            cutoff);
        require<invalid_argument>(edge >= 0 && edge <= 1,
                                  "resolution_limit needs an edge between 0 and 1, got ", edge);
        require<invalid_argument>(rounds >= 1, "resolution_limit needs at least one round, got 0");
        require<invalid_argument>(!places.shape.empty(),
                                  "resolution_limit needs a factor that is an image; this one has "
                                  "no shape");
    }

    template <class T>
    void project(factor_ref<T> f) const
    {
        detail::low_pass<T> filter(f.shape(), cutoff, window, edge);
        std::vector<T> correction(corrections && rounds > 1 ? f.rows() : 0);
        for (auto map : f.columns())
        {
            std::fill(correction.begin(), correction.end(), T{0});
            for (std::size_t round = 0; round < rounds; ++round)
            {
                filter(map);
                clip(map, std::span<T>(correction));
            }
        }
    }

  private:
    /// Clips at zero what the last clipping has been corrected by, and remembers the difference.
    template <class T>
    static void clip(std::span<T> map, std::span<T> correction)
    {
        for (std::size_t i = 0; i < map.size(); ++i)
        {
            const T wanted = correction.empty() ? map[i] : map[i] + correction[i];
            map[i] = std::max(wanted, T{0});
            if (!correction.empty())
                correction[i] = wanted - map[i];
        }
    }
};

/// Share of an image's power, its mean left out, at frequencies above `cutoff` (cycles a position),
/// borders mirrored: noise that no instrument of that resolution can have measured. 0 for a
/// constant image. Throws invalid_argument where the shape does not fit.
template <class T>
double out_of_band_power(std::span<const T> image, std::span<const std::size_t> shape,
                         double cutoff)
{
    const std::size_t places = grid{{shape.begin(), shape.end()}, {}}.size();
    detail::require<invalid_argument>(places == image.size(), "an image of shape ",
                                      detail::shape_text(shape), " has ", places, " values, got ",
                                      image.size());
    const std::vector<double> values(image.begin(), image.end());
    detail::low_pass<double> whole(shape, 0.5, frequency_window::hard, 0);
    const auto terms = whole.transform(values);
    double all = 0, beyond = 0;
    for (std::size_t t = 1; t < terms.size(); ++t)
    {
        const double power = terms[t] * terms[t];
        all += power;
        if (whole.frequency(t) > cutoff * (1 + 1e-12))
            beyond += power;
    }
    return all > 0 ? beyond / all : 0;
}
}
