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
#include <xunmix/core/xtensor.hpp>
#include <xunmix/diffraction/polar.hpp>
#include <xunmix/diffraction/similarity.hpp>

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
        double count = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (std::size_t i = 0; i < leaves_; ++i)
            for (std::size_t j = i + 1; j < leaves_; ++j)
            {
                const double a = distances[i * leaves_ + j], b = tree[i * leaves_ + j];
                ++count;
                x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
            }
        const double spread = (count * xx - x * x) * (count * yy - y * y);
        return spread > 0 ? (count * xy - x * y) / std::sqrt(spread)
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

/// Agglomerative hierarchical clustering of n things from their n x n distances: the two closest
/// clusters become one until one is left, the new distances by Lance & Williams 1967. O(n^3).
/// Throws invalid_argument for fewer than two things, or distances that are not n x n, symmetric,
/// non-negative numbers.
inline dendrogram cluster(std::span<const double> distances, linkage rule = linkage::average)
{
    const auto n =
        static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(distances.size()))));
    detail::require<invalid_argument>(n * n == distances.size(),
                                      "clustering needs n x n distances, got ", distances.size(),
                                      " of them");
    detail::require<invalid_argument>(n >= 2, "clustering needs at least two components, got ", n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
        {
            const double d = distances[i * n + j];
            detail::require<invalid_argument>(
                d >= 0 && std::isfinite(d) && std::abs(d - distances[j * n + i]) <= 1e-9 * (1 + d),
                "clustering needs distances that are finite, not negative and symmetric; between ",
                i, " and ", j, " they are ", d, " and ", distances[j * n + i]);
        }
    std::vector<double> d(distances.begin(), distances.end());
    std::vector<std::size_t> name(n), size(n, 1), alive(n);
    std::iota(name.begin(), name.end(), std::size_t{0});
    std::iota(alive.begin(), alive.end(), std::size_t{0});
    std::vector<cluster_merge> merges;
    while (alive.size() > 1)
    {
        std::size_t a = alive[0], b = alive[1];
        for (std::size_t i = 0; i < alive.size(); ++i)
            for (std::size_t j = i + 1; j < alive.size(); ++j)
                if (d[alive[i] * n + alive[j]] < d[a * n + b])
                    a = alive[i], b = alive[j];
        const double between = d[a * n + b];
        const double na = static_cast<double>(size[a]), nb = static_cast<double>(size[b]);
        for (const std::size_t c : alive)
        {
            if (c == a || c == b)
                continue;
            const double da = d[a * n + c], db = d[b * n + c], nc = static_cast<double>(size[c]);
            double joined = 0;
            switch (rule)
            {
            case linkage::single:
                joined = std::min(da, db);
                break;
            case linkage::complete:
                joined = std::max(da, db);
                break;
            case linkage::average:
                joined = (na * da + nb * db) / (na + nb);
                break;
            case linkage::ward:
                joined = std::sqrt(std::max(
                    0.0, ((na + nc) * da * da + (nb + nc) * db * db - nc * between * between) /
                             (na + nb + nc)));
                break;
            }
            d[a * n + c] = d[c * n + a] = joined;
        }
        merges.push_back(
            {std::min(name[a], name[b]), std::max(name[a], name[b]), between, size[a] + size[b]});
        name[a] = n + merges.size() - 1;
        size[a] += size[b];
        alive.erase(std::find(alive.begin(), alive.end(), b));
    }
    return {n, std::move(merges)};
}

/// The same for patterns, by 1 - similarity.
inline dendrogram cluster(const similarity_table& table, linkage rule = linkage::average)
{
    return cluster(table.distances(), rule);
}

/// Components that are one structure seen under several rotations.
struct pattern_cluster
{
    std::vector<std::size_t> members;
    std::size_t reference = 0;     ///< the member most similar to all others
    std::vector<double> rotations; ///< of each member against the reference, radians
    std::vector<bool> mirrored;    ///< and whether it is its mirror image
    tensor<double>
        pattern;        ///< (v, u): mean of the members turned back, weighted by their maps' sums
    tensor<double> map; ///< (positions...): sum of the members' maps
};

/// The clusters that `labels` names, in that order: their rotation-corrected mean patterns and
/// summed maps (Kimoto 2024). patterns (k, v, u) and maps (k, positions...) as in result; table
/// from similarity(patterns, options) with these options. Throws invalid_argument where sizes do
/// not fit.
template <class T>
std::vector<pattern_cluster>
gather_clusters(const tensor<T>& patterns, const tensor<T>& maps, const similarity_table& table,
                std::span<const std::size_t> labels, const similarity_options& options = {})
{
    const std::size_t k = table.count();
    detail::require<invalid_argument>(
        patterns.dimension() == 3 && patterns.shape()[0] == k && maps.dimension() >= 2 &&
            maps.shape()[0] == k && labels.size() == k,
        "gather_clusters needs patterns (k, v, u), maps (k, positions...) and k labels for a table "
        "of ",
        k, " components, got ", detail::shape_text(patterns.shape()), ", ",
        detail::shape_text(maps.shape()), " and ", labels.size());
    const polar_grid grid(patterns.shape()[1], patterns.shape()[2], options.geometry, options.keep);
    const std::size_t pixels = grid.rows() * grid.columns(), places = maps.size() / k;
    std::vector<pattern_cluster> out(1 + *std::max_element(labels.begin(), labels.end()));
    for (std::size_t j = 0; j < k; ++j)
        out[labels[j]].members.push_back(j);
    for (auto& c : out)
    {
        const auto closeness = [&](std::size_t a)
        {
            double sum = 0;
            for (const std::size_t b : c.members)
                sum += table.similarity(a, b);
            return sum;
        };
        c.pattern = tensor<double>::from_shape({grid.rows(), grid.columns()});
        const std::vector<std::size_t> shape(maps.shape().begin() + 1, maps.shape().end());
        c.map = tensor<double>::from_shape(shape);
        c.pattern.fill(0);
        c.map.fill(0);
        if (c.members.empty())
            continue;
        c.reference = *std::max_element(c.members.begin(), c.members.end(),
                                        [&](std::size_t a, std::size_t b)
                                        { return closeness(a) < closeness(b); });
        double total = 0;
        for (const std::size_t j : c.members)
        {
            c.rotations.push_back(table.rotation(c.reference, j));
            c.mirrored.push_back(table.mirrored(c.reference, j));
            const T* map = maps.data() + j * places;
            double weight = 0;
            for (std::size_t i = 0; i < places; ++i)
            {
                weight += static_cast<double>(map[i]);
                c.map.data()[i] += static_cast<double>(map[i]);
            }
            const auto turned =
                turned_back(std::span<const T>(patterns.data() + j * pixels, pixels), grid,
                            c.rotations.back(), c.mirrored.back());
            for (std::size_t i = 0; i < pixels; ++i)
                c.pattern.data()[i] += weight * static_cast<double>(turned[i]);
            total += weight;
        }
        if (total > 0)
            c.pattern /= total;
    }
    return out;
}
}
