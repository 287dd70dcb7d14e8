// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"

#include <string>
#include <variant>

#include <xunmix/matrix/any_matrix.hpp>

namespace unmix
{
/// X of a scan of whatever element type, with factors of one of the two real types.
using any_data = std::variant<xunmix::any_matrix<float>, xunmix::any_matrix<double>>;

/// X with its elements weighted as the noise asks.
struct weighted_data
{
    any_data x;
    std::string noise; ///< the noise model used: "gaussian" or "poisson"
};

/// The scan unfolded, masked and clipped as the user said. It refers to the scan, which stays.
any_data unfold(const input& in, const arguments& a);

/// The same, weighted as --noise says. Throws xunmix::invalid_data where the data cannot be.
weighted_data weigh(const input& in, const arguments& a);
}
