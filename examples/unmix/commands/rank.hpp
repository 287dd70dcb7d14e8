// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"
#include "json.hpp"
#include "plot/rank_picture.hpp"
#include "run_folder.hpp"

#include <string>

#include <xunmix/rank/findings.hpp>

namespace unmix
{
/// How many components the scan has, by every criterion. Throws xunmix::error, before any work, for
/// ranks and options that do not fit the scan.
xunmix::rank_findings find_rank(const input& in, const arguments& a);

/// One row a rank; a column for each criterion, NaN where it has no value.
table criteria_table(const xunmix::rank_findings& found);

/// Everything needed to run it again, and what came out.
json report(const arguments& a, const input& in, const xunmix::rank_findings& found,
            double seconds);

rank_picture picture_of(const input& in, const xunmix::rank_findings& found);

/// The recommended rank, the reasons, and what each criterion says.
std::string summary(const xunmix::rank_findings& found);

/// What `unmix rank` does, its files and pictures. Throws xunmix::error.
void run_rank(const arguments& a);
}
