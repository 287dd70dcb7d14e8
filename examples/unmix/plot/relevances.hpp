// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix
{
/// The components' relevances, iteration by iteration, as xunmix::relevance_trace keeps them in
/// `values`: a list of one number a component for each iteration.
///
///     xunmix::relevance_trace trace;
///     factorize(data, options, xunmix::ard{}, ..., trace);
///     unmix::draw_relevances("relevances.png", {.trace = trace.values});
struct relevances
{
    std::vector<std::vector<double>> trace = {};
    double dead_below = 1e-3; ///< of the largest in the end: ard's prune_below
    std::string title = {};
};

/// A line a component on a logarithmic scale, as in Muto & Shiga 2020 Fig. 5c: those that are
/// there in the end in colours, with their order by relevance beside them; those that die grey.
/// Five decades at most; what is below leaves the picture. Throws xunmix::invalid_argument where
/// there is no iteration, or iterations differ in their number of components.
void draw_relevances(const std::filesystem::path& path, const relevances& what);
}
