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

/// The first Ctrl-C ends the run after the iteration under way, a second one the program.
void interrupt(int)
{
    interrupts = 1;
    std::signal(SIGINT, SIG_DFL);
}

/// Writes everything and returns the files' names.
std::string write_all(const support::run_folder& folder, const support::arguments& a,
                      const support::input& in, const support::outcome& out,
                      const std::optional<support::clustering>& clusters)
{
    std::string names = "maps.npy components.npy history.csv report.json montage.png mse.png";
    folder.write_array("maps.npy", support::without_nan(out.maps));
    folder.write_array("components.npy", support::without_nan(out.components));
    folder.write_csv("history.csv", support::history_table(out));
    auto report = support::report(a, in, out);
    draw_montage(folder / "montage.png", support::montage_of(a, in, out));
    draw_convergence(folder / "mse.png", support::convergence_of(a, out));
    if (out.maps.dimension() == 3)
    {
        draw_montage(folder / "fourier.png", support::fourier_of(a, in, out));
        names += " fourier.png";
    }
    if (!out.relevances.empty())
    {
        folder.write_csv("relevances.csv", support::relevances_table(out));
        draw_relevances(folder / "relevances.png", support::relevances_of(a, in, out));
        names += " relevances.csv relevances.png";
    }
    if (clusters)
    {
        support::write_clusters(folder, a, in, *clusters);
        report["clusters"] = support::report(a, *clusters);
        names += " clusters.csv similarity.npy cluster_patterns.npy cluster_maps.npy "
                 "dendrogram.png";
    }
    folder.write_json("report.json", report);
    return names;
}

int run(const support::arguments& a)
{
    const support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    support::check_clusters(a, in);
    std::cout << support::describe(in) << std::endl;
    std::signal(SIGINT, interrupt);
    const auto out =
        support::fit(in.scan.data, in.positions, in.keep, a, [] { return interrupts != 0; });
    std::optional<support::clustering> clusters;
    if (a.clusters)
        clusters = support::cluster_components(a, in, out);
    const std::string names = write_all(folder, a, in, out, clusters);
    std::cout << support::summary(a, out) << (clusters ? support::summary(*clusters) : "")
              << "Written to " << folder.path().string() << ": " << names << '\n';
    return 0;
}

int run_pca(const support::arguments& a)
{
    const support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    const auto out = support::decompose(a, in);
    folder.write_array("maps.npy", support::without_nan(out.maps));
    folder.write_array("components.npy", support::without_nan(out.components));
    folder.write_array("mean.npy", out.mean);
    folder.write_csv("scree.csv", support::scree_table(out));
    folder.write_json("report.json", support::report(a, in, out));
    draw_montage(folder / "montage.png", support::montage_of(a, in, out));
    draw_scree(folder / "scree.png", support::scree_of(a, in, out));
    std::cout << support::summary(out) << "Written to " << folder.path().string()
              << ": maps.npy components.npy mean.npy scree.csv report.json montage.png "
                 "scree.png\n";
    return 0;
}

int run_survey(const support::arguments& a)
{
    const support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    std::signal(SIGINT, interrupt);
    auto others = support::read_others(a, in);
    const auto out = support::survey(in, a, folder, [] { return interrupts != 0; });
    if (out.ranks.empty())
        throw xunmix::error("stopped before the first rank was done: nothing was written");
    folder.write_csv("survey.csv", support::starts_table(out));
    folder.write_csv("ranks.csv", support::ranks_table(out));
    folder.write_json("report.json", support::report(a, in, out));
    const auto study = support::study_of(a, in, out, std::move(others));
    draw_mse_scatter(folder / "mse_scatter.png", study);
    draw_mse_pca(folder / "mse_pca.png", study);
    std::cout << support::summary(a, out) << "Written to " << folder.path().string()
              << ": survey.csv ranks.csv report.json mse_scatter.png mse_pca.png survey.state, and "
                 "maps.npy components.npy in rank_K\n";
    return 0;
}

int run_rank(const support::arguments& a)
{
    const support::run_folder folder(a.output);
    const auto in = support::open_input(a);
    std::cout << support::describe(in) << std::endl;
    const auto begin = std::chrono::steady_clock::now();
    const auto found = support::find_rank(in, a);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    folder.write_csv("rank_criteria.csv", support::criteria_table(found));
    folder.write_json("report.json", support::report(a, in, found, took.count()));
    draw_ranks(folder / "rank.png", support::picture_of(in, found));
    std::cout << support::summary(found) << "Written to " << folder.path().string()
              << ": rank_criteria.csv report.json rank.png\n";
    return 0;
}
}

int main(int argc, char** argv)
{
    const auto a = support::read_arguments(argc, argv);
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
