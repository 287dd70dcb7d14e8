// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/io/scan_file.hpp>

namespace unmix
{
/// What was done to a scan before it was unfolded; nothing where nobody asked for it.
struct preprocessing
{
    std::optional<std::size_t> spikes;                    ///< so many entries were replaced
    std::optional<std::vector<std::size_t>> hot_channels; ///< masked, numbers in C order
    std::optional<std::array<double, 2>> background;      ///< subtracted; the window of the fit
};

/// A scan as it was read.
struct original_scan
{
    std::vector<std::size_t> shape;
    std::string type;                   ///< of the elements
    std::vector<std::size_t> positions; ///< axes that are positions
};

/// The scan to work on and how to look at it.
struct input
{
    xunmix::scan_file scan; ///< after preprocessing
    original_scan original;
    preprocessing prepared;
    std::string source;                       ///< file name, or "simulated nanosheets" and the like
    std::vector<std::size_t> positions;       ///< axes of the scan that are positions
    std::optional<xunmix::tensor<bool>> keep; ///< channels that count, where not all do
    std::string mask;                         ///< what is masked, in words
    std::vector<xunmix::axis> position_axes, channel_axes; ///< in the order of the result's
};

/// Whether the scan's elements are whole numbers by their type.
bool holds_integers(const input& in);

/// Opens what the arguments name, or simulates a scan. Throws xunmix::error for files, axes and
/// masks that do not fit.
input open_input(const arguments& a);

/// "edx.hspy: 64 x 64 positions, 992 channels, uint32", what is masked and what was done to it
std::string describe(const input& in);
}
