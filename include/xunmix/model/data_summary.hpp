// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <limits>

#include <xunmix/core/error.hpp>

namespace xunmix
{
/// What one read of the unmasked data tells: its norm, and whether methods may be applied to it.
struct data_summary
{
    std::size_t entries = 0; ///< unmasked elements of X
    double squared_norm = 0; ///< |X|^2 over them
    double sum = 0;
    double minimum = std::numeric_limits<double>::infinity();
    double maximum = -std::numeric_limits<double>::infinity();
    std::size_t negative = 0;                                  ///< elements below zero
    std::size_t non_finite = 0;                                ///< NaN and infinities
    std::size_t first_bad_position = 0, first_bad_channel = 0; ///< the first of them
    std::size_t dark_positions = 0; ///< unmasked positions whose unmasked channels are all zero
    std::size_t dark_channels = 0;  ///< unmasked channels that are zero at all unmasked positions
};

namespace detail
{
/// Throws invalid_data where there are NaN or infinities.
inline void check_finite(const data_summary& s)
{
    require<invalid_data>(s.non_finite == 0, "X must be finite: it holds ", s.non_finite,
                          " NaN or infinite values, the first at position ", s.first_bad_position,
                          ", channel ", s.first_bad_channel, "; replace or mask them");
}
}
}
