// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What the studies on spectra share: where measured scans lie, means and spreads over seeds.
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <span>

namespace study
{
using curve = std::span<const double>;

/// Where scans that are not the project's own lie: $XUNMIX_DATA or the folder data in it, else
/// ../shared/data from the project's root, where the studies run.
inline std::filesystem::path data_folder()
{
    const char* folder = std::getenv("XUNMIX_DATA");
    const std::filesystem::path given = folder ? folder : "../shared";
    return std::filesystem::exists(given / "data") || !folder ? given / "data" : given;
}

inline double mean(curve values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Standard deviation of a sample; 0 where it has one member.
inline double spread(curve values)
{
    const double middle = mean(values);
    double squares = 0;
    for (const double x : values)
        squares += (x - middle) * (x - middle);
    return values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0;
}
}
