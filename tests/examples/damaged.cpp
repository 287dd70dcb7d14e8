// SPDX-License-Identifier: BSD-3-Clause

// Inputs that once crashed the program unmix, hung it, cost the results or gave wrong ones.
#include "program.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/io/npy.hpp>

namespace damaged_test
{
namespace xu = xunmix;

namespace
{
std::string corpus(const std::string& name)
{
    return XUNMIX_SOURCE_DIR "/tests/fuzz/corpus/" + name;
}

/// Runs unmix with at most 4 GB of memory and 20 seconds.
program_run run_limited(const std::string& arguments)
{
    return run_unmix_with("ulimit -v 4000000; exec timeout 20 ", arguments);
}

nlohmann::json report_of(const std::filesystem::path& folder)
{
    return nlohmann::json::parse(read_bytes(folder / "report.json"));
}
}

TEST_CASE("damaged: HDF5 files whose texts lie nowhere are read without them, or refused")
{
    for (const std::string name : {"segv1.hspy", "segv2.h5", "hang.hspy"})
    {
        CAPTURE(name);
        const scratch_folder folder;
        const auto run = run_limited(corpus("hdf5/" + name) + " --rank 2 --iterations 3 --output " +
                                     (folder / "out").string());
        CAPTURE(run.output);
        CHECK(run.exit_code <= 1);
        if (run.exit_code == 0)
            CHECK(report_of(folder / "out")["iterations"] == 3);
        else
            CHECK(run.output.find("damaged") != std::string::npos);
    }
}

TEST_CASE("damaged: names that are not UTF-8 and axes without a step do not cost the results")
{
    for (const std::string name : {"badutf.h5", "scalenan.h5"})
    {
        CAPTURE(name);
        const scratch_folder folder;
        const auto run = run_limited(corpus("hdf5/" + name) + " --rank 2 --iterations 3 --output " +
                                     (folder / "out").string());
        CAPTURE(run.output);
        CHECK(run.exit_code == 0);
        CHECK(run.output.find("warning") == std::string::npos);
        CHECK(report_of(folder / "out")["iterations"] == 3);
        CHECK(std::filesystem::exists(folder / "out" / "montage.png"));
    }
}

TEST_CASE("damaged: a curve that is flat but for rounding is drawn")
{
    const scratch_folder folder;
    const auto run =
        run_limited(corpus("npy/ticks.npy") +
                    " --rank 1 --iterations 40 --tolerance 0 --seed 768 --algorithm mu "
                    "--beta 1 --output " +
                    (folder / "out").string());
    CAPTURE(run.output);
    CHECK(run.exit_code == 0);
    CHECK(std::filesystem::exists(folder / "out" / "mse.png"));
}

TEST_CASE("damaged: factors that become infinite are an error, not zeros")
{
    const scratch_folder folder;
    auto scan = xu::tensor<float>::from_shape({8, 7, 20});
    xu::random_engine engine(1);
    for (float& x : scan)
        x = static_cast<float>(xu::uniform01(engine));
    xu::write_npy(folder / "scan.npy", scan);
    const auto run =
        run_limited((folder / "scan.npy").string() + " --rank 2 --maps ridge:1e300 --output " +
                    (folder / "out").string());
    CAPTURE(run.output);
    CHECK(run.exit_code == 1);
    CHECK(run.output.find("the factors became infinite or NaN") != std::string::npos);
    CHECK(!std::filesystem::exists(folder / "out"));
}

TEST_CASE("damaged: a constant scan has a rank")
{
    const scratch_folder folder;
    auto scan = xu::tensor<float>::from_shape({8, 7, 20});
    scan.fill(3);
    xu::write_npy(folder / "scan.npy", scan);
    const auto run = run_limited("rank " + (folder / "scan.npy").string() +
                                 " --ranks 1:2 --starts 2 --output " + (folder / "out").string());
    CAPTURE(run.output);
    CHECK(run.exit_code == 0);
    CHECK(report_of(folder / "out")["recommended"] == 1);
}

TEST_CASE("damaged: principal components of counts are those of the scaled matrix")
{
    const scratch_folder folder;
    const auto run = run_limited(corpus("npy/poisson_scaled.npy") +
                                 " --rank 4 --algorithm pca --output " + (folder / "out").string());
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    const auto report = report_of(folder / "out");
    // numpy.linalg.svd of X / sqrt(row mean * column mean / mean)
    const double mse[] = {11.247, 1.262, 1.087, 0.958, 0.931}, variance[] = {799, 14.0, 10.3, 2.2};
    for (std::size_t k = 0; k < 5; ++k)
        CHECK(std::abs(report["mse_of_rank"][k].get<double>() - mse[k]) < 0.0006);
    for (std::size_t k = 0; k < 4; ++k)
        CHECK(report["variances"][k].get<double>() == doctest::Approx(variance[k]).epsilon(0.02));
    CHECK(read_bytes(folder / "out" / "scree.csv").starts_with("component,variance,mse\n0,,11.24"));
}

TEST_CASE("damaged: curves of very many points are drawn")
{
    const scratch_folder folder;
    auto scan = xu::tensor<std::uint8_t>::from_shape({4, 80000});
    xu::random_engine engine(1);
    for (auto& x : scan)
        x = static_cast<std::uint8_t>(xu::simulate::poisson(engine, 3.0));
    xu::write_npy(folder / "scan.npy", scan);
    for (const char* positions : {"0", "1"})
    {
        CAPTURE(positions);
        const auto run =
            run_limited((folder / "scan.npy").string() + " --rank 2 --iterations 3 " +
                        "--positions " + positions + " --output " + (folder / "out").string());
        CAPTURE(run.output);
        CHECK(run.exit_code == 0);
        CHECK(run.output.find("warning") == std::string::npos);
    }
}

namespace
{
/// Mean of (X - C S^T - mean)^2 in double, of the files that a run wrote.
double mse_of_files(const xu::tensor<double>& X, const std::filesystem::path& folder)
{
    const auto maps = xu::read_npy_as<double>(folder / "maps.npy"),
               components = xu::read_npy_as<double>(folder / "components.npy");
    const std::size_t n = X.shape()[0], m = X.shape()[1], k = maps.shape()[0];
    auto mean = xu::tensor<double>::from_shape({m});
    mean.fill(0);
    if (std::filesystem::exists(folder / "mean.npy"))
        mean = xu::read_npy_as<double>(folder / "mean.npy");
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < m; ++c)
        {
            double y = mean(c);
            for (std::size_t j = 0; j < k; ++j)
                y += maps(j, i) * components(j, c);
            sum += (X(i, c) - y) * (X(i, c) - y);
        }
    return sum / static_cast<double>(n * m);
}

/// A scan of 1024 positions and channels: shares of three spectra, seen through `value`.
template <class F>
xu::tensor<double> shares_of_three(F&& value)
{
    xu::random_engine engine(1);
    std::vector<double> c(3 * 1024), s(3 * 1024);
    for (auto* f : {&c, &s})
        for (double& x : *f)
            x = xu::uniform01(engine);
    auto out = xu::tensor<double>::from_shape({1024, 1024});
    for (std::size_t i = 0; i < 1024; ++i)
        for (std::size_t j = 0; j < 1024; ++j)
            out(i, j) = value(
                engine, c[i] * s[j] + c[1024 + i] * s[1024 + j] + c[2048 + i] * s[2048 + j], j);
    return out;
}
}

TEST_CASE("damaged: the mse is that of the files where sums in float have no digits for it")
{
    const scratch_folder folder;
    const auto high = shares_of_three(
        [](xu::random_engine& engine, double x, std::size_t)
        { return static_cast<double>(xu::simulate::poisson(engine, 1000 + 30 * x)); });
    const auto step =
        shares_of_three([](xu::random_engine&, double x, std::size_t channel)
                        { return static_cast<float>((channel == 3 ? 1e6 : 1e-6) * x); });
    for (const auto* scan : {&high, &step})
    {
        xu::write_npy(folder / "scan.npy", xu::tensor<float>(xt::cast<float>(*scan)));
        for (const char* algorithm : {"hals", "pca", "ard_mu"})
        {
            CAPTURE(algorithm);
            const auto out = folder / algorithm;
            const std::string more =
                std::string(algorithm) == "pca" ? "" : "--iterations 30 --tolerance 0 ";
            const auto run =
                run_limited((folder / "scan.npy").string() + " --rank 4 --noise gaussian " + more +
                            "--algorithm " + algorithm + " --output " + out.string());
            CAPTURE(run.output);
            REQUIRE(run.exit_code == 0);
            CHECK(report_of(out)["mse"].get<double>() ==
                  doctest::Approx(mse_of_files(*scan, out)).epsilon(1e-5));
        }
    }
}
}
