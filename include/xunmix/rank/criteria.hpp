// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>

// How many components, from the spectrum of X alone.
namespace xunmix
{
/// The leading squared singular values of a matrix and what else a criterion needs of it. Where X
/// has weights, all of W^(1/2) X V^(1/2).
struct spectrum
{
    std::vector<double> values{}; ///< sigma_j^2, the largest first; need not be all
    double total = 0;             ///< |X|^2, the sum of all min(n, m) of them
    std::size_t positions = 0;    ///< n, those without a mask and with a signal
    std::size_t channels = 0;     ///< m, likewise

    std::size_t smaller_side() const
    {
        return std::min(positions, channels);
    }
    /// n m
    double entries() const
    {
        return static_cast<double>(positions) * static_cast<double>(channels);
    }
    /// What the `rank` leading components leave of |X|^2, the sum of the other values. Throws
    /// invalid_argument for a rank beyond the values known.
    double residual(std::size_t rank) const
    {
        detail::require<invalid_argument>(rank <= values.size(), "the residual of rank ", rank,
                                          " needs as many singular values, got ", values.size());
        double rest = total;
        for (std::size_t j = 0; j < rank; ++j)
            rest -= values[j];
        return std::max(rest, 0.0);
    }
    /// The free numbers of a model of this rank, k (n + m - k).
    double parameters(std::size_t rank) const
    {
        const double k = static_cast<double>(rank);
        return k * (static_cast<double>(positions) + static_cast<double>(channels) - k);
    }
};

/// The number of components before the elbow of the scree: of the points (j, ln sigma_j^2) the one
/// farthest below the straight line from the first to the last starts the floor (Satopaa et al.
/// 2011; HyperSpy's estimate_elbow_position). At most the first `most` values count, and only those
/// above zero. Throws invalid_argument for fewer than three.
inline std::size_t scree_elbow(const std::vector<double>& values, std::size_t most = 20)
{
    std::vector<double> logs;
    for (const double x : values)
        if (x > 0 && logs.size() < most)
            logs.push_back(std::log(x));
    detail::require<invalid_argument>(
        logs.size() >= 3, "an elbow needs at least three values above zero, got ", logs.size());
    const double dx = static_cast<double>(logs.size() - 1), dy = logs.back() - logs.front();
    std::size_t elbow = 0;
    double farthest = 0;
    for (std::size_t j = 0; j < logs.size(); ++j)
        if (const double below = dy * static_cast<double>(j) - dx * (logs[j] - logs.front());
            below > farthest)
            farthest = below, elbow = j;
    return std::max<std::size_t>(elbow, 1);
}

/// Malinowski's indicator function (Anal. Chem. 49 (1977) 612), least at the number of components
/// where the noise is even: with c = min(n, m), r = max(n, m),
///
///     IND(k) = sqrt(sum_(j > k) sigma_j^2 / (r (c - k))) / (c - k)^2
///
/// Infinite from k = c on.
inline double indicator(const spectrum& s, std::size_t rank)
{
    const std::size_t c = s.smaller_side();
    if (rank >= c)
        return std::numeric_limits<double>::infinity();
    const double left = static_cast<double>(c - rank),
                 longer = static_cast<double>(std::max(s.positions, s.channels));
    return std::sqrt(s.residual(rank) / (longer * left)) / (left * left);
}

/// Whether the noise's variance is known, as that of counts is.
enum class variance
{
    unknown, ///< the same for all elements, estimated from what the model leaves
    one      ///< 1 for every element: Poisson-scaled counts
};

/// -2 ln L of the k leading components for normal noise, but for a constant:
/// n m ln(RSS / (n m)), or RSS where the variance is one.
inline double deviance(const spectrum& s, std::size_t rank, variance v)
{
    const double rss = s.residual(rank);
    return v == variance::one ? rss : s.entries() * std::log(rss / s.entries());
}
/// Akaike's information criterion (1974), deviance + 2 p with p = k (n + m - k); the least is best.
inline double aic(const spectrum& s, std::size_t rank, variance v)
{
    return deviance(s, rank, v) + 2 * s.parameters(rank);
}
/// Schwarz's criterion (1978), deviance + p ln(n m).
inline double bic(const spectrum& s, std::size_t rank, variance v)
{
    return deviance(s, rank, v) + s.parameters(rank) * std::log(s.entries());
}

/// The largest singular value of n x m independent numbers of mean 0 and variance 1, sqrt(n) +
/// sqrt(m) (Marchenko & Pastur 1967), for large n and m.
inline double marchenko_pastur_edge(std::size_t n, std::size_t m)
{
    return std::sqrt(static_cast<double>(n)) + std::sqrt(static_cast<double>(m));
}
/// By how much it scatters, one standard deviation (Tracy & Widom; Johnstone 2001).
inline double marchenko_pastur_scatter(std::size_t n, std::size_t m)
{
    constexpr double tracy_widom = 1.268; // standard deviation for real numbers
    return tracy_widom / 2 *
           std::cbrt(1 / std::sqrt(static_cast<double>(n)) + 1 / std::sqrt(static_cast<double>(m)));
}

/// The noise's standard deviation when k components are taken off: RSS over its degrees of freedom,
/// (n - k)(m - k).
inline double noise_level(const spectrum& s, std::size_t rank)
{
    const double freedom =
        static_cast<double>(s.positions - rank) * static_cast<double>(s.channels - rank);
    return rank < s.smaller_side() ? std::sqrt(s.residual(rank) / freedom) : 0;
}

/// Where the noise's singular values end, and what stands above.
struct edge_count
{
    std::size_t rank = 0;  ///< components that stand clear of the edge
    bool is_faint = false; ///< the next one is above the edge too, though not clear of it
    bool is_open = false;  ///< the next one is clear too: the search ended before the components
    std::vector<double> values{}; ///< [k]: singular value number k + 1, as far as looked at
    std::vector<double> edges{};  ///< [k]: the edge of noise around k components; 0: not needed
};

/// How far above the edge, relative to it, a component must stand to count. Noise turns a component
/// as strong as the edge itself, sigma = sqrt(n) + sqrt(m), into a singular value 1.25 to 1.41
/// times the edge (Benaych-Georges & Nadakuditi 2012), so nothing that can be told from noise is
/// lost; what lies lower has a direction that is mostly noise.
inline constexpr double clear_margin = 0.05;

namespace detail
{
/// Takes the next value and its edge; false where the count ends here.
inline bool count_next(edge_count& out, std::size_t k, double value, double edge)
{
    out.rank = k;
    out.values.push_back(value);
    out.edges.push_back(edge);
    out.is_open = value > (1 + clear_margin) * edge;
    out.is_faint = !out.is_open && value > edge;
    return out.is_open;
}
}

/// How many singular values stand clear of the edge of normal noise of unknown variance: from k = 0
/// up, the first k whose next value does not, the edge being noise_level(k) (sqrt(n) + sqrt(m)) +
/// three standard deviations of it, `raised` so many times where the variance is not the same
/// everywhere (uneven_noise_edge). Looks at `highest` components at most.
inline edge_count gaussian_noise_edge(const spectrum& s, std::size_t highest, double raised = 1)
{
    const std::size_t last = std::min(highest, s.values.size());
    const double unit = raised * (marchenko_pastur_edge(s.positions, s.channels) +
                                  3 * marchenko_pastur_scatter(s.positions, s.channels));
    const double rounding = 1e-6 * std::sqrt(s.total); // all that is left of data without noise
    edge_count out;
    for (std::size_t k = 0; k <= last; ++k)
    {
        const double value = k < s.values.size() ? std::sqrt(s.values[k]) : 0;
        if (!detail::count_next(out, k, value, std::max(noise_level(s, k) * unit, rounding)))
            break;
    }
    return out;
}
}
