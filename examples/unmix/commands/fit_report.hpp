// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "fit.hpp"
#include "input.hpp"
#include "json.hpp"
#include "plot/figure.hpp"
#include "plot/relevances.hpp"
#include "run_folder.hpp"

#include <string>

namespace unmix
{
/// One row an iteration of every start.
table history_table(const outcome& out);

/// One row an iteration of the best start, one column a component; see relevance_trace.
table relevances_table(const outcome& out);

/// Everything needed to run it again, and what came out.
json report(const arguments& a, const input& in, const outcome& out);

montage montage_of(const arguments& a, const input& in, const outcome& out);
/// The maps, which must be images, beside their Fourier transforms.
montage fourier_of(const arguments& a, const input& in, const outcome& out);
convergence convergence_of(const arguments& a, const outcome& out);
relevances relevances_of(const arguments& a, const input& in, const outcome& out);

/// A line about the best start, and one about what to be wary of where there is something.
std::string summary(const arguments& a, const outcome& out);
}
