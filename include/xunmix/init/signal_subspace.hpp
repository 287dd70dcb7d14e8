// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/endmembers.hpp>
#include <xunmix/init/polytope.hpp>
#include <xunmix/init/vca.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
namespace detail
{
/// The patterns of unit sum that k singular vectors can make, x = R (centre + N t): t, of k - 1
/// coordinates, is 0 for the mean of the data.
class signal_slice
{
  public:
    /// Of the singular vectors on the given side. Throws invalid_data unless the data are positive
    /// on average.
    template <class M, class F>
    signal_slice(const M& x, const truncated_svd<F>& svd, side on)
        : k_(svd.size())
    {
        const bool by_components = on == side::components;
        const auto &inner = by_components ? svd.right : svd.left,
                   &outer = by_components ? svd.left : svd.right;
        const grid &places = x.shape().of(on), &points = x.shape().of(other(on));
        const std::size_t count = places.size(), n = points.size();
        centre_.resize(k_);
        std::vector<double> sums(k_);
        rows_.resize(count * k_);
        for (std::size_t j = 0; j < k_; ++j)
        {
            const double length = std::sqrt(svd.squared_lengths[j]);
            for (std::size_t c = 0; c < count; ++c)
                sums[j] += rows_[c * k_ + j] =
                    static_cast<double>(inner(c, j)) * (by_components ? 1 : length);
            for (std::size_t i = 0; i < n; ++i)
                centre_[j] += static_cast<double>(outer(i, j)) / (by_components ? 1 : length) /
                              static_cast<double>(points.kept());
        }
        const double mean_sum = linalg::dot(centre_.data(), sums.data(), k_);
        require<invalid_data>(mean_sum > 0, "signal_subspace needs data with a positive mean; the ",
                              "part of X in ", k_, " leading directions sums to ", mean_sum,
                              " per ", by_components ? "position" : "channel");
        for (double& s : centre_)
            s /= mean_sum;
        spread_ =
            std::sqrt(static_cast<double>(k_) / static_cast<double>(points.kept())) / mean_sum;
        span_complement(sums);
    }

    std::size_t rank() const
    {
        return k_;
    }

    /// The t whose patterns are nowhere below -tolerance sigma. Where `noise` is the deviation of
    /// the data, a pattern R s has the deviation sigma = noise |s|: taken for the root mean square
    /// length that data of unit sum have. Places with less than `rounding` are left out.
    polytope non_negative(double noise, double tolerance, double rounding) const
    {
        const std::size_t d = k_ - 1, count = rows_.size() / k_;
        std::vector<double> lit(count);
        for (std::size_t c = 0; c < count; ++c)
            lit[c] = linalg::dot(rows_.data() + c * k_, rows_.data() + c * k_, k_);
        const double least = rounding * rounding * *std::max_element(lit.begin(), lit.end());
        std::vector<double> rows, bounds;
        for (std::size_t c = 0; c < count; ++c)
        {
            if (!(lit[c] > least))
                continue;
            for (std::size_t l = 0; l < d; ++l)
            {
                double sum = 0;
                for (std::size_t j = 0; j < k_; ++j)
                    sum -= rows_[c * k_ + j] * basis_[l * k_ + j];
                rows.push_back(sum);
            }
            // Where even the mean is negative, 0 would not be inside.
            bounds.push_back(std::max(linalg::dot(rows_.data() + c * k_, centre_.data(), k_) +
                                          tolerance * noise * spread_,
                                      1e-6 / static_cast<double>(count)));
        }
        return {d, rows, bounds};
    }

    /// The pattern at t.
    template <class F>
    void fill(const double* t, F* pattern) const
    {
        std::vector<double> s = centre_;
        for (std::size_t l = 0; l + 1 < k_; ++l)
            for (std::size_t j = 0; j < k_; ++j)
                s[j] += t[l] * basis_[l * k_ + j];
        for (std::size_t c = 0; c < rows_.size() / k_; ++c)
            pattern[c] = static_cast<F>(linalg::dot(rows_.data() + c * k_, s.data(), k_));
    }

  private:
    /// Orthonormal directions along which the sum of a pattern does not change: the other rows of
    /// the reflection that takes `sums` to the first axis.
    void span_complement(std::vector<double> sums)
    {
        const double size = std::sqrt(linalg::dot(sums.data(), sums.data(), k_));
        sums[0] += std::copysign(size, sums[0]);
        const double squared = linalg::dot(sums.data(), sums.data(), k_);
        for (std::size_t l = 1; l < k_; ++l)
            for (std::size_t j = 0; j < k_; ++j)
                basis_.push_back((l == j ? 1 : 0) - 2 * sums[l] * sums[j] / squared);
    }

    std::size_t k_;
    std::vector<double> rows_, centre_, basis_;
    double spread_ = 0;
};
}

/// Signal subspace sampling with vca (Spiegelberg, Muto, Ohtsuka, Pelz & Rusz 2017; Muto & Shiga
/// 2020): components where no position is pure. The k leading singular vectors span all mixtures
/// of the components, the non-negative ones among them are a cone, and where each component has a
/// channel in which it alone is not zero ("partly non-overlapping"), the edges of the cone are the
/// components. On its slice of unit sum,
///
///     {x in span(v_1 ... v_k) : x >= -tau sigma, sum x = 1},
///
/// a polytope of k - 1 dimensions, points are sampled by hit-and-run, and vertices found as the
/// farthest points along random directions (rejection sampling, as in the paper, finds next to
/// nothing beyond four components; the slice of a cone, unlike the paper's space about the mean,
/// does not want maps that sum to one). vca picks k of them.
///
/// On maps the same is done with positions and channels exchanged, for components that overlap in
/// all channels, as in EELS, but of which each has a position of its own: then the components are
/// the clipped least-squares fit to the maps that were found. Eight reads of X, and one on maps;
/// O(m k) for a step of the sampling and of the search for a vertex, O(n k) on maps.
struct signal_subspace
{
    side on = side::components;
    /// tau: how far below zero a pattern may go, in standard deviations sigma of the patterns that
    /// the model has for measured positions. Without it, of all the channels that say how far a
    /// component may go the one with the worst noise decides.
    double tolerance = 3;
    std::size_t samples =
        0;                 ///< points of hit-and-run; enough without vertices for rank 2, not for 4
    std::size_t thin = 20; ///< steps from one to the next
    std::size_t vertices = 25; ///< searches for a vertex, times k
    std::size_t draws = 20;    ///< sets of vca's random directions, see vca
    bool clip = true;          ///< as a start: negative values of components are set to zero
    double least = 0;          ///< as a start: no entry below so many means of its column, see vca

    /// An init policy: these components, the maps their clipped least-squares fit. Throws
    /// invalid_argument where X has a lower rank than is asked for, invalid_data where its mean is
    /// not positive.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        detail::start_with(*this, "signal_subspace", x, maps, components, engine, work);
    }

    /// For extract_endmembers: components of unit sum (weighted, where X has weights); no
    /// positions.
    template <class M>
    detail::found_endmembers<typename M::factor_type>
    find(const M& x, std::size_t k, random_engine& engine, typename M::workspace& work) const
    {
        using F = typename M::factor_type;
        detail::require<invalid_argument>(tolerance >= 0 && is_finite(tolerance),
                                          "signal_subspace: the tolerance is 0 or more standard "
                                          "deviations, got ",
                                          tolerance);
        detail::require<invalid_argument>(
            draws > 0 && (vertices > 0 || samples > 0),
            "signal_subspace needs vertices, or samples more than the rank, and draws of them");
        const auto svd =
            detail::leading_directions(detail::evenly_weighted<M>(x), k, engine, work.threads);
        detail::require_rank(svd, k, "signal_subspace");
        const detail::signal_slice slice(x, svd, on);
        const auto points = candidates(x, slice, svd, engine);
        const grid& places = x.shape().of(on);
        factor<F> patterns(places.size(), k);
        const auto f = patterns.view(&places);
        const auto chosen = k == 1 ? std::vector<std::size_t>{0}
                                   : detail::extreme_points(points, draws, engine, work.threads);
        for (std::size_t j = 0; j < k; ++j)
            slice.fill(points.point(chosen[j]), f.column(j).data());
        detail::weigh_by_root(inner_product_of(x, on), f, true);
        clear_masked(f);
        if (on == side::components)
            return {{}, std::move(patterns)};
        factor<F> fitted(x.cols(), k);
        detail::fit_clipped(x, side::components, factor_ref<const F>(f),
                            fitted.view(&x.shape().channels), work);
        return {{}, std::move(fitted)};
    }

  private:
    /// Samples and vertices, with a last coordinate that is the same for all: as vca wants points
    /// about their mean.
    template <class M, class F>
    detail::point_cloud candidates(const M& x, const detail::signal_slice& slice,
                                   const truncated_svd<F>& svd, random_engine& engine) const
    {
        const std::size_t k = slice.rank(), d = k - 1;
        if (k == 1)
            return {.d = 1, .values = {1}, .positions = {0}};
        const double noise = std::sqrt(detail::noise_variance(x, svd, x.squared_norm()));
        const auto inside = slice.non_negative(
            noise, tolerance, 20 * static_cast<double>(std::numeric_limits<F>::epsilon()));
        detail::point_cloud flat{.d = d, .values = inside.samples(samples, thin, engine)};
        for (std::size_t v = 0; v < vertices * k; ++v)
        {
            std::vector<double> c(d);
            detail::fill_normal(factor_ref<double>(c.data(), d, 1, d), engine);
            const auto vertex = inside.farthest_vertex(c, engine);
            flat.values.insert(flat.values.end(), vertex.begin(), vertex.end());
        }
        flat.positions.assign(flat.values.size() / d, 0);
        return detail::at_their_radius(flat);
    }
};
}
