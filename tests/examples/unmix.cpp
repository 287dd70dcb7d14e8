// SPDX-License-Identifier: BSD-3-Clause

// The program unmix from outside: what it writes, and that bad input is told in a sentence and
// leaves nothing behind.
#include "program.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <xunmix/core/random.hpp>
#include <xunmix/io/npy.hpp>

namespace unmix_test
{
namespace xu = xunmix;

namespace
{
/// A scan of rank 2 and noise, (6, 5, 4, 7).
xu::tensor<float> small_scan()
{
    auto scan = xu::tensor<float>::from_shape({6, 5, 4, 7});
    xu::random_engine engine(3);
    std::vector<double> weights(60), patterns(56);
    for (auto* values : {&weights, &patterns})
        for (double& x : *values)
            x = xu::uniform01(engine);
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t c = 0; c < 28; ++c)
            scan.data()[i * 28 + c] = static_cast<float>(weights[2 * i] * patterns[2 * c] +
                                                         weights[2 * i + 1] * patterns[2 * c + 1] +
                                                         0.01 * xu::uniform01(engine));
    return scan;
}

/// Runs unmix on `scan`; it must fail with exactly this sentence and write nothing.
template <class T>
void check_refused(const xu::tensor<T>& scan, const std::string& options,
                   const std::string& sentence)
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", scan);
    const auto run = run_unmix((folder / "scan.npy").string() + " " + options + " --output " +
                               (folder / "out").string());
    CAPTURE(run.output);
    CHECK(run.exit_code == 1);
    CHECK(run.output.substr(run.output.rfind("unmix: ")) == "unmix: " + sentence + "\n");
    CHECK(folder.count() == 1); // the scan alone
}
}

TEST_CASE("unmix writes maps, components, history, report and pictures")
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", small_scan());
    for (const std::string algorithm : {"als", "mu", "hals", "bpp"})
    {
        CAPTURE(algorithm);
        const auto out = folder / algorithm;
        const auto run = run_unmix((folder / "scan.npy").string() +
                                   " --rank 2 --starts 3 --iterations 40 "
                                   "--tolerance 0 --mask-disk 1,2,1 --algorithm " +
                                   algorithm + " --output " + out.string());
        CAPTURE(run.output);
        REQUIRE(run.exit_code == 0);
        const auto maps = xu::read_npy_as<double>(out / "maps.npy");
        const auto components = xu::read_npy_as<double>(out / "components.npy");
        CHECK(std::vector<std::size_t>(maps.shape().begin(), maps.shape().end()) ==
              std::vector<std::size_t>{2, 6, 5});
        CHECK(std::vector<std::size_t>(components.shape().begin(), components.shape().end()) ==
              std::vector<std::size_t>{2, 4, 7});
        CHECK(components(0, 1, 2) == 0); // masked
        CHECK(components(0, 1, 4) > 0);
        const auto report = nlohmann::json::parse(read_bytes(out / "report.json"));
        CHECK(report["starts"].size() == 3);
        CHECK(report["iterations"] == 40);
        CHECK(report["mse"].get<double>() < (algorithm == "mu" ? 2e-3 : 1e-4)); // mu is slow
        CHECK(report["options"]["algorithm"] == algorithm);
        const std::string history = read_bytes(out / "history.csv");
        CHECK(std::count(history.begin(), history.end(), '\n') == 1 + 3 * 40);
        for (const char* picture : {"montage.png", "mse.png"})
            CHECK(read_bytes(out / picture).starts_with("\x89PNG"));
    }
}

TEST_CASE("unmix --no-pictures writes the same numbers and leaves no older picture beside them")
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", small_scan());
    const std::string what = (folder / "scan.npy").string() + " --rank 2 --iterations 5 --output " +
                             (folder / "out").string();
    REQUIRE(run_unmix(what).exit_code == 0);
    const std::string maps = read_bytes(folder / "out" / "maps.npy");
    CHECK(std::filesystem::exists(folder / "out" / "montage.png"));
    const auto run = run_unmix(what + " --no-pictures");
    CHECK(run.exit_code == 0);
    CHECK(run.output.find(".png") == std::string::npos);
    CHECK(read_bytes(folder / "out" / "maps.npy") == maps);
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "out"))
        files.insert(entry.path().filename().string());
    CHECK(files ==
          std::set<std::string>{"components.npy", "history.csv", "maps.npy", "report.json"});
}

TEST_CASE("unmix --algorithm pca writes scores, loadings and scree")
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", small_scan());
    for (const std::string option : {"", " --uncentred"})
    {
        const auto out = folder / "out";
        const auto run = run_unmix((folder / "scan.npy").string() +
                                   " --algorithm pca --rank 3 --mask-disk 1,2,1 --output " +
                                   out.string() + option);
        CAPTURE(run.output);
        REQUIRE(run.exit_code == 0);
        const auto report = nlohmann::json::parse(read_bytes(out / "report.json"));
        const auto mse = report["mse_of_rank"].get<std::vector<double>>();
        REQUIRE(mse.size() == 4);
        CHECK(mse[2] < 1e-4); // two components and little noise
        CHECK(mse[2] < 0.01 * mse[1]);
        CHECK(report["centred"] == option.empty());
        const auto maps = xu::read_npy_as<double>(out / "maps.npy");
        const auto components = xu::read_npy_as<double>(out / "components.npy");
        const auto mean = xu::read_npy_as<double>(out / "mean.npy");
        const auto scan = small_scan();
        double rest = 0;
        for (std::size_t i = 0; i < 30; ++i)
            for (std::size_t c = 0; c < 28; ++c)
            {
                double model = mean.data()[c];
                for (std::size_t j = 0; j < 3; ++j)
                    model += maps.data()[j * 30 + i] * components.data()[j * 28 + c];
                if (components.data()[c] != 0) // not masked
                    rest += std::pow(scan.data()[i * 28 + c] - model, 2);
            }
        CHECK(rest / (30 * 23) == doctest::Approx(mse[3]).epsilon(1e-3));
        const std::string scree = read_bytes(out / "scree.csv");
        CHECK(std::count(scree.begin(), scree.end(), '\n') == 1 + 4);
        for (const char* picture : {"montage.png", "scree.png"})
            CHECK(read_bytes(out / picture).starts_with("\x89PNG"));
        CHECK(!std::filesystem::exists(out / "history.csv"));
    }
}

TEST_CASE("unmix --cluster gathers components that are one pattern, turned")
{
    // Two patterns, one of them turned by 90 degrees, each alone in a third of the positions.
    auto scan = xu::tensor<float>::from_shape({6, 5, 16, 16});
    const auto pattern = [](bool ring, double v, double u)
    {
        const double r = std::hypot(v, u), phi = std::atan2(u, v);
        return std::exp(-r / 4) + (ring ? std::exp(-(r - 5) * (r - 5)) * (1 + std::cos(2 * phi))
                                        : std::exp(-(r - 3) * (r - 3)) * (1 + std::cos(3 * phi)));
    };
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t v = 0; v < 16; ++v)
            for (std::size_t u = 0; u < 16; ++u)
            {
                const double y = static_cast<double>(v) - 8, x = static_cast<double>(u) - 8;
                scan.data()[(i * 16 + v) * 16 + u] = static_cast<float>(
                    (1 + 0.1 * static_cast<double>(i)) * (i % 3 == 0   ? pattern(true, y, x)
                                                          : i % 3 == 1 ? pattern(true, x, -y)
                                                                       : pattern(false, y, x)));
            }
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", scan);
    const auto out = folder / "out";
    const auto run =
        run_unmix((folder / "scan.npy").string() + " --rank 3 --starts 3 --iterations 500 " +
                  "--cluster 2 --linkage complete --friedel --output " + out.string());
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    const auto report = nlohmann::json::parse(read_bytes(out / "report.json"));
    const auto& clusters = report["clusters"];
    CHECK(clusters["linkage"] == "complete");
    CHECK(clusters["friedel"] == true);
    const auto labels = clusters["cluster_of_component"].get<std::vector<std::size_t>>();
    const auto pair = std::count(labels.begin(), labels.end(), labels[0]) == 2
                          ? labels[0]
                          : labels[1]; // the label that occurs twice
    CHECK(std::count(labels.begin(), labels.end(), pair) == 2);
    const auto table = xu::read_npy_as<double>(out / "similarity.npy");
    for (std::size_t a = 0; a < 3; ++a)
        for (std::size_t b = 0; b < 3; ++b)
            CHECK((table(a, b) > 0.9) == (labels[a] == labels[b]));
    CHECK(xu::read_npy_as<double>(out / "cluster_patterns.npy").size() == 2 * 256);
    CHECK(xu::read_npy_as<double>(out / "cluster_maps.npy").size() == 2 * 30);
    const std::string rows = read_bytes(out / "clusters.csv");
    CHECK(std::count(rows.begin(), rows.end(), '\n') == 1 + 3);
    CHECK((rows.find(",90") != std::string::npos || rows.find(",-90") != std::string::npos ||
           rows.find(",89.") != std::string::npos || rows.find(",-89.") != std::string::npos));
    for (const char* picture : {"dendrogram.png", "fourier.png"})
        CHECK(read_bytes(out / picture).starts_with("\x89PNG"));
}

TEST_CASE("unmix refuses clusters and principal components that cannot be")
{
    check_refused(small_scan(), "--rank 3 --cluster 2",
                  "a pattern needs at least 8 x 8 pixels for polar coordinates, got 4 x 7");
    check_refused(small_scan(), "--rank 3 --cluster 2 --positions 0,1,2",
                  "--cluster turns patterns, so it needs channels of two axes; this scan's have 1");
    check_refused(small_scan(), "--rank 29 --algorithm pca",
                  "pca takes a rank from 1 to min(positions, channels) = 28, got 29");
    const auto refused = [](const std::string& options, const std::string& sentence)
    {
        const auto run = run_unmix(options);
        CAPTURE(run.output);
        CHECK(run.exit_code == 2);
        CHECK(run.output == sentence + "\nRun with --help for more information.\n");
    };
    refused("--rank 3 --cluster 4",
            "--cluster: 3 components can be gathered in 1 to 3 clusters, got 4");
    refused("--rank 1 --cluster 1",
            "--cluster: 1 components can be gathered in no clusters: it takes two at least");
    refused("--rank 3 --friedel", "--friedel: it says how to cluster; give --cluster, too");
    refused("--rank 3 --uncentred", "--uncentred: only --algorithm pca takes the mean off");
    refused("--rank 3 --algorithm pca --starts 2",
            "--starts: pca has no iterations, starts or constraints, and its components are no "
            "patterns to cluster; leave this option out or take another --algorithm");
    CHECK(run_unmix("survey --algorithm pca").exit_code == 2);
}

TEST_CASE("unmix gives the same bytes again, whatever the number of threads")
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", small_scan());
    for (const std::string threads : {"1", "2"})
        REQUIRE(run_unmix((folder / "scan.npy").string() + " --rank 3 --seed 5 --threads " +
                          threads + " --output " + (folder / threads).string())
                    .exit_code == 0);
    for (const char* file : {"maps.npy", "components.npy"})
        CHECK(read_bytes(folder / "1" / file) == read_bytes(folder / "2" / file));
}

TEST_CASE("unmix refuses ranks the data cannot have")
{
    check_refused(small_scan(), "--rank 29",
                  "the rank must be at least 1 and at most the smaller of positions and channels, "
                  "min(30, 28) unmasked; got 29");
    CHECK(run_unmix("--rank 0").exit_code == 2);
    CHECK(run_unmix("").exit_code == 2);
}

TEST_CASE("unmix refuses NaN that no mask covers, and takes what one covers")
{
    auto scan = small_scan();
    scan(2, 1, 1, 2) = std::numeric_limits<float>::quiet_NaN();
    check_refused(scan, "--rank 2",
                  "X must be finite: it holds 1 NaN or infinite values, the first at position 11, "
                  "channel 9; replace or mask them");
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", scan);
    CHECK(run_unmix((folder / "scan.npy").string() + " --rank 2 --mask-disk 1,2,0.5 --output " +
                    (folder / "out").string())
              .exit_code == 0);
}

TEST_CASE("unmix refuses negative values where the method needs none, and clips them on demand")
{
    auto scan = small_scan();
    scan(0, 0, 0, 0) = -3;
    check_refused(
        scan, "--rank 2 --algorithm mu",
        "multiplicative updates need X >= 0: it holds 1 negative values, the smallest -3; "
        "clip them with unfold(...).clipped(0), or use hals or als");
    check_refused(scan, "--rank 2 --noise poisson",
                  "Poisson scaling is for counts, X >= 0: it holds 1 negative values, the smallest "
                  "-3; clip them with unfold(...).clipped(0)");
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", scan);
    CHECK(run_unmix((folder / "scan.npy").string() +
                    " --rank 2 --algorithm mu --clip-negative --output " + (folder / "a").string())
              .exit_code == 0);
    const auto legal =
        run_unmix((folder / "scan.npy").string() + " --rank 2 --output " + (folder / "b").string());
    CHECK(legal.exit_code == 0);
    CHECK(legal.output.find("The data hold 1 negative values.") != std::string::npos);
}

TEST_CASE("unmix refuses data that are zero everywhere")
{
    auto scan = small_scan();
    scan.fill(0);
    check_refused(scan, "--rank 2",
                  "X is zero at all unmasked places: there is nothing to factorize; look at the "
                  "file, the choice of positions and the masks");
}

TEST_CASE("unmix refuses axes that do not fit")
{
    check_refused(small_scan(), "--rank 2 --positions 0,4",
                  "position axis 4 is out of range: the tensor (6, 5, 4, 7) has axes 0 to 3");
    check_refused(small_scan(), "--rank 2 --positions 1,1",
                  "position axis 1 is named twice in (1, 1)");
    check_refused(small_scan(), "--rank 2 --positions 0,1,2,3",
                  "of the 4 axes at least one must be a position and one a channel, got 4 position "
                  "axes (0, 1, 2, 3)");
    check_refused(xu::tensor<float>::from_shape({4, 0, 3}), "--rank 1",
                  "axis 1 of the tensor (4, 0, 3) is empty; every axis needs at least one element");
}

TEST_CASE("unmix refuses masks that fit nothing or cover everything")
{
    check_refused(small_scan(), "--rank 2 --mask-disk 2,2,100",
                  "the channel mask masks all 28 channels; a mask is true where the data counts");
    check_refused(small_scan(), "--rank 2 --mask-disk 2,2,-1",
                  "a disk's radius must not be negative, got -1");
    check_refused(small_scan(), "--rank 2 --positions 0,1,2 --mask-disk 2,2,1",
                  "--mask-disk needs patterns of two axes; this scan's channels have 1");
}

TEST_CASE("unmix refuses constraints it does not know and options that contradict each other")
{
    check_refused(small_scan(), "--rank 2 --maps positive",
                  "there is no constraint \"positive\"; known are non_negative, sparse:WEIGHT, "
                  "ridge:WEIGHT, bounded:LOWER:UPPER, sum_to_one, unit_norm[:P], "
                  "smooth:WEIGHT, resolution_limit:CUTOFF, "
                  "no_downward_convex_peak[:FROM[:EVERY]], decaying:COMPONENT");
    check_refused(
        small_scan(), "--rank 2 --maps bounded:2:1",
        "bounded needs lower <= upper and a finite number between them, got 2 and 1; leave a "
        "side open with lower = -infinity or upper = infinity");
    check_refused(small_scan(), "--rank 2 --dataset /a",
                  "--dataset is for HDF5 files; this is an .npy file, which holds one array");
    check_refused(small_scan(), "--rank 2 --tolerance -1",
                  "the tolerance must be zero (never stop on it) or positive, got -1");
    CHECK(run_unmix("--rank 2 --algorithm nmf").exit_code == 2);
    const auto run = run_unmix("--rank 2 --positions 0,1");
    CHECK(run.exit_code == 1);
    CHECK(run.output ==
          "unmix: --positions and --dataset describe an INPUT file, but none was given\n");
}

TEST_CASE("unmix refuses files that are truncated, foreign or missing")
{
    const scratch_folder folder;
    const auto refused = [&](const std::string& name, const std::string& part)
    {
        const auto run =
            run_unmix((folder / name).string() + " --rank 2 --output " + (folder / "out").string());
        CAPTURE(run.output);
        CHECK(run.exit_code == 1);
        CHECK(run.output.find(part) != std::string::npos);
        CHECK(!std::filesystem::exists(folder / "out"));
    };
    xu::write_npy(folder / "whole.npy", small_scan());
    write_bytes(folder / "cut.npy", read_bytes(folder / "whole.npy").substr(0, 1000));
    refused("cut.npy", "truncated");
    write_bytes(folder / "text.h5", "not HDF5 at all");
    refused("text.h5", "HDF5");
    refused("missing.npy", "missing.npy");
    refused("missing.hspy", "missing.hspy");
}

TEST_CASE("unmix ends cleanly on an interrupt and writes what it has")
{
    const scratch_folder folder;
    xu::write_npy(folder / "scan.npy", small_scan());
    // A run that would take minutes, interrupted after three seconds.
    const auto run = run_unmix((folder / "scan.npy").string() +
                               " --rank 3 --iterations 100000000 --tolerance 0 --output " +
                               (folder / "out").string() + " & sleep 3; kill -INT $!; wait $!");
    CAPTURE(run.output);
    CHECK(run.exit_code == 0);
    const auto report = nlohmann::json::parse(read_bytes(folder / "out" / "report.json"));
    CHECK(report["status"] == "stopped");
    CHECK(report["iterations"].get<std::size_t>() > 0);
}
}
