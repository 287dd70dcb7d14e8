// SPDX-License-Identifier: BSD-3-Clause

// `unmix rank` from outside: what it prints, writes and recommends; and the pictures of criteria,
// relevances and spectra beside the truth.
#include "spectra.hpp"

#include "plot/comparison.hpp"
#include "plot/rank_picture.hpp"
#include "plot/relevances.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <xunmix/io/npy.hpp>
#include <xunmix/simulate/silicon_diode.hpp>

namespace rank_test
{
namespace xu = xunmix;

namespace
{
using simulated_counts = xu::tensor<std::uint16_t>;

/// Three layers, (16, 16, 60).
simulated_counts layers()
{
    return xu::simulate::silicon_diode(
               {.scan = {16, 16}, .channels = 60, .step_ev = 1, .dose = 3000})
        .scan;
}

/// Runs unmix rank on a scan, in a folder with scan.npy, into its folder out.
template <class T>
program_run run_rank(const scratch_folder& folder, const xu::tensor<T>& scan,
                     const std::string& options)
{
    xu::write_npy(folder / "scan.npy", scan);
    return run_unmix("rank " + (folder / "scan.npy").string() + " --output " +
                     (folder / "out").string() + " " + options);
}

nlohmann::json report_of(const scratch_folder& folder)
{
    return nlohmann::json::parse(read_bytes(folder / "out" / "report.json"));
}

bool is_png(const std::string& bytes)
{
    return bytes.starts_with("\x89PNG\r\n") && bytes.size() > 2000;
}

/// Rows of words, the first one the names of the columns.
std::vector<std::vector<std::string>> read_rows(const std::string& csv)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);)
    {
        std::istringstream words(line);
        auto& row = rows.emplace_back();
        for (std::string word; std::getline(words, word, ',');)
            row.push_back(word);
    }
    return rows;
}

const std::string quick = "--ranks 1:5 --starts 3 --draws 4 --iterations 40 ";
}

TEST_CASE("unmix rank recommends a number of components, with reasons and a picture")
{
    const scratch_folder folder;
    const auto run = run_rank(folder, layers(), quick);
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    CHECK(run.output.find("Recommended: 3 components\n  3 components stand clear of the noise") !=
          std::string::npos);
    CHECK(run.output.find("\nheld_out ") != std::string::npos);
    CHECK(is_png(read_bytes(folder / "out" / "rank.png")));

    const auto report = report_of(folder);
    CHECK(report["program"] == "unmix rank");
    CHECK(report["recommended"] == 3);
    CHECK(report["noise_model"] == "poisson");
    CHECK(report["options"]["ranks"] == nlohmann::json{1, 2, 3, 4, 5});
    CHECK(report["reasons"].size() >= 2);
    const auto rows = read_rows(read_bytes(folder / "out" / "rank_criteria.csv"));
    REQUIRE(rows.size() == 6);
    const auto& criteria = report["criteria"];
    REQUIRE(rows[0].size() == 4 + criteria.size());
    for (std::size_t i = 0; i < criteria.size(); ++i)
    {
        CHECK(rows[0][4 + i] == criteria[i]["name"]);
        for (std::size_t r = 0; r < 5; ++r)
        {
            const auto& value = criteria[i]["values"][r];
            CHECK(rows[r + 1][0] == std::to_string(r + 1));
            CHECK((rows[r + 1][4 + i] == "nan" ? value.is_null()
                                               : value == std::stod(rows[r + 1][4 + i])));
        }
    }
}

TEST_CASE("unmix rank shows what a criterion lacks")
{
    const scratch_folder folder;
    const auto counts = layers();
    xu::tensor<float> measured = counts;
    measured(0, 0, 0) = -0.5F;
    const auto run = run_rank(folder, measured, "--ranks 1:5 --starts 1 --iterations 40");
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    CHECK(run.output.find("held_out       -  Not applicable: thinning needs counts") !=
          std::string::npos);
    CHECK(run.output.find("stability      -  Not applicable: consistency needs at least two") !=
          std::string::npos);
    const auto report = report_of(folder);
    CHECK(report["noise_model"] == "gaussian");
    for (const auto& criterion : report["criteria"])
        if (criterion["name"] == "held_out")
            CHECK(criterion["rank"].is_null());
}

TEST_CASE("unmix rank says the same again, whatever the threads and the type of the counts")
{
    const scratch_folder first, second;
    const auto counts = layers();
    REQUIRE(run_rank(first, counts, quick + "--threads 1").exit_code == 0);
    REQUIRE(run_rank(second, counts, quick + "--threads 2").exit_code == 0);
    CHECK(read_bytes(first / "out" / "rank_criteria.csv") ==
          read_bytes(second / "out" / "rank_criteria.csv"));
    const xu::tensor<std::int64_t> wide = counts;
    REQUIRE(run_rank(second, wide, quick).exit_code == 0);
    CHECK(report_of(second)["recommended"] == 3);
    CHECK(report_of(second)["noise_model"] == "poisson");
}

TEST_CASE("unmix rank refuses what cannot be")
{
    const auto counts = layers();
    check_refused(counts, "rank", "--ranks 5:2", 2,
                  "--ranks: 5:2 is empty: its first rank is above its last; write 2:5");
    check_refused(counts, "rank", "--ranks 2:4,3", 1,
                  "rank 3 is named twice among the report's ranks");
    check_refused(counts, "rank", "--ranks 61", 1,
                  "the rank must be at least 1 and at most the smaller of positions and channels, "
                  "min(256, 60) unmasked; got 61");
    check_refused(counts, "rank", "--held-out 1", 1,
                  "the share held out must lie between 0 and 1, got 1");
    check_refused(counts, "rank", "--starts 0", 2,
                  "--starts: takes a whole number from 1 to 1000000, got \"0\"");
    const auto late = run_unmix("--seed 3 rank scan.npy");
    CHECK(late.exit_code == 2);
    CHECK(late.output.find("rank: the word comes first, then the scan and the options: unmix rank "
                           "INPUT [OPTIONS]") == 0);
}

TEST_CASE("unmix rank tells how to use it")
{
    const auto help = run_unmix("rank --help");
    CHECK(help.exit_code == 0);
    for (const char* option : {"--ranks", "--noise", "--starts", "--draws", "--held-out"})
        CHECK(help.output.find(option) != std::string::npos);
    CHECK(run_unmix("--help").output.find("unmix rank core_shell.hspy --ranks 1:8") !=
          std::string::npos);
}

TEST_CASE("criteria are drawn whatever their values")
{
    const scratch_folder folder;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const unmix::rank_panel panels[] = {
        {.title = "nothing", .why_not = "not applicable: there is nothing to be had here"},
        {.title = "one", .values = {nan, 2, nan}, .pick = 2, .range = {1, 3}},
        {.title = "gone", .values = {nan, nan, nan}, .pick = 9, .why_not = "a-word-without-end"},
        {.title = "all", .values = {3, 2, 1}, .beneath = {2, 1, 0}, .threshold = 2}};
    unmix::rank_picture picture{.ranks = {2, 4, 7}, .recommended = 4, .title = "criteria"};
    for (const auto& panel : panels)
    {
        picture.panels.push_back(panel);
        unmix::draw_ranks(folder / "rank.png", picture);
        CHECK(is_png(read_bytes(folder / "rank.png")));
    }
    picture.ranks.clear();
    CHECK(message_of<xu::invalid_argument>([&]
                                           { unmix::draw_ranks(folder / "rank.png", picture); }) ==
          "a picture of criteria needs at least one rank and one criterion, got 0 and 4");
}

TEST_CASE("relevances are drawn whatever dies")
{
    const scratch_folder folder;
    using trace = std::vector<std::vector<double>>;
    for (const trace& values : {trace{{1, 2}}, trace{{1, 2, 3}, {1, 1e-5, 4}, {1, 0, 5}},
                                trace{{0, 0}, {0, 0}}, trace{{5}, {std::nan("")}}})
    {
        unmix::draw_relevances(folder / "relevances.png", {.trace = values});
        CHECK(is_png(read_bytes(folder / "relevances.png")));
    }
    CHECK(message_of<xu::invalid_argument>(
              [&] { unmix::draw_relevances(folder / "relevances.png", {}); }) ==
          "there are no relevances to draw: the trace has 0 iterations; pass it to factorize by "
          "name");
    CHECK_THROWS_AS(unmix::draw_relevances(folder / "relevances.png", {.trace = {{1, 2}, {1}}}),
                    xu::invalid_argument);
}

TEST_CASE("spectra are drawn beside the truth, if they are of the same scan")
{
    const scratch_folder folder;
    const auto diode = xu::simulate::silicon_diode({.scan = {8, 10}, .channels = 20});
    unmix::comparison what{.truth = {"truth", diode.components, diode.maps},
                           .rows = {{"found", diode.components, diode.maps}},
                           .phases = diode.names,
                           .energy = {.name = "energy loss", .units = "eV"}};
    unmix::draw_comparison(folder / "beside.png", what);
    CHECK(is_png(read_bytes(folder / "beside.png")));
    what.rows[0].components = xu::tensor<double>::from_shape({3, 19});
    CHECK(message_of<xu::invalid_argument>(
              [&] { unmix::draw_comparison(folder / "beside.png", what); }) ==
          "the components and maps of found must have the truth's shapes, (3, 20) and (3, 8, 10), "
          "got (3, 19) and (3, 8, 10)");
}
}
