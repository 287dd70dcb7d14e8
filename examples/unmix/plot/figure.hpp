// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "panel.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/diffraction/clustering.hpp>

/// Pictures of a result, drawn with Cairo as PNG or SVG, whichever the file's ending says.
namespace unmix
{
struct montage
{
    xunmix::tensor<double> components = {};       ///< (k, channels...)
    xunmix::tensor<double> maps = {};             ///< (k, positions...)
    std::vector<xunmix::axis> channel_axes = {};  ///< may be empty
    std::vector<xunmix::axis> position_axes = {}; ///< may be empty
    std::string title = {};
    std::vector<std::string> labels = {}; ///< one a component; empty: 1, 2, ...
    display component_display = display::automatic;
    display map_display = display::linear;
    std::string component_name = "components", map_name = "maps"; ///< in the key
    colour_map component_colours = &magma;
    double map_circle = 0; ///< radius of a circle on each map, in widths of it; 0: none. Around the
                           ///< middle of a Fourier transform, pixel (rows / 2, cols / 2)
};

/// Each component beside its map, as in Uesugi 2021 Fig. 4b. Spectra and line scans are curves,
/// patterns and maps images with their display range as inset numbers; NaN (masked) is grey.
/// Throws xunmix::io_error where the file cannot be written, xunmix::invalid_argument for
/// components and maps that differ in number.
void draw_montage(const std::filesystem::path& path, const montage& what);

struct convergence
{
    std::vector<std::vector<double>> curves = {}; ///< one a start: the value after each iteration
    std::size_t best = 0;                         ///< the curve to highlight
    std::string title = {};
    std::string quantity = "mean squared error";
    std::size_t first_iteration = 1; ///< that of each curve's first value
};

/// Value against iteration, one faint curve a start and the best on top. The value's axis is
/// logarithmic where the highest is over 3 times the lowest and all are above zero, that of the
/// iterations where the best curve falls by nine tenths of its descent within a tenth of them.
/// Values that are not finite leave gaps.
void draw_convergence(const std::filesystem::path& path, const convergence& what);

/// What principal component analysis finds.
struct scree
{
    std::vector<double> variances = {}; ///< of each component
    std::vector<double> mse = {};       ///< of 0, 1, ... components
    std::string title = {};
    std::string quantity = "mean squared error";
};

/// The variance of each component, and what so many components leave, against their number.
/// Logarithmic where the highest is over 10 times the lowest above zero.
void draw_scree(const std::filesystem::path& path, const scree& what);

/// Which components are one pattern, turned.
struct cluster_picture
{
    xunmix::dendrogram tree;
    std::vector<std::size_t> labels = {};                            ///< cluster of each component
    xunmix::tensor<double> patterns = {};                            ///< (clusters, v, u)
    xunmix::tensor<double> maps = {};                                ///< (clusters, positions...)
    std::vector<xunmix::axis> channel_axes = {}, position_axes = {}; ///< may be empty
    std::string title = {};
};

/// Without axes and title. The clusters, at least one, are those that the labels name.
cluster_picture picture_of(const xunmix::dendrogram& tree, const std::vector<std::size_t>& labels,
                           const std::vector<xunmix::pattern_cluster>& clusters);

/// The tree of the components, a colour for each cluster, above the clusters' mean patterns and
/// summed maps.
void draw_dendrogram(const std::filesystem::path& path, const cluster_picture& what);

/// Mean squared error against the number of components, after a survey of many starts.
struct rank_study
{
    struct at_rank
    {
        std::size_t rank = 0;
        std::vector<double> starts = {};  ///< each start's value
        std::vector<double> dropped = {}; ///< of starts that were given up early
        double minimum = 0;
        double mean = 0;
        double pca = 0;
        double scaled_pca = 0; ///< NaN where there is none
    };
    std::vector<at_rank> ranks = {}; ///< ascending
    std::optional<std::size_t> crossing = {};
    /// Another survey's minima.
    struct other_minima
    {
        std::string name;
        std::vector<std::size_t> ranks;
        std::vector<double> values;
    };
    std::string name = {}; ///< of this survey's minima, beside others'
    std::vector<other_minima> others = {};
    bool is_polished = true; ///< whether the minimum is below the starts' own values
    std::string title = {};
    std::string quantity = "mean squared error";
};

/// Every start, their mean and the minimum, as in Uesugi 2021 Fig. 4a. The values' axis is
/// logarithmic where the highest is over 10 times the lowest. Where three ranks or more lie close
/// together at the end, a second panel shows them on an axis of their own.
void draw_mse_scatter(const std::filesystem::path& path, const rank_study& what);

/// The minimum, and the others', beside what principal component analyses leave, as in Uesugi 2021
/// Fig. 5 and Kimoto 2025 Fig. S2, likewise.
void draw_mse_pca(const std::filesystem::path& path, const rank_study& what);
}
