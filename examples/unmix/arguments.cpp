// SPDX-License-Identifier: BSD-3-Clause
#include "arguments.hpp"
#include "checks.hpp"
#include "options.hpp"
#include "ranks.hpp"

#include <cstdlib>
#include <string>
#include <utility>

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

// What each command takes where nobody says otherwise.

arguments usual_fit()
{
    arguments a;
    a.fit.emplace();
    return a;
}

arguments usual_survey()
{
    arguments a;
    a.iterations = 100;
    a.starts = 20;
    a.output = "unmix-survey";
    a.survey.emplace().ranks = read_ranks(usual_ranks_of_survey);
    return a;
}

arguments usual_rank_report()
{
    arguments a;
    a.iterations = 100;
    a.starts = 10;
    a.output = "unmix-rank";
    a.rank_report.emplace().ranks = read_ranks(usual_ranks_of_report);
    return a;
}

// What the help of each says at its end.

constexpr const char* after_help_of_fit =
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
    "(unmix rank --help and unmix survey --help list their options)";

constexpr const char* after_help_of_survey =
    "Writes survey.csv (every start), ranks.csv (every rank), report.json, mse_scatter.png, "
    "mse_pca.png, rank_K/maps.npy and rank_K/components.npy (the best of each rank K), and "
    "survey.state, from which --resume goes on. Ctrl-C ends the survey after the ranks that are "
    "done.\n"
    "Example: unmix survey core_shell.hspy --ranks 2:8 --output survey";

constexpr const char* after_help_of_rank =
    "Recommends a number of components, by the singular values that stand clear of the noise, and "
    "shows what other criteria say. Writes rank_criteria.csv (every rank), report.json and "
    "rank.png.\n"
    "Example: unmix rank core_shell.hspy --ranks 1:8 --output rank";
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
    arguments fit = usual_fit(), survey = usual_survey(), report = usual_rank_report();
    CLI::App app("Unmixes a scan into maps (where, how much) and components (what): X ~ C S^T.");
    app.set_version_flag("--version", std::string("unmix ") + xunmix::version);
    app.get_formatter()->column_width(30);
    declare_options(app, fit);
    app.footer(after_help_of_fit);
    const auto add_word =
        [&app](const char* word, const char* about, const char* after_help, arguments& a)
    {
        CLI::App* const command = app.add_subcommand(word, about);
        declare_options(*command, a);
        command->footer(after_help);
        command->preparse_callback([&app](std::size_t)
                                   { app.get_option("--rank")->required(false); });
        return command;
    };
    const CLI::App* const survey_word = add_word(
        "survey", "Many random starts at many ranks, to see how many components a scan has",
        after_help_of_survey, survey);
    const CLI::App* const rank_word =
        add_word("rank", "How many components a scan has, by several criteria, with reasons",
                 after_help_of_rank, report);
    arguments* chosen = &fit;
    try
    {
        app.parse(argc, argv);
        const CLI::App* given = &app;
        for (const auto& [word, a] : {std::pair(survey_word, &survey), {rank_word, &report}})
            if (word->parsed())
            {
                check_word_first(app, word->get_name());
                given = word;
                chosen = a;
            }
        check_options(*given, *chosen);
    }
    catch (const CLI::ParseError& e)
    {
        std::exit(app.exit(e) == 0 ? 0 : 2);
    }
    for (int i = 0; i < argc; ++i)
        chosen->command_line += (i ? " " : "") + std::string(argv[i]);
    return *chosen;
}
}
