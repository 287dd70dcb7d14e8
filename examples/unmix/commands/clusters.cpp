// SPDX-License-Identifier: BSD-3-Clause
#include "clusters.hpp"
#include "report.hpp"

#include <algorithm>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <xunmix/core/error.hpp>

namespace unmix
{
namespace
{
xunmix::similarity_options options_of(const arguments& a, const input& in)
{
    xunmix::similarity_options options;
    options.friedel = a.fit->clusters.friedel;
    options.threads = a.threads;
    if (in.keep)
        options.keep.assign(in.keep->begin(), in.keep->end());
    return options;
}

double degrees(double radians)
{
    return 180 / std::numbers::pi * radians;
}

/// One row a component, cluster by cluster.
table clusters_table(const clustering& found)
{
    table out{.columns = {"cluster", "component", "rotation_degrees", "similarity", "reference"}};
    for (std::size_t c = 0; c < found.clusters.size(); ++c)
    {
        const auto& cluster = found.clusters[c];
        for (std::size_t i = 0; i < cluster.members.size(); ++i)
            out.rows.push_back({c + 1, cluster.members[i] + 1, degrees(cluster.rotations[i]),
                                found.table.similarity(cluster.reference, cluster.members[i]),
                                cluster.reference + 1});
    }
    return out;
}
}

void check_clusters(const arguments& a, const input& in)
{
    if (a.fit->clusters.count == 0)
        return;
    xunmix::detail::require<xunmix::invalid_argument>(
        in.channel_axes.size() == 2,
        "--cluster turns patterns, so it needs channels of two axes; this scan's have ",
        in.channel_axes.size());
    // A grid of these patterns says itself what is too small.
    static_cast<void>(xunmix::polar_grid(in.channel_axes[0].size, in.channel_axes[1].size, {},
                                         options_of(a, in).keep));
}

clustering cluster_components(const arguments& a, const input& in, const outcome& out)
{
    const auto components = without_nan(out.components), maps = without_nan(out.maps);
    const auto options = options_of(a, in);
    auto similarity = xunmix::similarity(components, options);
    auto tree = xunmix::cluster(similarity, linkages().at(a.fit->clusters.linkage));
    auto labels = tree.cut_into(a.fit->clusters.count);
    auto clusters = xunmix::gather_clusters(components, maps, similarity, labels, options);
    return {std::move(similarity), std::move(tree), std::move(labels), std::move(clusters)};
}

void write_clusters(run_folder& folder, const clustering& found, const cluster_picture& picture)
{
    const std::size_t k = found.table.count();
    auto similarity = xunmix::tensor<double>::from_shape({k, k});
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j)
            similarity(i, j) = found.table.similarity(i, j);
    folder.write_csv("clusters.csv", clusters_table(found));
    folder.write_array("similarity.npy", similarity);
    folder.write_array("cluster_patterns.npy", picture.patterns);
    folder.write_array("cluster_maps.npy", picture.maps);
}

cluster_picture clusters_picture(const arguments& a, const input& in, const clustering& found)
{
    auto picture = picture_of(found.tree, found.labels, found.clusters);
    picture.channel_axes = in.channel_axes;
    picture.position_axes = in.position_axes;
    picture.title =
        fmt::format("{}: {} components in {} clusters, {} linkage", in.source, found.table.count(),
                    found.clusters.size(), a.fit->clusters.linkage);
    return picture;
}

json report(const arguments& a, const clustering& found)
{
    auto merges = json::array();
    for (const auto& m : found.tree.merges())
        merges.push_back({m.first + 1, m.second + 1, m.distance});
    auto labels = found.labels;
    for (auto& label : labels)
        ++label;
    return {{"count", found.clusters.size()},
            {"linkage", a.fit->clusters.linkage},
            {"friedel", a.fit->clusters.friedel},
            {"cophenetic_correlation", found.tree.cophenetic_correlation(found.table.distances())},
            {"cluster_of_component", labels},
            {"merges", merges}};
}

std::string summary(const clustering& found)
{
    std::string text;
    for (std::size_t c = 0; c < found.clusters.size(); ++c)
    {
        const auto& cluster = found.clusters[c];
        std::vector<std::string> members;
        members.reserve(cluster.members.size());
        for (std::size_t i = 0; i < cluster.members.size(); ++i)
            members.push_back(fmt::format("{} ({:.0f} deg)", cluster.members[i] + 1,
                                          degrees(cluster.rotations[i]) + 0.0));
        text += fmt::format("cluster {}: {}\n", c + 1, fmt::join(members, ", "));
    }
    return text;
}
}
