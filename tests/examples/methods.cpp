// SPDX-License-Identifier: BSD-3-Clause

// The methods that unmix knows by name: each does its work on a small scan, and those that do not
// go together are told apart in a sentence.
#include "spectra.hpp"

#include <vector>

#include <nlohmann/json.hpp>

namespace methods_test
{
namespace xu = xunmix;

namespace
{
/// What a run on the small scan, which must succeed, wrote.
struct small_run
{
    scratch_folder folder;
    program_run run;
    nlohmann::json report;

    explicit small_run(const std::string& options)
    {
        xu::write_npy(folder / "scan.npy", counted_spectra());
        run = run_unmix((folder / "scan.npy").string() + " --threads 1 " + options + " --output " +
                        (folder / "out").string());
        CAPTURE(options);
        CAPTURE(run.output);
        REQUIRE(run.exit_code == 0);
        report = nlohmann::json::parse(file("report.json"));
    }
    std::string file(const std::string& name) const
    {
        return read_bytes(folder / "out" / name);
    }
    double mse() const
    {
        return report["mse"].get<double>();
    }
    bool says(const std::string& words) const
    {
        return run.output.find(words) != std::string::npos;
    }
};

void refused(const std::string& options, const std::string& sentence, int exit_code = 2)
{
    check_refused(counted_spectra(), "", options, exit_code, sentence);
}
}

TEST_CASE("unmix knows each algorithm by name")
{
    for (const std::string name : {"als", "mals", "mu", "hals", "bpp", "soft_orthogonal"})
    {
        const small_run found("--rank 3 --iterations 60 --noise gaussian --algorithm " + name);
        CHECK(found.report["options"]["algorithm"] == name);
        CHECK(found.report["kept"] == 3);
        CHECK(found.mse() < 60); // noise alone: a third of the mean, 50
        CHECK_FALSE(found.says("Kept"));
        CHECK(found.file("montage.png").starts_with("\x89PNG"));
    }
}

TEST_CASE("unmix keeps maps or components apart as much as it is told")
{
    const std::string method = "--rank 3 --iterations 60 --algorithm soft_orthogonal";
    CHECK(small_run(method).report["options"]["orthogonality"] == 0.05);
    const small_run apart(method + " --orthogonality 0.3 --orthogonal-side components");
    CHECK(apart.report["options"]["orthogonality"] == 0.3);
    CHECK(apart.report["options"]["orthogonal_side"] == "components");
    const small_run none(method + " --orthogonality 0"), plain("--rank 3 --iterations 60");
    CHECK(none.file("maps.npy") == plain.file("maps.npy"));
    refused("--rank 2 --orthogonality 0.1",
            "--orthogonality: hals keeps nothing apart; take --algorithm soft_orthogonal or ard, "
            "or leave it out");
    refused("--rank 2 --orthogonal-side maps",
            "--orthogonal-side: hals keeps nothing apart; take --algorithm soft_orthogonal, or "
            "leave it out");
    refused("--rank 2 --algorithm ard --orthogonal-side maps",
            "--orthogonal-side: ard keeps maps apart, never components; leave it out");
    refused("--rank 2 --algorithm soft_orthogonal --orthogonality 2",
            "soft_orthogonal needs a weight from 0 (none) to 1 (orthogonal), got 2", 1);
}

TEST_CASE("unmix tells how many components ard kept, and their relevances")
{
    for (const std::string name : {"ard", "ard_mu"})
    {
        const small_run found("--rank 6 --starts 2 --iterations 150 --noise gaussian --algorithm " +
                              name);
        const auto kept = found.report["kept"].get<std::size_t>();
        const auto maps = xu::read_npy_as<double>(found.folder / "out" / "maps.npy");
        CHECK(kept == maps.shape(0));
        CHECK((kept >= 1 && kept <= 6));
        CHECK(found.says("Kept " + std::to_string(kept) + " of 6 components."));
        const std::string relevances = found.file("relevances.csv");
        CHECK(relevances.starts_with("iteration,component_1,component_2,component_3,component_4,"
                                     "component_5,component_6\n1,"));
        CHECK(std::count(relevances.begin(), relevances.end(), '\n') ==
              1 + found.report["iterations"].get<int>());
        CHECK(found.file("relevances.png").starts_with("\x89PNG"));
    }
    refused("--rank 4 --algorithm ard --cluster 2",
            "--cluster: ard finds out how many components there are; run it first, then cluster "
            "with --rank at that number and another --algorithm");
    check_refused(counted_spectra(), "survey", "--ranks 2:5 --algorithm ard_mu", 2,
                  "--algorithm: ard_mu finds the number of components itself, so that it cannot be "
                  "surveyed rank by rank; run it once: unmix INPUT --rank 5 --algorithm ard_mu");
}

TEST_CASE("unmix minimises a beta divergence where it is asked to")
{
    for (const std::string name : {"mu", "ard_mu"})
    {
        const small_run found("--rank 3 --iterations 100 --beta 1 --algorithm " + name);
        CHECK(found.report["noise_model"] == "beta divergence 1");
        CHECK(found.report["options"]["beta"] == 1);
        CHECK(found.report["divergence"].get<double>() <
              1.5); // deviance: 1/3 for this noise, which is less than Poisson's
    }
    refused("--rank 2 --beta 1", "--beta: hals minimises least squares; take --algorithm mu or "
                                 "ard_mu, or leave it out");
    refused("--rank 2 --algorithm mu --beta 1 --noise poisson",
            "--noise: it weighs least squares, which --beta replaces by a loss with noise of its "
            "own (1: Poisson); leave out one of the two");
    refused("--rank 2 --algorithm mu --beta 3",
            "beta_divergence needs a beta from 0 (Itakura-Saito) over 1 (Kullback-Leibler) to 2 "
            "(least squares), got 3",
            1);
    check_refused(counted_spectra(), "survey", "--algorithm mu --beta 1", 2,
                  "--beta: a survey compresses the data and compares with principal components, "
                  "which is least squares; leave --beta out (--noise poisson weighs counts), or "
                  "run one rank after the other without the word survey");
}

TEST_CASE("unmix starts from wherever it is told")
{
    for (const std::string name :
         {"positions", "vca", "spa", "nndsvd", "nndsvda", "nndsvdar", "signal_subspace"})
    {
        const small_run found("--rank 3 --iterations 60 --noise gaussian --init " + name);
        CHECK(found.report["options"]["init"] == name);
        CHECK(found.mse() < 60);
    }
    CHECK(small_run("--rank 3 --iterations 100 --noise gaussian --algorithm mu --init vca").mse() <
          60);
    refused("--rank 2 --algorithm mu --init nndsvd",
            "--init: nndsvd starts with zeros, and mu multiplies, so that they stay; take nndsvda "
            "or nndsvdar");
    refused("--rank 2 --starts 3 --init spa",
            "--starts: spa has nothing random, so that all 3 starts are the same; give --starts 1, "
            "or another --init");
    CHECK(run_unmix("--rank 2 --init best").exit_code == 2);
}

TEST_CASE("unmix screens starts and goes on with the best")
{
    const std::string options = "--rank 3 --starts 4 --iterations 50 --tolerance 0 ";
    const small_run screened(options + "--screening 5"), all(options);
    CHECK(screened.report["options"]["screening"] == 5);
    CHECK(screened.report["starts"].size() == 1);
    CHECK(screened.report["iterations"] == 50);
    CHECK(screened.mse() < 1.01 * all.mse());
    CHECK(screened.says("the best of 4 starts after 5 iterations"));
    refused("--rank 2 --screening 5",
            "--screening: it chooses among starts; give --starts, 2 or more");
    refused(options + "--screening 50",
            "--screening: the starts run so many iterations, from 1 to less than --iterations "
            "50, before the best goes on; got 50");
    refused(options + "--screening 0",
            "--screening: takes a whole number from 1 to 1000000000, got \"0\"");
    check_refused(counted_spectra(), "survey", "--screening 5", 2,
                  "--screening: a survey drops the worse starts itself: give --halving 5 instead");
    refused("--rank 2 --algorithm pca --screening 5",
            "--screening: pca has no iterations, starts or constraints, and its components are no "
            "patterns to cluster; leave this option out or take another --algorithm");
}

TEST_CASE("unmix surveys the algorithms and starts that keep all components")
{
    for (const std::string method :
         {"--starts 2 --algorithm soft_orthogonal --orthogonality 0.1",
          "--starts 2 --algorithm mals", "--starts 2 --init vca", "--starts 1 --init spa",
          "--starts 2 --algorithm mu --init signal_subspace"})
    {
        CAPTURE(method);
        const scratch_folder folder;
        xu::write_npy(folder / "scan.npy", counted_spectra());
        const auto run =
            run_unmix("survey " + (folder / "scan.npy").string() + " " + method +
                      " --ranks 2,3 --iterations 20 --output " + (folder / "out").string());
        CAPTURE(run.output);
        CHECK(run.exit_code == 0);
    }
    check_refused(counted_spectra(), "survey", "--algorithm pca", 2,
                  "--algorithm: pca has no starts to survey, and a survey draws what it leaves "
                  "beside every minimum; take another --algorithm");
}

TEST_CASE("unmix gives one component to a decaying background")
{
    const small_run found("--rank 3 --iterations 60 --components decaying:0,non_negative");
    const auto components = xu::read_npy_as<double>(found.folder / "out" / "components.npy");
    for (std::size_t c = 1; c < 40; ++c)
        CHECK(components(0, c) <= components(0, c - 1));
    refused("--rank 3 --components decaying:3",
            "decaying needs a component below 3, the number of components, got 3", 1);
    refused("--rank 3 --components decaying:0.5",
            "constraint \"decaying:0.5\" counts components in whole numbers from 0, got 0.5", 1);
}
}
