// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/compare/agreement.hpp>
#include <xunmix/compare/dendrogram.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>

// How many components, by whether several starts find the same ones.
namespace xunmix
{
/// Share of the starts that put positions i and j under one component, n x n: labels[s][i] is the
/// strongest component at position i in start s (Brunet et al. 2004). Throws invalid_argument for
/// no starts, no positions, or starts of different lengths.
inline std::vector<double> consensus_matrix(const std::vector<std::vector<std::size_t>>& labels)
{
    detail::require<invalid_argument>(!labels.empty() && !labels.front().empty(),
                                      "a consensus needs labels of at least one start and one "
                                      "position, got none");
    const std::size_t n = labels.front().size();
    std::vector<double> out(n * n);
    const double share = 1 / static_cast<double>(labels.size());
    for (const auto& of_start : labels)
    {
        detail::require<invalid_argument>(of_start.size() == n,
                                          "a consensus needs one label a position of every start, "
                                          "got ",
                                          n, " and ", of_start.size());
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                out[i * n + j] += of_start[i] == of_start[j] ? share : 0;
    }
    return out;
}

namespace detail
{
/// The side of a consensus matrix. Throws invalid_argument for what is not n x n.
inline std::size_t require_consensus(std::span<const double> consensus)
{
    const std::size_t n = square_side(consensus.size());
    require<invalid_argument>(n >= 1 && n * n == consensus.size(),
                              "a consensus matrix is n x n, got ", consensus.size(), " numbers");
    return n;
}

/// |F_j| of each column.
template <class T>
std::vector<double> column_lengths(factor_ref<const T> f)
{
    std::vector<double> out;
    for (auto column : f.columns())
        out.push_back(std::sqrt(linalg::dot(column.data(), column.data(), column.size())));
    return out;
}
}

/// How decided a consensus matrix is: (1 / n^2) sum_ij 4 (c_ij - 1/2)^2, from 0 where all are 1/2
/// to 1 where every start finds the same (Kim & Park 2007). Throws invalid_argument for what is
/// not n x n.
inline double dispersion(std::span<const double> consensus)
{
    detail::require_consensus(consensus);
    double sum = 0;
    for (const double c : consensus)
        sum += 4 * (c - 0.5) * (c - 0.5);
    return sum / static_cast<double>(consensus.size());
}

/// The cophenetic coefficient of a consensus matrix (Brunet et al. 2004): correlation of the
/// distances 1 - c with those in the tree that average linkage makes of them, 1 where every start
/// finds the same. Throws invalid_argument for what is not n x n.
inline double cophenetic_coefficient(std::span<const double> consensus)
{
    if (detail::require_consensus(consensus) == 1)
        return 1;
    std::vector<double> d(consensus.size());
    std::transform(consensus.begin(), consensus.end(), d.begin(),
                   [](double c) { return std::max(0.0, 1 - c); });
    const double out = cluster(d).cophenetic_correlation(d);
    return is_nan(out) ? 1 : out;
}

/// The strongest component at each of the places, by its part in the model; rank() where none is
/// above zero.
template <class T>
std::vector<std::size_t> strongest_components(factor_ref<const T> maps,
                                              factor_ref<const T> components,
                                              std::span<const std::size_t> places)
{
    const std::vector<double> strength = detail::column_lengths(components);
    std::vector<std::size_t> out;
    for (const std::size_t i : places)
    {
        double most = 0;
        out.push_back(maps.rank());
        for (std::size_t j = 0; j < maps.rank(); ++j)
            if (const double here = strength[j] * static_cast<double>(maps(i, j)); here > most)
                most = here, out.back() = j;
    }
    return out;
}

/// How alike the components of two factorizations of one rank are: the mean cosine of the k pairs
/// with which it is largest. 1 for the same components in any order and scale.
template <class T>
double matched_cosine(factor_ref<const T> a, factor_ref<const T> b)
{
    const std::size_t k = a.rank();
    const std::vector<double> of_a = detail::column_lengths(a), of_b = detail::column_lengths(b);
    std::vector<double> alike;
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j)
        {
            const double size = of_a[i] * of_b[j];
            alike.push_back(
                size > 0 ? linalg::dot(a.column(i).data(), b.column(j).data(), a.rows()) / size
                         : 0);
        }
    const auto pairs = best_assignment(alike, k, k);
    double sum = 0;
    for (std::size_t i = 0; i < k; ++i)
        sum += alike[i * k + pairs[i]];
    return sum / static_cast<double>(k);
}

/// The mean of matched_cosine over all pairs of starts; 1 for one start. No n x n matrix is needed.
template <class T>
double stability(const std::vector<factor_ref<const T>>& components)
{
    double sum = 0, pairs = 0;
    for (std::size_t a = 0; a < components.size(); ++a)
        for (std::size_t b = 0; b < a; ++b, ++pairs)
            sum += matched_cosine(components[a], components[b]);
    return pairs > 0 ? sum / pairs : 1;
}
}
