// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/io/scan_file.hpp>

namespace unmix
{
/// Spectra of a scan and their maps, found in one way or another, beside the truth.
struct comparison
{
    struct found
    {
        std::string name;
        xunmix::tensor<double> components; ///< (k, channels), on the truth's scale, in its order
        xunmix::tensor<double> maps;       ///< (k, y, x)
    };
    found truth = {};
    std::vector<found> rows = {};
    std::vector<std::string> phases = {}; ///< names of the k components
    xunmix::axis energy = {};             ///< of the channels
    std::string title = {};
};

/// A row for each way, the truth's maps above: each spectrum over the true one, dashed, and its map
/// to the right. Spectra of a phase have one axis, maps of a phase one scale of colours. Throws
/// xunmix::invalid_argument where a row has other components, channels or positions than the truth.
void draw_comparison(const std::filesystem::path& path, const comparison& what);
}
