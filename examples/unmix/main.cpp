// SPDX-License-Identifier: BSD-3-Clause

// Unmixes a scan from the command line: file in, maps, components and pictures out. With the word
// survey: many starts at many ranks; with the word rank: several criteria, to see how many
// components there are.

#include "arguments.hpp"
#include "commands/fit.hpp"
#include "commands/pca.hpp"
#include "commands/rank.hpp"
#include "commands/survey.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <new>

namespace
{
void run(const unmix::arguments& a)
{
    if (a.survey)
        unmix::run_survey(a);
    else if (a.rank_report)
        unmix::run_rank(a);
    else if (a.algorithm == "pca")
        unmix::run_pca(a);
    else
        unmix::run_fit(a);
}
}

int main(int argc, char** argv)
{
    const auto a = unmix::read_arguments(argc, argv);
    std::signal(SIGPIPE, SIG_IGN); // results are written though nobody reads the lines
    try
    {
        run(a);
        return 0;
    }
    catch (const std::bad_alloc&)
    {
        std::cerr << "unmix: not enough memory for this scan\n";
    }
    catch (const std::exception& e)
    {
        std::cerr << "unmix: " << e.what() << '\n';
    }
    return 1;
}
