// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/matrix/evenly_weighted.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/svd/exact.hpp>
#include <xunmix/svd/range_finder.hpp>

// The positions as points in the space of the leading singular vectors, where endmembers are
// searched: X itself is read for the vectors only.
namespace xunmix::detail
{
/// The r leading singular vectors. Of float factors and few channels or positions from the Gram
/// matrix, summed in double: two reads of X. Else two reads of X and six more; beyond rounding
/// nothing is lost where the smaller side has at most 64 places, since all directions are kept
/// until the end.
template <class M>
truncated_svd<typename M::factor_type>
leading_directions(const M& x, std::size_t r, random_engine& engine, std::size_t threads)
{
    using F = typename M::factor_type;
    constexpr std::size_t small_side = 64, rounds = 3;
    const std::size_t side = x.shape().smaller_side(),
                      width = side <= small_side ? side : std::min(side, 2 * r + 10);
    // Double cannot hold the squares of its own digits.
    const bool sums_are_exact = std::is_same_v<F, float> && is_readable(stored_elements(x));
    const std::uint64_t seed = engine();
    auto svd = sums_are_exact && side <= small_side ? exact_svd(x, r, threads)
                                                    : range_finder(x, width, rounds, seed, threads);
    svd.keep_first(r);
    // What is drawn along them then does not depend on rounding.
    for (std::size_t j = 0; j < r; ++j)
        linalg::make_largest_positive(svd.right.column(j), svd.left.column(j));
    return svd;
}

/// Throws invalid_argument where fewer than `rank` components stand above rounding.
template <class F>
void require_rank(const truncated_svd<F>& svd, std::size_t rank, const char* who)
{
    const double rounding = 20 * static_cast<double>(std::numeric_limits<F>::epsilon()),
                 least = rounding * rounding * svd.squared_lengths[0];
    const auto above = std::count_if(svd.squared_lengths.begin(), svd.squared_lengths.end(),
                                     [&](double s) { return s > least; });
    require<invalid_argument>(static_cast<std::size_t>(above) >= rank, who, " needs data of rank ",
                              rank, " at least, and X has rank ", above, "; ask for ", above,
                              " components");
}

/// The root of a position's weight, 1 where X has no weights.
template <class M>
double root_weight(const M& x, std::size_t position)
{
    const auto weights = inner_product_of(x, side::maps).weights();
    return weights.empty() ? 1 : std::sqrt(weights[position]);
}

/// Positions as points of d coordinates, one after the other.
struct point_cloud
{
    std::size_t d = 0;
    std::vector<double> values{};
    std::vector<std::size_t> positions{};

    std::size_t size() const
    {
        return positions.size();
    }
    const double* point(std::size_t i) const
    {
        return values.data() + i * d;
    }
    double dot(std::size_t i, const std::vector<double>& direction) const
    {
        double sum = 0;
        for (std::size_t j = 0; j < d; ++j)
            sum += point(i)[j] * direction[j];
        return sum;
    }
    std::vector<double> mean() const
    {
        std::vector<double> out(d);
        for (std::size_t i = 0; i < size(); ++i)
            for (std::size_t j = 0; j < d; ++j)
                out[j] += point(i)[j] / static_cast<double>(size());
        return out;
    }
};

/// The positions of the points with these numbers.
inline std::vector<std::size_t> positions_of(const point_cloud& points,
                                             std::vector<std::size_t> numbers)
{
    for (std::size_t& i : numbers)
        i = points.positions[i];
    return numbers;
}

/// The points with one more coordinate, the same for all: as long as the longest of them.
inline point_cloud at_their_radius(const point_cloud& flat)
{
    double radius = 0;
    for (std::size_t i = 0; i < flat.size(); ++i)
        radius = std::max(radius, std::sqrt(linalg::dot(flat.point(i), flat.point(i), flat.d)));
    point_cloud out{.d = flat.d + 1, .positions = flat.positions};
    out.values.reserve(flat.size() * out.d);
    for (std::size_t i = 0; i < flat.size(); ++i)
    {
        out.values.insert(out.values.end(), flat.point(i), flat.point(i) + flat.d);
        out.values.push_back(radius);
    }
    return out;
}

/// The unmasked positions in the coordinates of the d leading right singular vectors.
template <class M, class F>
point_cloud scores(const M& x, const truncated_svd<F>& svd, std::size_t d)
{
    point_cloud out{.d = d};
    out.positions.reserve(x.shape().positions.kept());
    out.values.reserve(x.shape().positions.kept() * d);
    for (std::size_t i = 0; i < svd.left.rows(); ++i)
        if (x.shape().positions.keeps(i) && root_weight(x, i) > 0)
        {
            out.positions.push_back(i);
            for (std::size_t j = 0; j < d; ++j)
                out.values.push_back(static_cast<double>(svd.left(i, j)) *
                                     std::sqrt(svd.squared_lengths[j]));
        }
    return out;
}

/// Variance of the noise in one direction: what the directions leave of X, spread evenly over the
/// others.
template <class M, class F>
double noise_variance(const M& x, const truncated_svd<F>& svd, double squared_norm)
{
    const double n = static_cast<double>(x.shape().positions.kept()),
                 m = static_cast<double>(x.shape().channels.kept()),
                 r = static_cast<double>(svd.size()), free = (n - r) * (m - r);
    const double rest = squared_norm - svd.captured();
    // Less than this is the rounding of the sums.
    const double rounding = static_cast<double>(std::numeric_limits<F>::epsilon()) * squared_norm;
    return free > 0 && rest > rounding ? rest / free : 0;
}

/// y_i = x_i / (u^T x_i), u the mean of the points: positions of one composition become one point
/// however bright they are. Left out are positions so dark that noise is more than a fifth of y_i.
inline point_cloud projective(point_cloud x, double noise)
{
    const auto u = x.mean();
    const double size = std::sqrt(linalg::dot(u.data(), u.data(), u.size()));
    const double least = std::max(5 * std::sqrt(noise), 1e-6 * size) * size;
    std::size_t kept = 0; // in place: a large scan has as many points as positions
    for (std::size_t i = 0; i < x.size(); ++i)
        if (const double along = x.dot(i, u); along > least)
        {
            x.positions[kept] = x.positions[i];
            for (std::size_t j = 0; j < x.d; ++j)
                x.values[kept * x.d + j] = x.values[i * x.d + j] / along;
            ++kept;
        }
    x.positions.resize(kept);
    x.values.resize(kept * x.d);
    return x;
}

/// Takes from v what lies along the first `count` rows of an orthonormal basis and scales it to
/// unit length. The length it had left, relative.
inline double orthogonalize(std::vector<double>& v, const std::vector<double>& basis,
                            std::size_t count)
{
    const double before = std::sqrt(linalg::dot(v.data(), v.data(), v.size()));
    const double left = linalg::project_out(v, std::span(basis).first(count * v.size()));
    for (double& x : v)
        x *= left > 0 ? 1 / left : 0;
    return before > 0 ? left / before : 0;
}
}
