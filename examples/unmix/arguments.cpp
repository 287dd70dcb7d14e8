// SPDX-License-Identifier: BSD-3-Clause
#include "arguments.hpp"
#include "checks.hpp"
#include "options.hpp"
#include "ranks.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>

#include <xunmix/version.hpp>

namespace unmix
{
namespace
{
/// The options of `app` count for one factorization only, not after another word.
void check_word_first(const CLI::App& app, const std::string& word)
{
    for (const CLI::Option* option : app.get_options())
        if (option->count() > 0)
            throw CLI::ValidationError(word, "the word comes first, then the scan and the "
                                             "options: unmix " +
                                                 word + " INPUT [OPTIONS]");
}

CLI::App* add_survey(CLI::App& app, arguments& a)
{
    CLI::App* const survey = app.add_subcommand(
        "survey", "Many random starts at many ranks, to see how many components a scan has");
    declare_options(*survey, a);
    survey->footer("Writes survey.csv (every start), ranks.csv (every rank), report.json, "
                   "mse_scatter.png, mse_pca.png, rank_K/maps.npy and rank_K/components.npy (the "
                   "best of each rank K), and survey.state, from which --resume goes on. Ctrl-C "
                   "ends the survey after the ranks that are done.\n"
                   "Example: unmix survey core_shell.hspy --ranks 2:8 --output survey");
    return survey;
}

CLI::App* add_rank(CLI::App& app, arguments& a)
{
    CLI::App* const rank = app.add_subcommand(
        "rank", "How many components a scan has, by several criteria, with reasons");
    declare_options(*rank, a);
    rank->footer("Recommends a number of components, by the singular values that stand clear of "
                 "the noise, and shows what other criteria say. Writes rank_criteria.csv (every "
                 "rank), report.json and rank.png.\n"
                 "Example: unmix rank core_shell.hspy --ranks 1:8 --output rank");
    return rank;
}
}

const std::map<std::string, xunmix::linkage>& linkages()
{
    using xunmix::linkage;
    static const std::map<std::string, linkage> known{{"average", linkage::average},
                                                      {"complete", linkage::complete},
                                                      {"single", linkage::single},
                                                      {"ward", linkage::ward}};
    return known;
}

arguments read_arguments(int argc, char** argv)
{
    arguments one, many, count;
    count.iterations = 100;
    count.starts = 10;
    count.output = "unmix-rank";
    count.rank_report.emplace().ranks = read_ranks("1:10");
    many.iterations = 100;
    many.starts = 20;
    many.output = "unmix-survey";
    many.survey.emplace().ranks = read_ranks("2:15");
    CLI::App app("Unmixes a scan into maps (where, how much) and components (what): X ~ C S^T.");
    app.set_version_flag("--version", std::string("unmix ") + xunmix::version);
    app.get_formatter()->column_width(30);
    declare_options(app, one);
    CLI::App* const survey = add_survey(app, many);
    CLI::App* const report = add_rank(app, count);
    for (CLI::App* word : {survey, report})
        word->preparse_callback([&app](std::size_t) { app.get_option("--rank")->required(false); });
    app.footer(
        "Writes maps.npy (k, positions...), components.npy (k, channels...), history.csv, "
        "report.json, montage.png, mse.png and, of maps that are images, fourier.png: "
        "their Fourier transforms, with a circle at a resolution_limit. pca writes mean.npy, "
        "scree.csv and scree.png instead of history.csv and mse.png. ard and ard_mu add "
        "relevances.csv (iteration, one column a component) and relevances.png. --cluster adds "
        "clusters.csv, similarity.npy, cluster_patterns.npy, cluster_maps.npy and "
        "dendrogram.png.\n"
        "Example: unmix core_shell.hspy --rank 3 --starts 10 --output result\n"
        "How many components? unmix rank core_shell.hspy --ranks 1:8 --output rank\n"
        "Many starts at each: unmix survey core_shell.hspy --ranks 2:8 --output survey\n"
        "(unmix rank --help and unmix survey --help list their options)");
    try
    {
        app.parse(argc, argv);
        for (const CLI::App* word : app.get_subcommands())
            check_word_first(app, word->get_name());
        if (survey->parsed())
            check_options(*survey, many);
        else if (!report->parsed())
            check_options(app, one);
    }
    catch (const CLI::ParseError& e)
    {
        std::exit(app.exit(e) == 0 ? 0 : 2);
    }
    arguments& a = survey->parsed() ? many : report->parsed() ? count : one;
    for (int i = 0; i < argc; ++i)
        a.command_line += (i ? " " : "") + std::string(argv[i]);
    return a;
}
}
