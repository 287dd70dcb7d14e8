// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "panel.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Pictures of a result, drawn with Cairo as PNG or SVG, whichever the file's ending says.
namespace support
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
    bool is_polished = true; ///< whether the minimum is below the starts' own values
    std::string title = {};
    std::string quantity = "mean squared error";
};

/// Every start, their mean and the minimum, as in Uesugi 2021 Fig. 4a. The values' axis is
/// logarithmic where the highest is over 10 times the lowest. Where three ranks or more lie close
/// together at the end, a second panel shows them on an axis of their own.
void draw_mse_scatter(const std::filesystem::path& path, const rank_study& what);

/// The minimum beside what principal component analyses leave, as in Uesugi 2021 Fig. 5, likewise.
void draw_mse_pca(const std::filesystem::path& path, const rank_study& what);
}
