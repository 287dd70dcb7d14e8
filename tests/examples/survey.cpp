// SPDX-License-Identifier: BSD-3-Clause

// `unmix survey` from outside: its files agree with each other and with the scan, a survey that was
// stopped goes on to the same numbers, and bad input is told in a sentence.
#include "program.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <xunmix/io/npy.hpp>
#include <xunmix/simulate/nanosheets.hpp>

namespace survey_test
{
namespace xu = xunmix;

namespace
{
/// 4D-STEM counts, (12, 12, 16, 16), of a detector with a beam stop.
xu::tensor<std::uint16_t> small_scan()
{
    auto simulated = xu::simulate::nanosheets<std::uint16_t>(
        {.positions = {12, 12}, .detector = {16, 16}, .sheets = 3, .electrons = 4000});
    const auto keep = simulated.direct_beam.outside({16, 16});
    for (std::size_t i = 0; i < simulated.scan.size(); ++i)
        if (!keep.data()[i % keep.size()])
            simulated.scan.data()[i] = 0;
    return simulated.scan;
}

/// A folder with small_scan() in scan.npy, and surveys of it.
struct surveyed_scan
{
    scratch_folder folder;
    xu::tensor<std::uint16_t> scan = small_scan();

    surveyed_scan()
    {
        xu::write_npy(folder / "scan.npy", scan);
    }
    [[nodiscard]] std::string command(const std::string& name, const std::string& options) const
    {
        return "survey " + (folder / "scan.npy").string() + " --output " +
               (folder / name).string() + " " + options;
    }
    [[nodiscard]] program_run survey(const std::string& name, const std::string& options) const
    {
        return run_unmix(command(name, options));
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& file) const
    {
        return read_bytes(folder / name / file);
    }
};

/// The lines of a CSV file below the first, as words by column.
std::vector<std::map<std::string, std::string>> read_csv(const std::string& text)
{
    const auto words = [](const std::string& line)
    {
        std::vector<std::string> out;
        std::istringstream parts(line);
        for (std::string word; std::getline(parts, word, ',');)
            out.push_back(word);
        return out;
    };
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    const auto columns = words(line);
    std::vector<std::map<std::string, std::string>> rows;
    while (std::getline(lines, line))
    {
        const auto values = words(line);
        REQUIRE(values.size() == columns.size());
        auto& row = rows.emplace_back();
        for (std::size_t i = 0; i < columns.size(); ++i)
            row[columns[i]] = values[i];
    }
    return rows;
}

/// |X - C S^T|^2 / (n m) of what a survey wrote for a rank.
double mse_of_files(const surveyed_scan& s, const std::string& name, const std::string& rank)
{
    const auto maps = xu::read_npy_as<double>(s.folder / name / ("rank_" + rank) / "maps.npy");
    const auto components =
        xu::read_npy_as<double>(s.folder / name / ("rank_" + rank) / "components.npy");
    const std::size_t k = maps.shape(0), n = 144, m = 256;
    REQUIRE(std::to_string(k) == rank);
    REQUIRE(maps.size() == k * n);
    REQUIRE(components.size() == k * m);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < m; ++c)
        {
            double rest = s.scan.data()[i * m + c];
            for (std::size_t j = 0; j < k; ++j)
                rest -= maps.data()[j * n + i] * components.data()[j * m + c];
            sum += rest * rest;
        }
    return sum / static_cast<double>(n * m);
}

/// Width of a PNG file; 0 where it is none.
std::size_t png_width(const std::string& bytes)
{
    if (!bytes.starts_with("\x89PNG\r\n") || bytes.size() < 5000)
        return 0;
    std::size_t width = 0;
    for (std::size_t i = 16; i < 20; ++i)
        width = 256 * width + static_cast<unsigned char>(bytes[i]);
    return width;
}

/// The survey must fail with this exit code and exactly this last sentence, and write nothing.
void check_refused(const std::string& options, int exit_code, const std::string& sentence)
{
    const surveyed_scan s;
    const auto run = s.survey("out", options);
    CAPTURE(run.output);
    CHECK(run.exit_code == exit_code);
    const std::string rest = exit_code == 2 ? "\nRun with --help for more information.\n" : "\n";
    const std::string begin = exit_code == 2 ? "" : "unmix: ";
    CHECK(run.output.ends_with(begin + sentence + rest));
    CHECK(s.folder.count() == 1); // the scan alone
}
}

TEST_CASE("unmix survey: what it writes agrees with itself and with the scan")
{
    const surveyed_scan s;
    for (const std::string how :
         {"--algorithm hals", "--algorithm hals --exact", "--algorithm bpp --halving 10",
          "--algorithm als --noise gaussian"})
    {
        CAPTURE(how);
        const auto run = s.survey("out", "--ranks 2:4,6 --starts 5 --seed 3 " + how);
        CAPTURE(run.output);
        REQUIRE(run.exit_code == 0);
        const auto starts = read_csv(s.file("out", "survey.csv"));
        const auto ranks = read_csv(s.file("out", "ranks.csv"));
        const auto report = nlohmann::json::parse(s.file("out", "report.json"));
        REQUIRE(starts.size() == 4 * 5);
        REQUIRE(ranks.size() == 4);
        REQUIRE(report["ranks"].size() == 4);
        CHECK(report["options"]["ranks"] == nlohmann::json{2, 3, 4, 6});
        CHECK(report["compression_size"] >= 30);
        CHECK(report["status"] == "done");
        double last = 1e300;
        for (std::size_t i = 0; i < ranks.size(); ++i)
        {
            const auto& rank = ranks[i];
            CAPTURE(rank.at("rank"));
            const double minimum = std::stod(rank.at("minimum"));
            CHECK(minimum ==
                  doctest::Approx(mse_of_files(s, "out", rank.at("rank"))).epsilon(1e-4));
            CHECK(report["ranks"][i]["minimum"] == minimum);
            CHECK(minimum >= std::stod(rank.at("pca_mse")) * (1 - 1e-6));
            CHECK(minimum < last * 1.01); // halving may drop the best start
            last = minimum;
            double least = 1e300, sum = 0, counted = 0;
            for (std::size_t j = 5 * i; j < 5 * i + 5; ++j)
            {
                CHECK(starts[j].at("rank") == rank.at("rank"));
                CHECK(starts[j].at("start") == std::to_string(j % 5 + 1));
                CHECK(starts[j].at("seed") == std::to_string(j % 5 + 3));
                least = std::min(least, std::stod(starts[j].at("mse")));
                if (starts[j].at("dropped") == "0")
                {
                    sum += std::stod(starts[j].at("mse"));
                    ++counted;
                }
            }
            CHECK(minimum <= least * (1 + 1e-3)); // polished
            CHECK(minimum >= least * (1 - 5e-2));
            CHECK(std::stod(rank.at("mean")) == doctest::Approx(sum / counted));
            CHECK(std::stoul(rank.at("near_best")) >= 1);
        }
        for (const char* picture : {"mse_scatter.png", "mse_pca.png"})
            CHECK(png_width(s.file("out", picture)) >= 1000);
    }
}

TEST_CASE("unmix survey weighs counts on compressed data as on the scan itself")
{
    const surveyed_scan s;
    REQUIRE(s.survey("out", "--ranks 2:4 --starts 4 --noise poisson").exit_code == 0);
    const auto ranks = read_csv(s.file("out", "ranks.csv"));
    for (std::size_t i = 0; i < 3; ++i)
    {
        const double minimum = std::stod(ranks[i].at("minimum"));
        CHECK(minimum > 0.5); // counting noise alone leaves 1
        CHECK(minimum < 2);
        CHECK(minimum >= std::stod(ranks[i].at("pca_mse")));
        CHECK(minimum < 1.2 * std::stod(ranks[i].at("pca_mse")));
        CHECK(std::stod(ranks[i].at("mean")) == doctest::Approx(minimum).epsilon(0.05));
        CHECK(ranks[i].at("scaled_pca_mse") == "nan"); // PCA is the scaled one
    }
    const auto report = nlohmann::json::parse(s.file("out", "report.json"));
    CHECK(report["crossing"].is_null());
}

TEST_CASE("unmix survey gives the same numbers again, whatever the number of threads")
{
    const surveyed_scan s;
    for (const std::string threads : {"1", "2"})
        REQUIRE(s.survey(threads, "--ranks 3,5 --starts 4 --threads " + threads).exit_code == 0);
    for (const char* file : {"survey.csv", "ranks.csv", "rank_3/maps.npy", "rank_5/components.npy"})
        CHECK(s.file("1", file) == s.file("2", file));
}

TEST_CASE("unmix survey of the simulated scan")
{
    const scratch_folder folder;
    const auto run =
        run_unmix("survey --ranks 6:7 --starts 2 --iterations 10 --polish 2 --output " +
                  (folder / "out").string());
    CAPTURE(run.output);
    CHECK(run.exit_code == 0);
    CHECK(run.output.find("simulated nanosheets: 100 x 100 positions") == 0);
    CHECK(run.output.find("rank 7 (2 of 2): 2 starts, minimum mse ") != std::string::npos);
    const auto maps = xu::read_npy_as<double>(folder / "out" / "rank_7" / "maps.npy");
    CHECK(std::vector<std::size_t>(maps.shape().begin(), maps.shape().end()) ==
          std::vector<std::size_t>{7, 100, 100});
}

TEST_CASE("unmix survey goes on from an interrupted one to the same numbers")
{
    const surveyed_scan s;
    const std::string options =
        "--ranks 2:9 --starts 20 --iterations 150 --tolerance 0 --threads 1 ";
    const auto whole = s.survey("whole", options);
    CAPTURE(whole.output);
    REQUIRE(whole.exit_code == 0);
    const std::string state = (s.folder / "part" / "survey.state").string();
    const auto part = s.survey("part", options + "& while ! test -e " + state +
                                           "; do sleep 0.02; done; kill -INT $!; wait $!");
    CAPTURE(part.output);
    REQUIRE(part.exit_code == 0);
    const auto message = part.output.find("Stopped after ");
    REQUIRE(message != std::string::npos);
    CHECK(part.output.find(" of 8 ranks; the same command with --resume goes on from there.\n") !=
          std::string::npos);
    const auto done = read_csv(s.file("part", "ranks.csv")).size();
    CHECK(done >= 1);
    CHECK(done < 8);
    CHECK(nlohmann::json::parse(s.file("part", "report.json"))["status"] == "stopped");
    const auto rest = s.survey("part", options + "--resume");
    CAPTURE(rest.output);
    CHECK(rest.exit_code == 0);
    CHECK(rest.output.find("rank 2 (1 of 8)") == std::string::npos);
    CHECK(nlohmann::json::parse(s.file("part", "report.json"))["resumed_ranks"] == done);
    for (const char* file : {"survey.csv", "ranks.csv", "rank_2/maps.npy", "rank_9/maps.npy"})
        CHECK(s.file("part", file) == s.file("whole", file));
}

TEST_CASE("unmix survey resumes only what fits")
{
    const surveyed_scan s;
    const std::string options = "--ranks 2:3 --starts 2 --iterations 5 ";
    REQUIRE(s.survey("out", options + "--resume").exit_code == 0); // nothing there yet
    const auto before = s.file("out", "survey.csv");
    const auto refused = [&](const std::string& how, const std::string& sentence)
    {
        const auto run = s.survey("out", how + " --resume");
        CAPTURE(run.output);
        CHECK(run.exit_code == 1);
        CHECK(run.output.ends_with("unmix: cannot resume from '" +
                                   (s.folder / "out" / "survey.state").string() + "': " + sentence +
                                   "; without --resume the survey starts again\n"));
        CHECK(s.file("out", "survey.csv") == before);
    };
    refused("--ranks 2:3 --starts 2 --iterations 6",
            "that survey had iterations 5, this one has 6");
    refused(options + "--maps sparse:1",
            "that survey had on maps [\"non_negative\"], this one has [\"sparse:1\"]");
    refused(options + "--mask-disk 8,8,2", "that survey was of other data or had another mask");
    refused("--ranks 3:4 --starts 2 --iterations 5",
            "that survey had done rank 2, which is not next among the ranks of this one");
    REQUIRE(s.survey("out", options + "--resume").exit_code == 0); // all done: the same again
    CHECK(s.file("out", "survey.csv") == before);
    write_bytes(s.folder / "out" / "survey.state", s.file("out", "survey.state").substr(0, 3000));
    refused(options, "the survey ends too early");
    write_bytes(s.folder / "out" / "survey.state", "something else, and long enough");
    refused(options, "this is no survey of xunmix");
}

TEST_CASE("unmix survey draws another survey beside itself, if it is of the same scan")
{
    const surveyed_scan s;
    const std::string options = "--ranks 2:4 --starts 2 --iterations 5 ";
    REQUIRE(s.survey("mu", options + "--algorithm mu").exit_code == 0);
    REQUIRE(s.survey("als", options + "--algorithm als").exit_code == 0);
    const std::string alone = s.file("als", "mse_pca.png"), numbers = s.file("als", "ranks.csv");
    const auto run =
        s.survey("als", options + "--algorithm als --beside " + (s.folder / "mu").string());
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    CHECK(s.file("als", "mse_pca.png") != alone);
    CHECK(s.file("als", "ranks.csv") == numbers);
    const auto refused = [&](const std::string& more, const std::string& part)
    {
        const auto failed = s.survey("other", options + more);
        CAPTURE(failed.output);
        CHECK(failed.exit_code == 1);
        CHECK(failed.output.find(part) != std::string::npos);
        CHECK(!std::filesystem::exists(s.folder / "other"));
    };
    refused("--beside " + (s.folder / "none").string(),
            "beside this survey: there is no report.json of a survey in it");
    refused("--mask-disk 8,8,2 --beside " + (s.folder / "mu").string(),
            "beside this survey: it is of a scan with masked \"\", this one has \"disk at");
}

TEST_CASE("unmix survey refuses ranks that cannot be")
{
    check_refused("--ranks 5:2", 2,
                  "--ranks: 5:2 is empty: its first rank is above its last; write 2:5");
    check_refused("--ranks two", 2,
                  "--ranks: cannot read \"two\"; write first and last rank as 2:15, one rank as 7, "
                  "or a list as 2,4,8");
    check_refused("--ranks 2:", 2,
                  "--ranks: cannot read \"\"; write first and last rank as 2:15, one rank as 7, or "
                  "a list as 2,4,8");
    check_refused("--ranks 0:3", 2,
                  "--ranks: a rank is a number of components, from 1 to 8192; got 0");
    check_refused("--ranks 2:4,3", 1, "rank 3 is named twice among the survey's ranks");
    check_refused("--ranks 140:145", 1,
                  "the rank must be at least 1 and at most the smaller of positions and channels, "
                  "min(144, 256) unmasked; got 145");
}

TEST_CASE("unmix survey refuses options that cannot be")
{
    check_refused("--starts 0", 2, "--starts: takes a whole number from 1 to 1000000, got \"0\"");
    check_refused("--iterations 0", 1, "a survey needs at least one iteration a start, got 0");
    check_refused("--ranks 2:15 --compression 9", 1,
                  "the compression must keep at least as many directions as the model has "
                  "components, 15, and at most min(positions, channels) = 144; got 9 (0 chooses)");
    check_refused("--exact --halving 10", 2,
                  "--halving: an exact survey runs every start to its end; leave out either "
                  "--exact or --halving");
    check_refused("--ranks 2 --maps positive", 1,
                  "there is no constraint \"positive\"; known are non_negative, sparse:WEIGHT, "
                  "ridge:WEIGHT, bounded:LOWER:UPPER, sum_to_one, unit_norm[:P], "
                  "smooth:WEIGHT, resolution_limit:CUTOFF, "
                  "no_downward_convex_peak[:FROM[:EVERY]], decaying:COMPONENT");
    for (const std::string first : {"--rank 3 ", "--seed 2 ", "scan.npy "})
    {
        const auto run = run_unmix(first + "survey --ranks 2:3");
        CAPTURE(run.output);
        CHECK(run.exit_code == 2);
        CHECK(run.output == "survey: the word comes first, then the scan and the options: unmix "
                            "survey INPUT [OPTIONS]\nRun with --help for more information.\n");
    }
}

TEST_CASE("unmix and unmix survey tell how to use them")
{
    const auto one = run_unmix("--help"), many = run_unmix("survey --help");
    CHECK(one.exit_code == 0);
    CHECK(one.output.find("unmix survey core_shell.hspy --ranks 2:8 --output survey") !=
          std::string::npos);
    CHECK(one.output.find(" REQUIRED") != std::string::npos); // --rank
    CHECK(many.exit_code == 0);
    for (const char* option : {"--ranks", "--starts", "--exact", "--halving", "--compression",
                               "--polish", "--resume", "--mask-disk", "--algorithm"})
        CHECK(many.output.find(option) != std::string::npos);
}
}
