// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/svd/range_finder.hpp>

// Noise whose variance is not the same everywhere, for where its singular values end.
namespace xunmix
{
/// The variance of noise as a_i b_c, a share of each position and one of each channel: of mean 1,
/// without those that are masked or dark.
struct noise_shares
{
    std::vector<double> positions{}, channels{};
};

namespace detail
{
/// |row|^2 of each position and each channel; 0 where masked. One read of X.
template <class M>
noise_shares squared_lengths(const M& x, std::size_t threads)
{
    const side stored = x.sweep_side();
    const grid &rows = x.shape().of(stored), &columns = x.shape().of(other(stored));
    std::vector<double> by_row(rows.size()), chunks(M::read_chunks * columns.size());
    typename M::workspace work{};
    work.threads = threads;
    x.read(
        [&](const auto& group)
        {
            double* by_column = chunks.data() + group.chunk * columns.size();
            for (std::size_t r = 0; r < group.count; ++r)
                for (std::size_t c = 0; c < columns.size(); ++c)
                {
                    const auto value = static_cast<double>(group.values[r][c]);
                    const double square = columns.keeps(c) ? value * value : 0;
                    by_row[group.rows[r]] += square;
                    by_column[c] += square;
                }
        },
        work);
    std::vector<double> by_column(columns.size());
    for (std::size_t i = 0; i < chunks.size(); ++i)
        by_column[i % columns.size()] += chunks[i];
    return stored == side::maps ? noise_shares{std::move(by_row), std::move(by_column)}
                                : noise_shares{std::move(by_column), std::move(by_row)};
}

/// What the first k components leave of these squared lengths, as shares of mean 1; zeros are left
/// out. |C_j|^2 is `captured`[j], and place i has part `parts`[j][i] of it. That part took noise
/// away, too: so much less freedom is left. Shares that scatter no more than sums of `freedom`
/// squares of even noise are drawn together.
inline std::vector<double> shares_of(const std::vector<double>& squares,
                                     std::span<const std::vector<double>> parts,
                                     const std::vector<double>& captured, double freedom)
{
    std::vector<double> out;
    for (std::size_t i = 0; i < squares.size(); ++i)
    {
        if (!(squares[i] > 0))
            continue;
        double left = squares[i], free = 1;
        for (std::size_t j = 0; j < parts.size(); ++j)
        {
            left -= captured[j] * parts[j][i];
            free -= parts[j][i];
        }
        constexpr double rounding = 1e-6;
        out.push_back(free > rounding && left > rounding * squares[i] ? left / free : 0);
    }
    const double count = static_cast<double>(out.size()),
                 mean = std::accumulate(out.begin(), out.end(), 0.0) / count;
    if (!(mean > 0))
        return std::vector<double>(out.size(), 1);
    double variance = 0;
    for (double& share : out)
    {
        share /= mean;
        variance += (share - 1) * (share - 1) / count;
    }
    const double by_chance = 2 / freedom,
                 genuine = std::sqrt(std::max(0.0, 1 - by_chance / std::max(variance, by_chance)));
    for (double& share : out)
        share = 1 + genuine * (share - 1);
    return out;
}

/// v_i^2 / |v|^2 of each column v.
template <class F>
std::vector<std::vector<double>> squared_parts(const factor<F>& vectors)
{
    const std::size_t size = vectors.rows();
    std::vector<std::vector<double>> out(vectors.rank(), std::vector<double>(size));
    for (std::size_t j = 0; j < vectors.rank(); ++j)
    {
        const auto v = vectors.column(j);
        const double whole = linalg::dot(v.data(), v.data(), size);
        for (std::size_t i = 0; i < size && whole > 0; ++i)
            out[j][i] = static_cast<double>(v[i]) * static_cast<double>(v[i]) / whole;
    }
    return out;
}

/// Of noise with variances a_i b_c: lambda for which the equations of its resolvent on the real
/// line,
///
///     u = sum_i a_i / (lambda - a_i v),   v = sum_c b_c / (lambda - b_c u),
///
/// have this v. The right-hand side of the second falls as lambda grows.
inline double lambda_of(double v, std::span<const double> a, std::span<const double> b)
{
    const double most_a = *std::max_element(a.begin(), a.end()),
                 most_b = *std::max_element(b.begin(), b.end());
    const auto sum = [](std::span<const double> shares, double lambda, double other)
    {
        double out = 0;
        for (const double share : shares)
            out += share / (lambda - share * other);
        return out;
    };
    const auto is_low = [&](double lambda)
    {
        if (lambda <= most_a * v)
            return true;
        const double u = sum(a, lambda, v);
        return lambda <= most_b * u || sum(b, lambda, u) > v;
    };
    double low = most_a * v, high = 2 * low;
    while (is_low(high))
        low = high, high *= 2;
    constexpr double precision = 1e-9;
    while (high - low > precision * high)
        (is_low((low + high) / 2) ? low : high) = (low + high) / 2;
    return high;
}
}

/// Where the singular values of large noise with variances a_i b_c end: the smallest lambda at
/// which the equations of the resolvent (detail::lambda_of) have a real solution, which for even
/// noise is sqrt(n) + sqrt(m) (marchenko_pastur_edge). Shares are not negative, some above zero.
inline double uneven_noise_edge(std::span<const double> a, std::span<const double> b)
{
    // Golden section for the v of the smallest lambda, which has no other minimum.
    constexpr double ratio = 0.6180339887498949, reach = 1e3;
    // Where v lies for even noise.
    const double middle =
        std::sqrt(std::accumulate(b.begin(), b.end(), 0.0) * static_cast<double>(a.size()) /
                  std::accumulate(a.begin(), a.end(), 0.0));
    const auto lambda = [&](double log_v) { return detail::lambda_of(std::exp(log_v), a, b); };
    double low = std::log(middle / reach), high = std::log(middle * reach);
    double left = high - ratio * (high - low), right = low + ratio * (high - low);
    double at_left = lambda(left), at_right = lambda(right);
    constexpr double precision = 1e-4; // of lambda: its square
    while (high - low > precision)
        if (at_left < at_right)
        {
            high = right, right = left, at_right = at_left;
            left = high - ratio * (high - low), at_left = lambda(left);
        }
        else
        {
            low = left, left = right, at_left = at_right;
            right = low + ratio * (high - low), at_right = lambda(right);
        }
    return std::min(at_left, at_right);
}

/// How uneven the noise in X is: what its leading components leave of each place's squared length,
/// less the scatter that even noise has by chance. One read of X.
class uneven_noise
{
  public:
    /// `svd` are the leading singular vectors of X.
    template <class M>
    uneven_noise(const M& x, const truncated_svd<typename M::factor_type>& svd,
                 std::size_t threads = 0)
        : squares_(detail::squared_lengths(x, threads))
        , captured_(svd.squared_lengths)
        , positions_(detail::squared_parts(svd.left))
        , channels_(detail::squared_parts(svd.right))
        , kept_(x.shape().positions.kept(), x.shape().channels.kept())
    {
    }

    /// With the first k components taken off, k less than n and m.
    noise_shares shares(std::size_t k) const
    {
        const auto [n, m] = kept_;
        return {detail::shares_of(squares_.positions, std::span(positions_).first(k), captured_,
                                  static_cast<double>(m - k)),
                detail::shares_of(squares_.channels, std::span(channels_).first(k), captured_,
                                  static_cast<double>(n - k))};
    }
    /// How many times farther out such noise ends than even noise of the same mean variance.
    double raises_edge(std::size_t k) const
    {
        const noise_shares s = shares(k);
        return uneven_noise_edge(s.positions, s.channels) /
               marchenko_pastur_edge(s.positions.size(), s.channels.size());
    }

  private:
    noise_shares squares_;
    std::vector<double> captured_;
    std::vector<std::vector<double>> positions_, channels_; ///< a component after the other
    std::pair<std::size_t, std::size_t> kept_;
};

/// How many singular values stand clear of normal noise with variances a_i b_c, neither known. As
/// if it were even first (gaussian_noise_edge); then the weakest component counted is put back,
/// again and again, as long as it could be noise as uneven as what is there with it. Looks at
/// `highest` components at most, and not beyond those of `noise`.
inline edge_count uneven_gaussian_edge(const spectrum& s, std::size_t highest,
                                       const uneven_noise& noise)
{
    const auto with_off = [&](std::size_t k)
    { return gaussian_noise_edge(s, highest, noise.raises_edge(k)); };
    edge_count around = gaussian_noise_edge(s, highest);
    std::size_t k = around.rank;
    if (k > 0 && k < s.smaller_side())
        around = with_off(k);
    for (; k > 0; --k)
    {
        edge_count put_back = with_off(k - 1);
        if (put_back.rank >= k) // it stands; the edges to tell of are those of the noise around it
            return around.rank == k ? around : put_back;
        around = std::move(put_back);
    }
    return around;
}
}
