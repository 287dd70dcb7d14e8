// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/compare/dendrogram.hpp>
#include <xunmix/model/factor.hpp>

namespace unmix
{
/// Which components are one pattern turned: what --cluster asks for.
struct cluster_request
{
    std::size_t count = 0;           ///< 0: nobody asked
    std::string linkage = "average"; ///< one of linkages()
    bool friedel = false;
};

/// What `unmix` without a word takes beside the options of several commands.
struct fit_request
{
    std::size_t rank = 0;
    std::size_t groups = 0; ///< that an iteration reads one after the other; 0: chosen
    bool uncentred = false; ///< of pca: the mean is left in
    cluster_request clusters;
};

/// What `unmix survey` takes beside the options of several commands.
struct survey_request
{
    std::vector<std::size_t> ranks; ///< ascending
    bool exact = false;
    std::size_t halving = 0;
    std::size_t compression = 0; ///< directions; 0: chosen
    std::size_t polish = 20;
    bool resume = false;
    std::vector<std::filesystem::path> beside; ///< folders of surveys to draw in the same picture
};

/// What `unmix rank` takes beside the options of several commands.
struct rank_request
{
    std::vector<std::size_t> ranks; ///< ascending
    std::size_t draws = 10;         ///< scans drawn for the noise edge
    double held_out = 0.1;          ///< share of the counts
};

/// By name.
const std::map<std::string, xunmix::linkage>& linkages();

/// Whether a run draws pictures.
enum class pictures
{
    drawn,
    none
};

/// What the program unmix was asked to do.
struct arguments
{
    std::filesystem::path input; ///< empty: the simulated scan
    std::string simulate;        ///< which one; empty: nanosheets
    std::string algorithm = "hals";
    std::vector<std::string> maps, components; ///< constraints by name; empty: the defaults
    std::vector<std::size_t> positions;        ///< empty: as the file says
    std::string dataset;
    std::size_t iterations = 200;
    double tolerance = 1e-5;
    std::uint64_t seed = 1;
    std::size_t starts = 1;
    std::string noise = "auto";
    std::optional<double> beta;          ///< of the divergence instead of least squares
    std::optional<double> orthogonality; ///< weight; nothing: the library's default
    xunmix::side orthogonal_side = xunmix::side::maps;
    std::string init = "uniform";
    std::optional<std::size_t> screening; ///< iterations of each start before the best goes on
    std::optional<std::array<double, 3>> mask_disk; ///< centre (y, x) and radius in channels
    bool clip_negative = false;
    std::optional<double> despike; ///< threshold
    bool mask_hot = false;
    std::optional<std::array<double, 2>> background; ///< window of the fit, in the axis's units
    std::size_t threads = 0;
    std::filesystem::path output = "unmix-result";
    pictures wanted_pictures = pictures::drawn;
    std::string command_line; ///< as typed

    // The command: one of the three is there.
    std::optional<fit_request> fit;          ///< one factorization
    std::optional<survey_request> survey;    ///< many starts at many ranks
    std::optional<rank_request> rank_report; ///< how many components there are
};

/// Reads the command line. Prints help, version or what is wrong, and ends the program with the
/// exit code that belongs to it, where there is nothing to do.
arguments read_arguments(int argc, char** argv);
}
