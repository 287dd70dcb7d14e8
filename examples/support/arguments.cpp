// SPDX-License-Identifier: BSD-3-Clause
#include "arguments.hpp"
#include "model_options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <sstream>

#include <CLI/CLI.hpp>

#include <xunmix/version.hpp>

namespace support
{
namespace
{
constexpr std::uint64_t most_draws = 10'000;
constexpr std::uint64_t most_axis = 31; ///< HDF5 and NumPy have arrays of up to 32

void describe_data(CLI::App& app, arguments& a)
{
    app.add_option("INPUT", a.input,
                   "Scan: .npy, or HDF5 (.hspy, EMD 1.0, any file with --dataset). Without it a "
                   "simulated scan is taken");
    app.add_option(
           "--simulate", a.simulate,
           "The simulated scan that is taken without INPUT. nanosheets: 4D-STEM of titanium "
           "oxide; silicon_diode, eels: EELS of layers; edx: EDX of particles "
           "[nanosheets]")
        ->check(CLI::IsMember({"nanosheets", "silicon_diode", "edx", "eels"}).description(""))
        ->type_name("NAME");
    app.add_option("--dataset", a.dataset, "Path of the dataset in an HDF5 file");
    app.add_option("--positions", a.positions,
                   "Axes that say where, the slowest first, as 0,1 [what the file says, else all "
                   "but the last axis of 3, the first two of 4 or more, the first of 2]")
        ->check(whole_number(0, most_axis))
        ->delimiter(',')
        ->type_name("AXIS,...");
    app.add_option_function<std::vector<double>>(
           "--mask-disk",
           [&a](const std::vector<double>& v) {
               a.mask_disk = {v[0], v[1], v[2]};
           },
           "Mask a disk of channels, y,x,r in pixels: the direct beam of a diffraction pattern")
        ->delimiter(',')
        ->expected(3)
        ->type_name("Y,X,R");
    app.add_flag("--clip-negative", a.clip_negative,
                 "Set negative values to zero first (mu and ard_mu take none)");
    describe_preparation(app, a);
}

void describe_run(CLI::App& app, arguments& a)
{
    app.add_option("--iterations", a.iterations, "At most so many a start")
        ->check(whole_number(0, most_iterations))
        ->capture_default_str();
    app.add_option("--tolerance", a.tolerance,
                   "A start ends where the objective's relative decrease is less; 0: never")
        ->capture_default_str();
    describe_starts(app, a);
    app.add_option("--threads", a.threads, "At most so many; 0: as many as there are cores")
        ->check(whole_number(0, most_threads))
        ->capture_default_str();
    app.add_option("--output", a.output,
                   "Folder to write to; its files of the same names are replaced")
        ->capture_default_str();
}

/// The options of one factorization that a survey does not have.
void describe_more(CLI::App& app, arguments& a, cluster_request& c)
{
    app.add_flag("--uncentred", a.uncentred,
                 "pca leaves the mean in: the best model of its rank, truncated singular values");
    app.add_option(
           "--cluster", c.count,
           "Gather components that are one diffraction pattern, turned, in so many clusters")
        ->check(whole_number(1, most_components));
    app.add_option("--linkage", c.linkage,
                   "Distance between clusters: average, complete, single or ward")
        ->check(CLI::IsMember(linkages()))
        ->capture_default_str();
    app.add_flag("--friedel", c.friedel,
                 "For --cluster, a pattern is the same when turned by 180 degrees");
}

/// What CLI11 does not check by itself.
void check_one(const CLI::App& app, const arguments& a, const cluster_request& c)
{
    const auto given = [&](const char* option) { return app.get_option(option)->count() > 0; };
    check_model(app, a);
    if (a.uncentred && a.algorithm != "pca")
        throw CLI::ValidationError("--uncentred", "only --algorithm pca takes the mean off");
    for (const char* option : {"--linkage", "--friedel"})
        if (given(option) && !given("--cluster"))
            throw CLI::ValidationError(option, "it says how to cluster; give --cluster, too");
    if (given("--cluster") && (a.rank < 2 || c.count > a.rank))
        throw CLI::ValidationError(
            "--cluster", std::to_string(a.rank) + " components can be gathered in " +
                             (a.rank < 2 ? "no clusters: it takes two at least"
                                         : "1 to " + std::to_string(a.rank) + " clusters, got " +
                                               std::to_string(c.count)));
}

std::size_t read_number(std::string_view text)
{
    std::size_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (text.empty() || failure != std::errc{} || stop != end)
        throw CLI::ValidationError("--ranks", "cannot read \"" + std::string(text) +
                                                  "\"; write first and last rank as 2:15, one "
                                                  "rank as 7, or a list as 2,4,8");
    if (value < 1 || value > most_components)
        throw CLI::ValidationError("--ranks", "a rank is a number of components, from 1 to " +
                                                  std::to_string(most_components) + "; got " +
                                                  std::string(text));
    return value;
}

/// "2:15", "7", "2,4,8" and mixtures, ascending.
std::vector<std::size_t> read_ranks(const std::string& text)
{
    std::vector<std::size_t> ranks;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');)
    {
        const auto colon = std::min(part.find(':'), part.size());
        const std::size_t first = read_number(std::string_view(part).substr(0, colon));
        const std::size_t last =
            colon == part.size() ? first : read_number(std::string_view(part).substr(colon + 1));
        if (first > last)
            throw CLI::ValidationError("--ranks", part +
                                                      " is empty: its first rank is above its "
                                                      "last; write " +
                                                      std::to_string(last) + ":" +
                                                      std::to_string(first));
        for (std::size_t rank = first; rank <= last; ++rank)
            ranks.push_back(rank);
    }
    std::sort(ranks.begin(), ranks.end());
    return ranks;
}

void describe_survey(CLI::App& app, survey_request& s)
{
    app.add_option_function<std::string>(
           "--ranks", [&s](const std::string& text) { s.ranks = read_ranks(text); },
           "Numbers of components: first and last as 2:15, one as 7, or a list as 2,4,8")
        ->default_str("2:15")
        ->type_name("FIRST:LAST");
    app.add_flag("--exact", s.exact,
                 "Iterate on the scan itself, all starts of a rank sharing each read of it, "
                 "instead of on compressed data: slower, without their approximation");
    app.add_option("--halving", s.halving,
                   "Drop the worse half of a rank's starts after so many iterations, and again "
                   "after twice as many; 0: never")
        ->check(whole_number(0, most_iterations))
        ->capture_default_str();
    app.add_option("--compression", s.compression,
                   "Directions that compressed data keep; 0: about 25 more than the largest rank")
        ->check(whole_number(0, most_components))
        ->capture_default_str();
    app.add_option("--polish", s.polish,
                   "Iterations on the scan itself, at most, of the best start of each rank")
        ->check(whole_number(0, most_iterations))
        ->capture_default_str();
    app.add_flag("--resume", s.resume,
                 "Go on after the ranks that an earlier survey of the same scan and options left "
                 "in the output folder");
    app.add_option("--beside", s.beside,
                   "Draw the minima of earlier surveys of the same scan, in these folders, in "
                   "mse_pca.png, too: another algorithm's")
        ->delimiter(',')
        ->type_name("FOLDER,...");
}

/// The options of `app` count for one factorization only, not after another word.
void check_word_first(const CLI::App& app, const std::string& word)
{
    for (const CLI::Option* option : app.get_options())
        if (option->count() > 0)
            throw CLI::ValidationError(word, "the word comes first, then the scan and the "
                                             "options: unmix " +
                                                 word + " INPUT [OPTIONS]");
}

/// What CLI11 does not check by itself.
void check_survey(const survey_request& s)
{
    if (s.exact && s.halving > 0)
        throw CLI::ValidationError("--halving", "an exact survey runs every start to its end; "
                                                "leave out either --exact or --halving");
}

CLI::App* add_survey(CLI::App& app, arguments& a)
{
    CLI::App* const survey = app.add_subcommand(
        "survey", "Many random starts at many ranks, to see how many components a scan has");
    describe_data(*survey, a);
    describe_survey(*survey, *a.survey);
    describe_model(*survey, a);
    describe_run(*survey, a);
    survey->footer("Writes survey.csv (every start), ranks.csv (every rank), report.json, "
                   "mse_scatter.png, mse_pca.png, rank_K/maps.npy and rank_K/components.npy (the "
                   "best of each rank K), and survey.state, from which --resume goes on. Ctrl-C "
                   "ends the survey after the ranks that are done.\n"
                   "Example: unmix survey core_shell.hspy --ranks 2:8 --output survey");
    return survey;
}

void describe_rank(CLI::App& app, arguments& a, rank_request& r)
{
    app.add_option_function<std::string>(
           "--ranks", [&r](const std::string& text) { r.ranks = read_ranks(text); },
           "Numbers of components: first and last as 1:10, one as 7, or a list as 2,4,8")
        ->default_str("1:10")
        ->type_name("FIRST:LAST");
    app.add_option("--noise", a.noise,
                   "gaussian: of unknown variance; poisson: that of counts; auto: poisson for "
                   "whole numbers that are not negative, else gaussian")
        ->check(CLI::IsMember({"auto", "gaussian", "poisson"}))
        ->capture_default_str();
    app.add_option("--starts", a.starts, "Random starts at each rank, to see whether they agree")
        ->check(whole_number(1, most_starts))
        ->capture_default_str();
    app.add_option("--iterations", a.iterations, "At most so many a start")
        ->check(whole_number(0, most_iterations))
        ->capture_default_str();
    app.add_option("--tolerance", a.tolerance,
                   "A start ends where the objective's relative decrease is less; 0: never")
        ->capture_default_str();
    app.add_option("--draws", r.draws, "Scans drawn to see where the noise of counts ends")
        ->check(whole_number(1, most_draws))
        ->capture_default_str();
    app.add_option("--held-out", r.held_out,
                   "Share of the counts held out, to see how well a model of the others foretells "
                   "them")
        ->capture_default_str();
    app.add_option("--seed", a.seed, "Of the first start; the next ones count on from it")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
        ->capture_default_str();
    app.add_option("--threads", a.threads, "At most so many; 0: as many as there are cores")
        ->check(whole_number(0, most_threads))
        ->capture_default_str();
    app.add_option("--output", a.output,
                   "Folder to write to; its files of the same names are replaced")
        ->capture_default_str();
}

CLI::App* add_rank(CLI::App& app, arguments& a)
{
    CLI::App* const rank = app.add_subcommand(
        "rank", "How many components a scan has, by several criteria, with reasons");
    describe_data(*rank, a);
    describe_rank(*rank, a, *a.rank_report);
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
    describe_data(app, one);
    CLI::Option* const rank = app.add_option("--rank", one.rank, "Number of components")
                                  ->required()
                                  ->check(whole_number(1, most_components));
    describe_model(app, one);
    describe_run(app, one);
    cluster_request clusters;
    describe_more(app, one, clusters);
    CLI::App* const survey = add_survey(app, many);
    CLI::App* const report = add_rank(app, count);
    for (CLI::App* word : {survey, report})
        word->preparse_callback([rank](std::size_t) { rank->required(false); });
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
        {
            check_model(*survey, many);
            check_survey(*many.survey);
        }
        else if (!report->parsed())
            check_one(app, one, clusters);
    }
    catch (const CLI::ParseError& e)
    {
        std::exit(app.exit(e) == 0 ? 0 : 2);
    }
    if (clusters.count > 0)
        one.clusters = clusters;
    arguments& a = survey->parsed() ? many : report->parsed() ? count : one;
    for (int i = 0; i < argc; ++i)
        a.command_line += (i ? " " : "") + std::string(argv[i]);
    return a;
}
}
