// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/io/scan_file.hpp>

namespace support
{
/// The scan to work on and how to look at it.
struct input
{
    xunmix::scan_file scan;
    std::string source;                       ///< file name, or "simulated nanosheets"
    std::vector<std::size_t> positions;       ///< axes of the scan that are positions
    std::optional<xunmix::tensor<bool>> keep; ///< channels that count, where not all do
    std::string mask;                         ///< what is masked, in words
    std::vector<xunmix::axis> position_axes, channel_axes; ///< in the order of the result's
};

/// Opens what the arguments name, or simulates a scan. Throws xunmix::error for files, axes and
/// masks that do not fit.
input open_input(const arguments& a);

/// "edx.hspy: 64 x 64 positions, 992 channels, uint32"
std::string describe(const input& in);
}
