// SPDX-License-Identifier: BSD-3-Clause

// What unmix does to a scan before it unfolds it, and the scans it makes itself.
#include "spectra.hpp"

#include <vector>

#include <nlohmann/json.hpp>

namespace preparation_test
{
namespace xu = xunmix;

namespace
{
/// Runs unmix on a scan; it must succeed.
template <class T>
nlohmann::json report_of(const scratch_folder& folder, const xu::tensor<T>& scan,
                         const std::string& options, const std::string& words)
{
    xu::write_npy(folder / "scan.npy", scan);
    const auto run = run_unmix((folder / "scan.npy").string() + " --iterations 30 --threads 1 " +
                               options + " --output " + (folder / "out").string());
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    CHECK(run.output.find(words) != std::string::npos);
    return nlohmann::json::parse(read_bytes(folder / "out" / "report.json"));
}

/// Power laws before a step at channel 30, (6, 6, 60).
xu::tensor<float> edges()
{
    auto scan = xu::tensor<float>::from_shape({6, 6, 60});
    for (std::size_t p = 0; p < 36; ++p)
        for (std::size_t c = 0; c < 60; ++c)
        {
            const double energy = 1 + static_cast<double>(c);
            const auto place = static_cast<double>(p);
            scan.data()[p * 60 + c] = static_cast<float>(1000 * (1 + 0.02 * place) *
                                                             std::pow(energy, -1.5 - 0.01 * place) +
                                                         (c >= 30 ? 5 * (1 + place) : 0));
        }
    return scan;
}
}

TEST_CASE("unmix replaces spikes and masks hot channels first")
{
    auto scan = counted_spectra();
    scan(3, 4, 33) = 5000;
    scan(6, 1, 2) = 4000;
    for (std::size_t p = 0; p < 72; ++p)
        scan.data()[p * 40 + 37] = 900;
    const scratch_folder folder;
    const auto report = report_of(folder, scan, "--rank 3 --despike 7 --mask-hot",
                                  "masked: hot channel 37; 2 spikes replaced");
    const auto& done = report["data"]["preprocessing"];
    CHECK(done["spikes"]["replaced"] == 2);
    CHECK(done["spikes"]["threshold"] == 7);
    CHECK(done["hot_channels"] == nlohmann::json{37});
    CHECK(report["data"]["masked"] == "hot channel 37");
    CHECK(report["noise_model"] == "poisson"); // counts are still counts
    const auto components = xu::read_npy_as<double>(folder / "out" / "components.npy");
    for (std::size_t k = 0; k < 3; ++k)
    {
        CHECK(components(k, 37) == 0);
        CHECK(components(k, 33) < 0.5);
    }
    const scratch_folder other;
    const auto none = report_of(other, counted_spectra(), "--rank 2 --mask-hot",
                                "40 channels, uint16; no hot channels found");
    CHECK(none["data"]["preprocessing"]["hot_channels"].empty());
    check_refused(counted_spectra(), "", "--rank 2 --despike -1", 1,
                  "a spike needs a threshold above 0, got -1");
}

TEST_CASE("unmix prepares scans with the positions last, too")
{
    auto scan = counted_spectra();
    scan(3, 4, 33) = 5000;
    auto turned = xu::tensor<std::uint16_t>::from_shape({40, 8, 9});
    for (std::size_t p = 0; p < 72; ++p)
        for (std::size_t c = 0; c < 40; ++c)
            turned.data()[c * 72 + p] = scan.data()[p * 40 + c];
    const scratch_folder one, other;
    report_of(one, scan, "--rank 2 --despike 7", "1 spike replaced");
    const auto report =
        report_of(other, turned, "--rank 2 --despike 7 --positions 1,2", "1 spike replaced");
    CHECK(report["data"]["shape"] == nlohmann::json{40, 8, 9});
    CHECK(report["data"]["position_axis_numbers"] == nlohmann::json{1, 2});
    CHECK(read_bytes(one / "out" / "maps.npy") == read_bytes(other / "out" / "maps.npy"));
}

TEST_CASE("unmix subtracts a background before an edge")
{
    const scratch_folder folder;
    auto scan = xu::tensor<float>::from_shape({6, 6, 61}); // an axis that begins at 0 ...
    const auto source = edges();
    for (std::size_t p = 0; p < 36; ++p)
        for (std::size_t c = 0; c < 61; ++c) // ... whose channels are then their energies
            scan.data()[p * 61 + c] = c == 0 ? 0 : source.data()[p * 60 + c - 1];
    const auto report = report_of(folder, scan, "--rank 1 --background 10,25",
                                  "masked: all up to the end of the window, 25; background "
                                  "subtracted, fitted from 10 to 25");
    CHECK(report["data"]["preprocessing"]["background"]["to"] == 25);
    const auto components = xu::read_npy_as<double>(folder / "out" / "components.npy");
    CHECK(components(0, 20) == 0);
    CHECK(components(0, 28) < 1e-3);
    CHECK(components(0, 50) == doctest::Approx(1 / std::sqrt(30)).epsilon(1e-2));
    check_refused(scan, "", "--rank 1 --background 25,10", 1,
                  "the fit window is empty: from must be below to, got 25 and 10");
    check_refused(scan, "", "--rank 1 --background 10,25 --noise poisson", 1,
                  "--noise poisson is for counts, and what --background leaves are differences; "
                  "leave one out, or keep the counts and give a component to the background: "
                  "--components decaying:0,non_negative");
    check_refused(scan, "", "--rank 1 --positions 0 --background 10,25", 1,
                  "a power-law background needs channels along one axis, the energy; these have "
                  "the shape (6, 61)");
}

TEST_CASE("unmix simulates spectrum images with their energy axes")
{
    const scratch_folder folder;
    for (const std::string name : {"silicon_diode", "edx", "eels"})
    {
        const auto run =
            run_unmix("--simulate " + name + " --rank 3 --iterations 2 --threads 1 --output " +
                      (folder / name).string());
        CAPTURE(run.output);
        REQUIRE(run.exit_code == 0);
        CHECK(run.output.starts_with("simulated " + name + ": "));
        const auto report = nlohmann::json::parse(read_bytes(folder / name / "report.json"));
        const auto& axis = report["data"]["channels"][0];
        CHECK(axis["units"] == (name == "edx" ? "keV" : "eV"));
        CHECK(axis["name"] == (name == "edx" ? "energy" : "energy loss"));
        CHECK(axis["offset"].get<double>() > 0);
    }
    check_refused(counted_spectra(), "", "--rank 2 --simulate edx", 1,
                  "--simulate makes a scan in the place of INPUT; leave out one of the two");
    CHECK(run_unmix("--rank 2 --simulate moon").exit_code == 2);
}
}
