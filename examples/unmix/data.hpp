// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"

#include <string>
#include <variant>

#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/unfold/unfold.hpp>

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
template <class T>
xunmix::unfolded<T> unfold(const xunmix::tensor<T>& scan, const input& in, const arguments& a)
{
    auto out = xunmix::unfold(scan, xunmix::positions(in.positions));
    if (in.keep)
        out = out.mask_channels(*in.keep);
    if (a.clip_negative)
        out = out.clipped(T{0});
    return out;
}

/// The same of whatever element type.
any_data unfold(const input& in, const arguments& a);

/// The same, weighted as --noise says. Throws xunmix::invalid_data where the data cannot be.
weighted_data weigh(const input& in, const arguments& a);
}
