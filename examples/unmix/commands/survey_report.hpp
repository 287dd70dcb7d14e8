// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "input.hpp"
#include "json.hpp"
#include "plot/figure.hpp"
#include "run_folder.hpp"
#include "survey.hpp"

#include <string>

namespace unmix
{
/// One row a start.
table starts_table(const survey_outcome& out);
/// One row a rank.
table ranks_table(const survey_outcome& out);

/// Everything needed to run it again, and what came out.
json report(const arguments& a, const input& in, const survey_outcome& out);

/// The minima of earlier surveys, from the report.json in their folders. Throws xunmix::io_error
/// for what is no survey's folder, xunmix::invalid_argument for one of another scan.
std::vector<rank_study::other_minima> read_others(const arguments& a, const input& in);

rank_study study_of(const arguments& a, const input& in, const survey_outcome& out,
                    std::vector<rank_study::other_minima> others);

/// The ranks as a table, and what to be wary of where there is something.
std::string summary(const arguments& a, const survey_outcome& out);
}
