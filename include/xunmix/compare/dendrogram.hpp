// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>

// Agglomerative hierarchical clustering.
namespace xunmix
{
/// The distance between two clusters: which, is not published in Kimoto 2025.
enum class linkage
{
    single,   ///< of their closest members
    complete, ///< of their farthest members
    average,  ///< the mean over all pairs (UPGMA): safe for distances that are not Euclidean
    ward      ///< by the growth of the squared spread, for Euclidean distances
};

/// Two clusters that became one. Below the number of leaves a cluster is a leaf; merge i makes the
/// cluster leaves + i.
struct cluster_merge
{
    std::size_t first, second; ///< first < second
    double distance;
    std::size_t size; ///< leaves in it
};

/// The tree of an agglomerative hierarchical clustering.
class dendrogram
{
  public:
    dendrogram(std::size_t leaves, std::vector<cluster_merge> merges)
        : leaves_(leaves)
        , merges_(std::move(merges))
    {
    }

    std::size_t leaves() const
    {
        return leaves_;
    }
    /// In the order in which they happened: by distance.
    const std::vector<cluster_merge>& merges() const
    {
        return merges_;
    }

    /// The cluster of each leaf when there are `count` of them, numbered along the leaf order.
    /// Throws invalid_argument unless 1 <= count <= leaves.
    std::vector<std::size_t> cut_into(std::size_t count) const
    {
        detail::require<invalid_argument>(count >= 1 && count <= leaves_, "a tree of ", leaves_,
                                          " leaves can be cut into 1 to ", leaves_,
                                          " clusters, got ", count);
        return labels(leaves_ - count);
    }
    /// The same where clusters farther apart than `distance` stay apart.
    std::vector<std::size_t> cut_at(double distance) const
    {
        const auto last =
            std::find_if(merges_.begin(), merges_.end(),
                         [&](const cluster_merge& m) { return m.distance > distance; });
        return labels(static_cast<std::size_t>(last - merges_.begin()));
    }

    /// The leaves as they stand side by side under the tree: no branches cross.
    std::vector<std::size_t> leaf_order() const
    {
        std::vector<std::size_t> order, open{leaves_ + merges_.size() - 1};
        while (!open.empty())
        {
            const std::size_t node = open.back();
            open.pop_back();
            if (node < leaves_)
            {
                order.push_back(node);
                continue;
            }
            open.push_back(merges_[node - leaves_].second);
            open.push_back(merges_[node - leaves_].first);
        }
        return order;
    }

    /// The distance at which each pair of leaves comes together, leaves x leaves.
    std::vector<double> cophenetic_distances() const
    {
        std::vector<double> out(leaves_ * leaves_);
        std::vector<std::vector<std::size_t>> members(leaves_ + merges_.size());
        for (std::size_t i = 0; i < leaves_; ++i)
            members[i] = {i};
        for (std::size_t i = 0; i < merges_.size(); ++i)
        {
            const auto &a = members[merges_[i].first], &b = members[merges_[i].second];
            for (const std::size_t x : a)
                for (const std::size_t y : b)
                    out[x * leaves_ + y] = out[y * leaves_ + x] = merges_[i].distance;
            auto& all = members[leaves_ + i];
            all = a;
            all.insert(all.end(), b.begin(), b.end());
        }
        return out;
    }

    /// Correlation over all pairs of the distances with those in the tree: how well the tree keeps
    /// them, 1 at best. NaN for two leaves, or where all distances are the same.
    double cophenetic_correlation(std::span<const double> distances) const
    {
        const auto tree = cophenetic_distances();
        const auto sum_of_pairs = [&](auto&& of_pair)
        {
            double sum = 0;
            for (std::size_t i = 0; i < leaves_; ++i)
                for (std::size_t j = i + 1; j < leaves_; ++j)
                    sum += of_pair(distances[i * leaves_ + j], tree[i * leaves_ + j]);
            return sum;
        };
        const double pairs = static_cast<double>(leaves_ * (leaves_ - 1)) / 2;
        const double x = sum_of_pairs([](double a, double) { return a; }) / pairs;
        const double y = sum_of_pairs([](double, double b) { return b; }) / pairs;
        const double xx = sum_of_pairs([&](double a, double) { return (a - x) * (a - x); });
        const double yy = sum_of_pairs([&](double, double b) { return (b - y) * (b - y); });
        const double xy = sum_of_pairs([&](double a, double b) { return (a - x) * (b - y); });
        const double rounding = 1e-24 * pairs;
        return xx > rounding * x * x && yy > rounding * y * y
                   ? xy / std::sqrt(xx * yy)
                   : std::numeric_limits<double>::quiet_NaN();
    }

  private:
    /// Clusters after so many merges.
    std::vector<std::size_t> labels(std::size_t done) const
    {
        constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
        std::vector<std::size_t> parent(leaves_ + done);
        std::iota(parent.begin(), parent.end(), std::size_t{0});
        for (std::size_t i = 0; i < done; ++i)
            parent[merges_[i].first] = parent[merges_[i].second] = leaves_ + i;
        for (std::size_t node = parent.size(); node-- > 0;)
            parent[node] = parent[parent[node]];
        std::vector<std::size_t> number(parent.size(), none), out(leaves_);
        std::size_t count = 0;
        for (const std::size_t leaf : leaf_order())
        {
            auto& mine = number[parent[leaf]];
            if (mine == none)
                mine = count++;
            out[leaf] = mine;
        }
        return out;
    }

    std::size_t leaves_;
    std::vector<cluster_merge> merges_;
};

namespace detail
{
/// The n of n x n numbers, the nearest where no n gives so many.
inline std::size_t square_side(std::size_t count)
{
    return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(count))));
}

/// The side of a table of distances. Throws invalid_argument for what `cluster` refuses.
inline std::size_t require_distances(std::span<const double> distances)
{
    const std::size_t n = square_side(distances.size());
    require<invalid_argument>(n * n == distances.size(), "clustering needs n x n distances, got ",
                              distances.size(), " of them");
    require<invalid_argument>(n >= 2, "clustering needs at least two components, got ", n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
        {
            const double d = distances[i * n + j];
            require<invalid_argument>(
                d >= 0 && is_finite(d) && std::abs(d - distances[j * n + i]) <= 1e-9 * (1 + d),
                "clustering needs distances that are finite, not negative and symmetric; between ",
                i, " and ", j, " they are ", d, " and ", distances[j * n + i]);
        }
    return n;
}

/// From the cluster that a and b become, which are `between` apart, to another one; sizes na, nb
/// and nc (Lance & Williams 1967).
struct joined_distance
{
    linkage rule;
    double na, nb, between;

    double operator()(double to_a, double to_b, double nc) const
    {
        switch (rule)
        {
        case linkage::single:
            return std::min(to_a, to_b);
        case linkage::complete:
            return std::max(to_a, to_b);
        case linkage::average:
            return (na * to_a + nb * to_b) / (na + nb);
        case linkage::ward:
            break;
        }
        const double square =
            (na + nc) * to_a * to_a + (nb + nc) * to_b * to_b - nc * between * between;
        return std::sqrt(std::max(0.0, square / (na + nb + nc)));
    }
};

/// Two leaves whose clusters became one.
struct leaf_merge
{
    std::size_t a, b;
    double distance;
};

/// All merges, by chains of nearest neighbours: each cluster points to its nearest one until two
/// point at each other. None of the rules brings a cluster nearer by a merge of others, so those
/// two are merged sooner or later; not in the order of the distances.
inline std::vector<leaf_merge> merge_by_chains(std::vector<double> d, std::size_t n, linkage rule)
{
    std::vector<leaf_merge> out;
    std::vector<double> size(n, 1);
    std::vector<std::size_t> alive(n), chain;
    std::iota(alive.begin(), alive.end(), std::size_t{0});
    while (alive.size() > 1)
    {
        if (chain.empty())
            chain.push_back(alive.front());
        const std::size_t a = chain.back();
        const bool has_previous = chain.size() > 1;
        std::size_t b = has_previous ? chain[chain.size() - 2] : a;
        double between = has_previous ? d[a * n + b] : std::numeric_limits<double>::infinity();
        for (const std::size_t c : alive)
            if (c != a && d[a * n + c] < between)
                between = d[a * n + c], b = c;
        if (!has_previous || b != chain[chain.size() - 2])
        {
            chain.push_back(b);
            continue;
        }
        out.push_back({a, b, between});
        const joined_distance joined{rule, size[a], size[b], between};
        for (const std::size_t c : alive)
            if (c != a && c != b)
                d[b * n + c] = d[c * n + b] = joined(d[a * n + c], d[b * n + c], size[c]);
        size[b] += size[a];
        alive.erase(std::find(alive.begin(), alive.end(), a));
        chain.resize(chain.size() - 2);
    }
    return out;
}

/// Merges of leaves by distance, as merges of the clusters that they are in by then.
inline dendrogram grow_tree(std::vector<leaf_merge> merges, std::size_t n)
{
    std::stable_sort(merges.begin(), merges.end(),
                     [](const leaf_merge& a, const leaf_merge& b)
                     { return a.distance < b.distance; });
    std::vector<std::size_t> parent(2 * n - 1), size(2 * n - 1, 1);
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    const auto cluster_of = [&](std::size_t node)
    {
        for (; parent[node] != node; node = parent[node])
            parent[node] = parent[parent[node]];
        return node;
    };
    std::vector<cluster_merge> out;
    for (const leaf_merge& m : merges)
    {
        const std::size_t a = cluster_of(m.a), b = cluster_of(m.b), joined = n + out.size();
        parent[a] = parent[b] = joined;
        size[joined] = size[a] + size[b];
        out.push_back({std::min(a, b), std::max(a, b), m.distance, size[joined]});
    }
    return {n, std::move(out)};
}
}

/// Agglomerative hierarchical clustering of n things from their n x n distances: the two closest
/// clusters become one until one is left, the new distances by Lance & Williams 1967. O(n^2).
/// Throws invalid_argument for fewer than two things, or distances that are not n x n, symmetric,
/// non-negative numbers.
inline dendrogram cluster(std::span<const double> distances, linkage rule = linkage::average)
{
    const std::size_t n = detail::require_distances(distances);
    return detail::grow_tree(detail::merge_by_chains({distances.begin(), distances.end()}, n, rule),
                             n);
}
}
