// SPDX-License-Identifier: BSD-3-Clause

// The program unmix on measured scans with known content.
#include "program.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <xunmix/compare/adjusted_rand.hpp>
#include <xunmix/compare/agreement.hpp>
#include <xunmix/io/npy.hpp>

namespace real_data_test
{
namespace xu = xunmix;

namespace
{
struct factors
{
    xu::tensor<double> maps, components;
    nlohmann::json report;
};

/// Runs unmix; it must succeed.
factors unmix(const std::filesystem::path& scan, const std::string& options)
{
    const scratch_folder folder;
    const auto run =
        run_unmix(scan.string() + " " + options + " --output " + (folder / "out").string());
    CAPTURE(run.output);
    REQUIRE(run.exit_code == 0);
    CHECK(std::filesystem::file_size(folder / "out" / "montage.png") > 10000);
    return {xu::read_npy_as<double>(folder / "out" / "maps.npy"),
            xu::read_npy_as<double>(folder / "out" / "components.npy"),
            nlohmann::json::parse(read_bytes(folder / "out" / "report.json"))};
}

/// Element (k, i) of a factor as if it had two axes.
double at(const xu::tensor<double>& f, std::size_t k, std::size_t i)
{
    return f.data()[k * (f.size() / f.shape(0)) + i];
}

/// Of two maps.
double correlation(const xu::tensor<double>& maps, std::size_t a, std::size_t b)
{
    return xu::correlation(xu::slice(maps, a), xu::slice(maps, b));
}

/// An energy axis in keV.
struct energies
{
    double offset, scale;

    /// Area of the line at `keV` above the mean of both sides' background, over the whole area.
    double line(const xu::tensor<double>& spectra, std::size_t k, double keV) const
    {
        const auto half = static_cast<std::size_t>(std::lround(0.12 / scale));
        const auto centre = static_cast<std::size_t>(std::lround((keV - offset) / scale));
        double in = 0, out = 0, all = 0;
        for (std::size_t i = centre - half; i <= centre + half; ++i)
            in += at(spectra, k, i);
        for (std::size_t i = 0; i < half; ++i)
            out += at(spectra, k, centre - 2 * half + i) + at(spectra, k, centre + half + 1 + i);
        for (std::size_t i = 0; i < spectra.shape(1); ++i)
            all += at(spectra, k, i);
        return (in - out * static_cast<double>(2 * half + 1) / static_cast<double>(2 * half)) / all;
    }
    /// Energy of the highest channel within 0.3 keV.
    double peak_near(const xu::tensor<double>& spectra, std::size_t k, double keV) const
    {
        const auto first = static_cast<std::size_t>(std::lround((keV - 0.3 - offset) / scale));
        const auto last = static_cast<std::size_t>(std::lround((keV + 0.3 - offset) / scale));
        std::size_t best = first;
        for (std::size_t i = first; i <= last; ++i)
            if (at(spectra, k, i) > at(spectra, k, best))
                best = i;
        return offset + scale * static_cast<double>(best);
    }
};
}

TEST_CASE("core, shell and background of Fe-Pt particles are told apart")
{
    const auto file = data_file("edx_core_shell.hspy");
    if (file.empty())
        return;
    const auto found = unmix(file, "--rank 3");
    const energies axis{0.16, 0.02};
    std::vector<double> iron, platinum;
    for (std::size_t k = 0; k < 3; ++k)
    {
        iron.push_back(axis.line(found.components, k, 6.40));
        platinum.push_back(axis.line(found.components, k, 9.44));
        MESSAGE("component " << k + 1 << ": Fe K-alpha " << iron[k] << ", Pt L-alpha "
                             << platinum[k] << " of the spectrum");
    }
    const auto core = static_cast<std::size_t>(std::max_element(platinum.begin(), platinum.end()) -
                                               platinum.begin());
    const auto shell =
        static_cast<std::size_t>(std::max_element(iron.begin(), iron.end()) - iron.begin());
    REQUIRE(core != shell);
    const std::size_t background = 3 - core - shell;
    // Each line falls where it belongs, within a channel and a half.
    CHECK(axis.peak_near(found.components, core, 9.44) ==
          doctest::Approx(9.44).epsilon(0.03 / 9.44));
    CHECK(axis.peak_near(found.components, shell, 6.40) ==
          doctest::Approx(6.40).epsilon(0.03 / 6.40));
    CHECK(platinum[core] > 0.04);
    CHECK(platinum[shell] < 0.1 * platinum[core]);
    CHECK(platinum[background] < 0.1 * platinum[core]);
    CHECK(iron[shell] > 0.08);
    CHECK(iron[background] < 0.1 * iron[shell]);
    // The maps are different pictures: the core lies inside the shell's ring, the background
    // around.
    CHECK(std::abs(correlation(found.maps, core, shell)) < 0.3);
    CHECK(correlation(found.maps, core, background) < -0.3);
    CHECK(correlation(found.maps, shell, background) < -0.3);
}

TEST_CASE("a mineral's spectrum image is explained but for the counting noise")
{
    const auto file = data_file("edx_espm.hspy");
    if (file.empty())
        return;
    const auto found = unmix(file, "--rank 3");
    // 1 is the mean square of Poisson noise in units of its variance.
    CHECK(found.report["mse"].get<double>() == doctest::Approx(1).epsilon(0.05));
    CHECK(found.maps.shape(1) == 80);
    CHECK(found.components.shape(1) == 1917);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t l = 0; l < k; ++l)
            CHECK(correlation(found.maps, k, l) < 0.9);
}

TEST_CASE("a ToF-SIMS map is explained but for the counting noise")
{
    const auto file = data_file("tofsims_poplar.npy");
    if (file.empty())
        return;
    const auto found = unmix(file, "--rank 4");
    CHECK(found.report["mse"].get<double>() == doctest::Approx(1).epsilon(0.05));
    for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t l = 0; l < k; ++l)
            CHECK(correlation(found.maps, k, l) < 0.9);
}

TEST_CASE("the strongest map tells the grain")
{
    const auto file = data_file("stem4d_simulated.npy");
    const auto truth_file = data_file("stem4d_simulated_grain_id.npy");
    if (file.empty() || truth_file.empty())
        return;
    // Rank 6: with counting noise as the unit, the mse comes down to 1 there and not before.
    const auto five = unmix(file, "--rank 5 --noise poisson --starts 5");
    const auto six = unmix(file, "--rank 6 --noise poisson --starts 5");
    MESSAGE("mse at rank 5: " << five.report["mse"].get<double>()
                              << ", at rank 6: " << six.report["mse"].get<double>());
    const auto grain = xu::read_npy_as<double>(truth_file);
    std::vector<std::size_t> truth, strongest;
    for (std::size_t i = 0; i < grain.size(); ++i)
    {
        truth.push_back(static_cast<std::size_t>(grain.data()[i]));
        std::size_t best = 0;
        for (std::size_t k = 1; k < 6; ++k)
            if (at(six.maps, k, i) > at(six.maps, best, i))
                best = k;
        strongest.push_back(best);
    }
    const double index = xu::adjusted_rand_index(strongest, truth);
    MESSAGE("adjusted Rand index " << index);
    CHECK(index > 0.9);
}

TEST_CASE("soil, tree and water of the Samson scene")
{
    const auto file = data_file("samson.npy");
    const auto truth_file = data_file("samson_components.npy");
    if (file.empty() || truth_file.empty())
        return;
    const auto found = unmix(file, "--rank 3 --starts 5 --iterations 1000 --tolerance 1e-7");
    const auto truth = xu::read_npy_as<double>(truth_file);
    const auto order = xu::match_components(found.components, truth);
    double angle = 0;
    for (std::size_t k = 0; k < 3; ++k)
        angle += xu::spectral_angle(xu::slice(found.components, order[k]), xu::slice(truth, k)) / 3;
    MESSAGE("mean spectral angle " << angle << " rad (VCA: 0.106)");
    CHECK(angle < 0.3);
}
}
