// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fit.hpp"
#include "input.hpp"
#include "json.hpp"
#include "plot/figure.hpp"
#include "run_folder.hpp"

#include <string>
#include <vector>

namespace unmix
{
/// What --cluster found.
struct clustering
{
    xunmix::similarity_table table;
    xunmix::dendrogram tree;
    std::vector<std::size_t> labels;
    std::vector<xunmix::pattern_cluster> clusters;
};

/// Throws xunmix::invalid_argument where the scan has no patterns to turn.
void check_clusters(const arguments& a, const input& in);

clustering cluster_components(const arguments& a, const input& in, const outcome& out);

/// For dendrogram.png, with each cluster's mean pattern and summed map.
cluster_picture clusters_picture(const arguments& a, const input& in, const clustering& found);
/// clusters.csv, similarity.npy, cluster_patterns.npy, cluster_maps.npy
void write_clusters(run_folder& folder, const clustering& found, const cluster_picture& picture);

json report(const arguments& a, const clustering& found);

/// A line for each cluster.
std::string summary(const clustering& found);
}
