// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/contract/hooks.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/nearest_decay.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// What a curve that decays may look like.
enum class decay
{
    monotone, ///< f_1 >= f_2 >= ... >= 0: steps and level stretches are allowed
    convex    ///< and ever less steeply, as A E^-r does: no edge, no step, no ripple is left
};

/// One component is a smooth, monotonically decaying background: among all k columns the one with
/// the number `component` becomes the nearest curve
///
///     S_j <- argmin |f - S_j|^2  with  f_1 >= f_2 >= ... >= f_m >= 0,  and f convex,
///
/// along the channels, with their weights where they have some; the others stay as they are. This
/// is the constraint that Muto & Shiga (2020), near Eq. (15), put on the pre-edge background of
/// EELS instead of subtracting it: the counts stay counts, and noise is not cut off at zero.
///
/// Both sets are convex cones, and both projections exact: pool adjacent violators for monotone, an
/// active set of knots for convex. Non-negativity is part of them, so non_negative for the other
/// components goes after it: on_components(decaying{}, non_negative{}) is a descent pair in hals,
/// and non_negative changes nothing of what is projected. The other way round negative values would
/// be clipped before the curve is fitted to them, and the objective might rise. Penalties on the
/// components (sparse, smooth) go before it without being exact beside it.
///
/// Masked channels are skipped; the curve runs on across them. No channel is bent where the data
/// does not ask for it, but the shares of the components are only as unique as the data makes them:
/// a decaying part of another component may end up here.
///
/// The component cannot change places with another, so that there are minima in which it is fitted
/// to where an edge is, and another component to the background. Take the best of several starts,
/// or start it as the power law fitted before the edge (given, subtract_background).
struct decaying
{
    static constexpr bool keeps_order = true;
    static constexpr bool knows_weights = true;

    std::size_t component = 0;
    decay shape = decay::convex;
    std::span<const double> weights = {}; ///< of the channels, those of the data: prepare() sets it

    /// Throws invalid_argument for a component that does not exist, and for channels that are not
    /// one axis.
    void validate(const grid& places, std::size_t rank) const
    {
        detail::require<invalid_argument>(component < rank, "decaying needs a component below ",
                                          rank, ", the number of components, got ", component);
        detail::require<invalid_argument>(
            places.shape.size() == 1,
            "decaying needs channels along one axis, spectra; these have the shape ",
            detail::shape_text(places.shape), ", in which no direction is the one to decay in");
    }
    /// Remembers the channels' weights.
    template <class T>
    void prepare(factor_ref<const T>, const surroundings& around)
    {
        weights = around.product.weights();
    }
    template <class T>
    void project(factor_ref<T> f) const
    {
        prox_column(f, component, T{});
    }
    /// What is not a number stays, for the solver to see. Throws invalid_argument for a part of the
    /// column, which does not know the curve.
    template <class T>
    void prox_column(factor_ref<T> f, std::size_t j, T) const
    {
        if (j != component)
            return;
        detail::require<invalid_argument>(
            f.is_whole(), "decaying needs whole components, but smooth and sparse together move "
                          "single channels in hals; leave one of the two out");
        const auto column = f.column(j);
        std::vector<double> x, y, w;
        for (std::size_t i = 0; i < column.size(); ++i)
            if (f.keeps(i))
            {
                if (!is_finite(column[i]))
                    return;
                x.push_back(static_cast<double>(i));
                y.push_back(static_cast<double>(column[i]));
                w.push_back(weights.empty() ? 1.0 : weights[i]);
            }
        if (x.empty())
            return;
        // A channel without weight may be anything, but the curve goes through it.
        const double least = 1e-12 * *std::max_element(w.begin(), w.end());
        for (double& weight : w)
            weight = std::max(weight, least);
        if (shape == decay::monotone)
            detail::pool_rising(y, w);
        else
            y = detail::convex_decay(x, y, w).solve();
        for (std::size_t k = 0; k < x.size(); ++k)
        {
            y[k] = std::max(k == 0 ? y[k] : std::min(y[k], y[k - 1]), 0.0); // whatever was rounded
            column[static_cast<std::size_t>(x[k])] = static_cast<T>(y[k]);
        }
    }
};
}
