// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/init/endmembers.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/matrix/centred.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
namespace detail
{
/// How far one point lies out along each of eight directions, packed coordinate by coordinate.
class reach_along
{
  public:
    static constexpr std::size_t lanes = 8;

    reach_along(const point_cloud& points, const double* packed)
        : points_(&points)
        , packed_(packed)
    {
    }
    /// A number for each direction.
    std::array<double, lanes> operator()(std::size_t point) const
    {
        using pack = simd::pack<double, lanes / 2>;
        pack low = pack::zero(), high = pack::zero();
        for (std::size_t j = 0; j < points_->d; ++j)
        {
            const auto x = pack::broadcast(points_->point(point)[j]);
            low.add_product(x, pack::load(packed_ + j * lanes));
            high.add_product(x, pack::load(packed_ + j * lanes + lanes / 2));
        }
        std::array<double, lanes> out;
        low.store(out.data());
        high.store(out.data() + lanes / 2);
        for (double& x : out)
            x = std::abs(x);
        return out;
    }

  private:
    const point_cloud* points_;
    const double* packed_;
};

/// The point farthest out along a direction among those looked at so far; the first of equals.
struct farthest_point
{
    std::size_t number = 0;
    double reach = -1;
};

/// Looks at the points first ... last - 1: their extremes first, and for which point it was only
/// where that is farther than any before.
inline void look_farther(const reach_along& reach, std::size_t first, std::size_t last,
                         farthest_point* best)
{
    std::array<double, reach_along::lanes> top{};
    for (std::size_t i = first; i < last; ++i)
    {
        const auto here = reach(i);
        for (std::size_t l = 0; l < top.size(); ++l)
            top[l] = here[l] > top[l] ? here[l] : top[l];
    }
    for (std::size_t l = 0; l < top.size(); ++l)
        for (std::size_t i = first; i < last && top[l] > best[l].reach; ++i)
            if (const double here = reach(i)[l]; here == top[l])
                best[l] = {i, here};
}

/// Along each of some directions the point that lies farthest out, either way; the first of equals.
/// One read of the points.
inline std::vector<std::size_t> farthest(const point_cloud& points,
                                         const std::vector<std::vector<double>>& directions,
                                         std::size_t threads)
{
    constexpr std::size_t block = 16384, group = 64, lanes = reach_along::lanes;
    const std::size_t d = points.d, count = directions.size(),
                      width = (count + lanes - 1) / lanes * lanes,
                      blocks = (points.size() + block - 1) / block;
    std::vector<double> packed(d * width); // [eight directions][coordinate][which of the eight]
    for (std::size_t a = 0; a < count; ++a)
        for (std::size_t j = 0; j < d; ++j)
            packed[(a / lanes * d + j) * lanes + a % lanes] = directions[a][j];
    std::vector<farthest_point> found(blocks * width);
    parallel_for(blocks, threads,
                 [&](std::size_t b, std::size_t)
                 {
                     const std::size_t end = std::min(points.size(), (b + 1) * block);
                     for (std::size_t i = b * block; i < end; i += group)
                         for (std::size_t a = 0; a < width; a += lanes)
                             look_farther(reach_along(points, packed.data() + a * d), i,
                                          std::min(end, i + group), found.data() + b * width + a);
                 });
    std::vector<std::size_t> out(count);
    for (std::size_t a = 0; a < count; ++a)
    {
        farthest_point best;
        for (std::size_t b = 0; b < blocks; ++b)
            if (found[b * width + a].reach > best.reach)
                best = found[b * width + a];
        out[a] = best.number;
    }
    return out;
}

/// Corners of a simplex, as numbers of points, and the logarithm of its volume up to a constant:
/// d points of d coordinates that are extreme, each along a random direction orthogonal to those
/// before it, the first along one orthogonal to the mean. Fewer where the points span fewer
/// dimensions.
class simplex
{
  public:
    std::vector<std::size_t> corners{};
    double log_volume = 0;

    /// `mean` is that of the points, d coordinates. Draws all the random numbers it may need.
    simplex(std::vector<double> mean, random_engine& engine)
        : d_(mean.size())
        , basis_(d_ * d_)
        , normals_(d_ * d_)
    {
        fill_normal(factor_ref<double>(normals_.data(), d_ * d_, 1, d_ * d_), engine);
        orthogonalize(mean, basis_, 0);
        if (d_ > 1)
            set_row(0, mean);
    }
    /// Whether a further corner is looked for.
    bool is_growing() const
    {
        return grows_ && corners.size() < d_;
    }
    /// The direction along which the next corner is looked for.
    std::vector<double> direction() const
    {
        const double* first = normals_.data() + corners.size() * d_;
        std::vector<double> f(first, first + d_);
        orthogonalize(f, basis_, std::max<std::size_t>(corners.size(), 1));
        return f;
    }
    /// Takes the point as the next corner unless it lies in the space of those there are.
    void add(const point_cloud& points, std::size_t point)
    {
        constexpr double rounding = 1e-10;
        const double* corner = points.point(point);
        std::vector<double> left(corner, corner + d_);
        const double share = orthogonalize(left, basis_, corners.size());
        grows_ = share > rounding;
        if (!grows_)
            return;
        log_volume += std::log(share * std::sqrt(linalg::dot(corner, corner, d_)));
        set_row(corners.size(), left);
        corners.push_back(point);
    }

  private:
    void set_row(std::size_t row, const std::vector<double>& v)
    {
        std::copy(v.begin(), v.end(), basis_.begin() + static_cast<std::ptrdiff_t>(row * d_));
    }

    std::size_t d_;
    std::vector<double> basis_, normals_;
    bool grows_ = true;
};

/// The largest of some simplices, which grow side by side so that each of their d corners costs one
/// read of the points. Throws invalid_argument where the points span too few dimensions.
inline std::vector<std::size_t> extreme_points(const point_cloud& points, std::size_t draws,
                                               random_engine& engine, std::size_t threads)
{
    constexpr double same = 1e-6; // as large up to rounding: the first drawn is kept
    const auto mean = points.mean();
    std::vector<simplex> drawn;
    for (std::size_t draw = 0; draw < draws; ++draw)
        drawn.emplace_back(mean, engine);
    for (std::size_t corner = 0; corner < points.d && points.size() > 0; ++corner)
    {
        std::vector<std::vector<double>> directions;
        directions.reserve(draws);
        for (const simplex& next : drawn)
            directions.push_back(next.is_growing() ? next.direction()
                                                   : std::vector<double>(points.d));
        const auto found = farthest(points, directions, threads);
        for (std::size_t draw = 0; draw < draws; ++draw)
            if (drawn[draw].is_growing())
                drawn[draw].add(points, found[draw]);
    }
    const simplex* best = &drawn.front();
    for (const simplex& next : drawn)
        if (next.corners.size() > best->corners.size() ||
            (next.corners.size() == best->corners.size() &&
             next.log_volume > best->log_volume + same))
            best = &next;
    require<invalid_argument>(best->corners.size() == points.d, "vca found only ",
                              best->corners.size(), " endmembers that differ, and was asked for ",
                              points.d, "; ask for fewer, or look at the masks");
    return best->corners;
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
        return detail::model_rows(x, svd, {}, chosen(points, draws, engine, work.threads), k);
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
                                           random_engine& engine, std::size_t threads)
    {
        return detail::positions_of(points, detail::extreme_points(points, draws, engine, threads));
    }

    template <class M>
    static detail::found_endmembers<typename M::factor_type>
    find_about_mean(const M& x, std::size_t k, std::size_t draws, random_engine& engine,
                    typename M::workspace& work)
    {
        const centred y(detail::evenly_weighted<M>(x), work.threads);
        const auto svd = detail::leading_directions(y, k - 1, engine, work.threads);
        const auto points = detail::at_their_radius(detail::scores(x, svd, k - 1));
        return detail::model_rows(x, svd, y.mean(), chosen(points, draws, engine, work.threads),
                                  k - 1);
    }
};
}
