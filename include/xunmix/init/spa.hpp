// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/endmembers.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
namespace detail
{
/// d points, each the one with the longest part orthogonal to those before it; of those that are
/// as long up to rounding, the one that was longest to begin with (Gillis & Vavasis 2014,
/// Algorithm 1, whose residuals are not kept: only their lengths change).
inline std::vector<std::size_t> successive_projections(const point_cloud& points)
{
    constexpr double rounding = 1e-10, tie = 1e-6;
    const std::size_t d = points.d;
    std::vector<double> whole, basis(d * d);
    for (std::size_t i = 0; i < points.size(); ++i)
        whole.push_back(linalg::dot(points.point(i), points.point(i), d));
    std::vector<double> rest = whole;
    std::vector<std::size_t> found;
    for (std::size_t e = 0; e < d && !rest.empty(); ++e)
    {
        const double longest = *std::max_element(rest.begin(), rest.end());
        std::size_t best = rest.size();
        for (std::size_t i = 0; i < rest.size(); ++i)
            if (rest[i] >= (1 - tie) * longest && (best == rest.size() || whole[i] > whole[best]))
                best = i;
        std::vector<double> q(points.point(best), points.point(best) + d);
        if (!(orthogonalize(q, basis, e) > rounding))
            break;
        found.push_back(best);
        std::copy(q.begin(), q.end(), basis.begin() + static_cast<std::ptrdiff_t>(e * d));
        for (std::size_t i = 0; i < rest.size(); ++i)
        {
            const double along = points.dot(i, q);
            rest[i] = std::max(0.0, rest[i] - along * along);
        }
    }
    require<invalid_argument>(found.size() == d, "spa found only ", found.size(),
                              " endmembers that differ, and was asked for ", d,
                              "; ask for fewer, or look at the masks");
    return found;
}
}

/// The successive projection algorithm (Gillis & Vavasis 2014): the row of X with the longest part
/// orthogonal to the rows chosen before, k times. Where every component is pure at some position,
/// those are what it finds, and with bounded noise positions near them. Deterministic up to the
/// random start of the singular vectors.
///
/// It works on the coordinates of the rows in the k leading directions of X, which keep what k
/// components can say and leave out most of the noise: eight reads of X, and none for a component.
/// The theorem wants maps that sum to one at most; measured scans have bright and dark positions,
/// so rows are first scaled to one brightness, unless `projective` is false.
struct spa
{
    bool projective = true; ///< x / (u^T x), u the mean, before distances are compared
    bool clip = true;       ///< as a start: negative values of components are set to zero
    double least = 0;       ///< as a start: no entry below so many means of its column, see vca

    /// An init policy: these components, the maps their clipped least-squares fit. Throws
    /// invalid_argument where X has a lower rank than is asked for.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        detail::start_with(*this, "spa", x, maps, components, engine, work);
    }

    /// For extract_endmembers.
    template <class M>
    detail::found_endmembers<typename M::factor_type>
    find(const M& x, std::size_t k, random_engine& engine, typename M::workspace& work) const
    {
        const detail::evenly_weighted<M> plain(x);
        const auto svd = detail::leading_directions(plain, k, engine, work.threads);
        detail::require_rank(svd, k, "spa");
        auto points = detail::scores(x, svd, k);
        if (projective && k > 1)
            points = detail::projective(std::move(points),
                                        detail::noise_variance(x, svd, x.squared_norm()));
        return detail::model_rows(
            x, svd, {}, detail::positions_of(points, detail::successive_projections(points)), k);
    }
};
}
