// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/endmembers.hpp>
#include <xunmix/svd/centred.hpp>

namespace xunmix
{
namespace detail
{
/// The point farthest out along a direction, either way; the first of equals.
inline std::size_t farthest(const point_cloud& points, const std::vector<double>& direction)
{
    std::size_t best = 0;
    double reach = -1;
    for (std::size_t i = 0; i < points.size(); ++i)
        if (const double r = std::abs(points.dot(i, direction)); r > reach)
            reach = r, best = i;
    return best;
}

/// Corners of a simplex, as numbers of points, and the logarithm of its volume up to a constant.
struct simplex
{
    std::vector<std::size_t> corners{};
    double log_volume = 0;
};

/// Vertex component analysis proper: d points of d coordinates that are extreme, each along a
/// random direction orthogonal to those before it, the first along one orthogonal to the mean
/// `axis`. Fewer where the points span fewer dimensions.
inline simplex draw_simplex(const point_cloud& points, std::vector<double> axis,
                            random_engine& engine)
{
    constexpr double rounding = 1e-10;
    const std::size_t d = points.d;
    std::vector<double> basis(d * d);
    const auto set_row = [&](std::size_t row, const std::vector<double>& v)
    { std::copy(v.begin(), v.end(), basis.begin() + static_cast<std::ptrdiff_t>(row * d)); };
    orthogonalize(axis, basis, 0);
    if (d > 1)
        set_row(0, axis);
    simplex out;
    while (out.corners.size() < d)
    {
        const std::size_t found = out.corners.size();
        std::vector<double> f(d);
        fill_normal(factor_ref<double>(f.data(), d, 1, d), engine);
        orthogonalize(f, basis, std::max<std::size_t>(found, 1));
        const double* corner = points.point(farthest(points, f));
        std::vector<double> left(corner, corner + d);
        const double share = orthogonalize(left, basis, found);
        if (!(share > rounding))
            break;
        out.log_volume += std::log(share * std::sqrt(small::dot(corner, corner, d)));
        out.corners.push_back(static_cast<std::size_t>(corner - points.values.data()) / d);
        set_row(found, left);
    }
    return out;
}

/// The largest of some simplices. Throws invalid_argument where the points span too few dimensions.
inline std::vector<std::size_t> extreme_points(const point_cloud& points, std::size_t draws,
                                               random_engine& engine)
{
    constexpr double same = 1e-6; // as large up to rounding: the first drawn is kept
    const auto mean = points.mean();
    simplex best;
    for (std::size_t draw = 0; draw < draws && points.size() > 0; ++draw)
    {
        auto next = draw_simplex(points, mean, engine);
        if (next.corners.size() > best.corners.size() ||
            (next.corners.size() == best.corners.size() &&
             next.log_volume > best.log_volume + same))
            best = std::move(next);
    }
    require<invalid_argument>(best.corners.size() == points.d, "vca found only ",
                              best.corners.size(), " endmembers that differ, and was asked for ",
                              points.d, "; ask for fewer, or look at the masks");
    return best.corners;
}
}

/// Which space the positions are projected to before vca looks for extremes.
enum class vca_projection
{
    automatic,  ///< by the signal-to-noise ratio, against 15 + 10 log10(k) dB
    projective, ///< x / (u^T x) of k leading directions: brightness does not count
    affine      ///< k - 1 leading directions about the mean: less noise, but bright positions win
};

/// Vertex component analysis (Nascimento & Dias 2005): where every component is pure at some
/// position, the rows of X lie in a simplex with those positions at its corners, and corners are
/// what is farthest out along directions. The components are what the leading directions say of
/// the purest positions, so with less noise than was measured there.
///
/// The signal-to-noise ratio is 10 log10((P_x - k/m P_y) / (P_y - P_x)), P_y = |X|^2 / n and P_x
/// the share of the k leading directions of X itself (in the paper: of the mean and k directions
/// about it). Eight reads of X, and nine more for the affine projection. For rank 1 the position
/// that is brightest along the leading direction.
struct vca
{
    vca_projection projection = vca_projection::automatic;
    std::size_t draws = 10; ///< sets of random directions; of their simplices the largest is taken
    bool clip = true;       ///< as a start: negative values of components are set to zero
    double least = 0;       ///< as a start: no entry of either factor is below so many means of its
                            ///< column; multiplicative updates, which never leave a zero, want 0.01

    /// An init policy: these components, the maps their clipped least-squares fit. Throws
    /// invalid_argument where X has a lower rank than is asked for.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        detail::start_with(*this, "vca", x, maps, components, engine, work);
    }

    /// For extract_endmembers.
    template <class M>
    detail::found_endmembers<typename M::factor_type>
    find(const M& x, std::size_t k, random_engine& engine, typename M::workspace& work) const
    {
        detail::require<invalid_argument>(draws > 0,
                                          "vca needs at least one draw of directions, got 0");
        const detail::evenly_weighted<M> plain(x);
        const auto svd = detail::leading_directions(plain, k, engine, work.threads);
        detail::require_rank(svd, k, "vca");
        const double noise = detail::noise_variance(x, svd, x.squared_norm());
        const bool about_mean =
            projection == vca_projection::affine ||
            (projection == vca_projection::automatic &&
             signal_to_noise(x, svd) < 15 + 10 * std::log10(static_cast<double>(k)));
        if (k > 1 && about_mean)
            return find_about_mean(x, k, draws, engine, work);
        auto points = detail::scores(x, svd, k);
        if (k > 1)
            points = detail::projective(std::move(points), noise);
        return detail::model_rows(x, svd, {}, chosen(points, draws, engine), k);
    }

    /// The estimate in dB from the k leading directions of X; infinity where nothing is left over.
    template <class M, class F>
    static double signal_to_noise(const M& x, const truncated_svd<F>& svd)
    {
        const double all = x.squared_norm(), signal = svd.captured(),
                     share = static_cast<double>(svd.size()) /
                             static_cast<double>(x.shape().channels.kept());
        if (!(detail::noise_variance(x, svd, all) > 0))
            return std::numeric_limits<double>::infinity();
        return 10 * std::log10(std::max(0.0, signal - share * all) / (all - signal));
    }

  private:
    static std::vector<std::size_t> chosen(const detail::point_cloud& points, std::size_t draws,
                                           random_engine& engine)
    {
        return detail::positions_of(points, detail::extreme_points(points, draws, engine));
    }

    template <class M>
    static detail::found_endmembers<typename M::factor_type>
    find_about_mean(const M& x, std::size_t k, std::size_t draws, random_engine& engine,
                    typename M::workspace& work)
    {
        const centred y(detail::evenly_weighted<M>(x), work.threads);
        const auto svd = detail::leading_directions(y, k - 1, engine, work.threads);
        const auto points = detail::at_their_radius(detail::scores(x, svd, k - 1));
        return detail::model_rows(x, svd, y.mean(), chosen(points, draws, engine), k - 1);
    }
};
}
