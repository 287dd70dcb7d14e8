// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"
#include "json.hpp"

#include <cstddef>
#include <string>

#include <xunmix/core/xtensor.hpp>

// What the reports and the files of all commands have in common.
namespace unmix
{
/// The scan, and how it was looked at.
json describe_data(const arguments& a, const input& in);

/// How every report.json begins: the program, what it was asked to do, and the noise model used.
json begin_report(const std::string& program, const arguments& a, const input& in,
                  const std::string& noise);

/// A line for the summary of a run where the data have negative values; else nothing.
std::string negative_data_text(std::size_t values);

/// Masked places, NaN in what a command found, as zeros.
xunmix::tensor<double> without_nan(xunmix::tensor<double> values);
}
