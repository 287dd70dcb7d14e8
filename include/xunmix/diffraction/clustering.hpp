// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/compare/dendrogram.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/diffraction/polar.hpp>
#include <xunmix/diffraction/similarity.hpp>

namespace xunmix
{
/// The tree of patterns that resemble each other, by 1 - similarity.
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
