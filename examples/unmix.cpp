// SPDX-License-Identifier: BSD-3-Clause

// Unmixes a scan from the command line: file in, maps, components and pictures out. With the word
// survey: many starts at many ranks; with the word rank: several criteria, to see how many
// components there are.

#include "support/arguments.hpp"
#include "support/clusters.hpp"
#include "support/decompose.hpp"
#include "support/figure.hpp"
#include "support/fit.hpp"
#include "support/input.hpp"
#include "support/rank_report.hpp"
#include "support/report.hpp"
#include "support/run_folder.hpp"
#include "support/survey.hpp"
#include "support/survey_report.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <optional>
#include <utility>

namespace
{
volatile std::sig_atomic_t interrupts = 0;

/// The first Ctrl-C, SIGTERM or SIGHUP ends the run after the iteration under way, a second one the
/// program.
void interrupt(int signal)
{
    interrupts = 1;
    std::signal(signal, SIG_DFL);
}

void end_on_signals()
{
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    if (std::signal(SIGHUP, interrupt) == SIG_IGN)
        std::signal(SIGHUP, SIG_IGN); // as nohup wants it
}

int run(const support::arguments& a)
{
    support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    support::check_clusters(a, in);
    std::cout << support::describe(in) << std::endl;
    end_on_signals();
    const auto out =
        support::fit(in.scan.data, in.positions, in.keep, a, [] { return interrupts != 0; });
    folder.write_array("maps.npy", support::without_nan(out.maps));
    folder.write_array("components.npy", support::without_nan(out.components));
    folder.write_csv("history.csv", support::history_table(out));
    auto report = support::report(a, in, out);
    if (!out.relevances.empty())
        folder.write_csv("relevances.csv", support::relevances_table(out));
    std::optional<support::clustering> clusters;
    std::optional<support::cluster_picture> tree;
    if (a.clusters)
    {
        folder.write_json("report.json", report); // before what may take long, or fail
        clusters = support::cluster_components(a, in, out);
        tree = support::clusters_picture(a, in, *clusters);
        support::write_clusters(folder, *clusters, *tree);
        report["clusters"] = support::report(a, *clusters);
    }
    folder.write_json("report.json", report);
    std::cout << support::summary(a, out) << (clusters ? support::summary(*clusters) : "")
              << std::flush;
    folder.write_picture("montage.png", [&](const auto& path)
                         { draw_montage(path, support::montage_of(a, in, out)); });
    folder.write_picture("mse.png", [&](const auto& path)
                         { draw_convergence(path, support::convergence_of(a, out)); });
    if (out.maps.dimension() == 3)
        folder.write_picture("fourier.png", [&](const auto& path)
                             { draw_montage(path, support::fourier_of(a, in, out)); });
    if (!out.relevances.empty())
        folder.write_picture("relevances.png", [&](const auto& path)
                             { draw_relevances(path, support::relevances_of(a, in, out)); });
    if (tree)
        folder.write_picture("dendrogram.png",
                             [&](const auto& path) { draw_dendrogram(path, *tree); });
    std::cout << folder.summary();
    return 0;
}

int run_pca(const support::arguments& a)
{
    support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    const auto out = support::decompose(a, in);
    folder.write_array("maps.npy", support::without_nan(out.maps));
    folder.write_array("components.npy", support::without_nan(out.components));
    folder.write_array("mean.npy", out.mean);
    folder.write_csv("scree.csv", support::scree_table(out));
    folder.write_json("report.json", support::report(a, in, out));
    std::cout << support::summary(out) << std::flush;
    folder.write_picture("montage.png", [&](const auto& path)
                         { draw_montage(path, support::montage_of(a, in, out)); });
    folder.write_picture("scree.png", [&](const auto& path)
                         { draw_scree(path, support::scree_of(a, in, out)); });
    std::cout << folder.summary();
    return 0;
}

int run_survey(const support::arguments& a)
{
    support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    end_on_signals();
    auto others = support::read_others(a, in);
    const auto out = support::survey(in, a, folder, [] { return interrupts != 0; });
    if (out.ranks.empty())
        throw xunmix::error("stopped before the first rank was done: nothing was written");
    folder.write_csv("survey.csv", support::starts_table(out));
    folder.write_csv("ranks.csv", support::ranks_table(out));
    folder.write_json("report.json", support::report(a, in, out));
    std::cout << support::summary(a, out) << std::flush;
    const auto study = support::study_of(a, in, out, std::move(others));
    folder.write_picture("mse_scatter.png",
                         [&](const auto& path) { draw_mse_scatter(path, study); });
    folder.write_picture("mse_pca.png", [&](const auto& path) { draw_mse_pca(path, study); });
    std::cout << folder.summary() << "and survey.state; in rank_K: maps.npy components.npy\n";
    return 0;
}

int run_rank(const support::arguments& a)
{
    support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    const auto begin = std::chrono::steady_clock::now();
    const auto found = support::find_rank(in, a);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    folder.write_csv("rank_criteria.csv", support::criteria_table(found));
    folder.write_json("report.json", support::report(a, in, found, took.count()));
    std::cout << support::summary(found) << std::flush;
    folder.write_picture("rank.png", [&](const auto& path)
                         { draw_ranks(path, support::picture_of(in, found)); });
    std::cout << folder.summary();
    return 0;
}
}

int main(int argc, char** argv)
{
    const auto a = support::read_arguments(argc, argv);
    std::signal(SIGPIPE, SIG_IGN); // results are written though nobody reads the lines
    try
    {
        return a.survey               ? run_survey(a)
               : a.rank_report        ? run_rank(a)
               : a.algorithm == "pca" ? run_pca(a)
                                      : run(a);
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
