// SPDX-License-Identifier: BSD-3-Clause
#include "input.hpp"
#include "preprocess.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <type_traits>
#include <variant>

#include <fmt/ranges.h>

#include <xunmix/core/error.hpp>
#include <xunmix/io/hdf5.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/simulate/edx_phantom.hpp>
#include <xunmix/simulate/eels_phantom.hpp>
#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/unfold/mask.hpp>

namespace unmix
{
namespace
{
using xunmix::detail::require;

bool is_npy(const std::filesystem::path& path)
{
    char magic[6] = {};
    std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
    return std::string(magic, sizeof magic) == "\x93NUMPY" || path.extension() == ".npy";
}

xunmix::scan_file read(const arguments& a)
{
    if (!is_npy(a.input))
        return xunmix::read_hdf5(a.input, {.dataset = a.dataset, .in_trial = true});
    require<xunmix::invalid_argument>(a.dataset.empty(), "--dataset is for HDF5 files; this is "
                                                         "an .npy file, which holds one array");
    return xunmix::plain_scan(xunmix::read_npy(a.input), a.input.stem().string());
}

/// 0, 1, ... below `count`.
std::vector<std::size_t> first_axes(std::size_t count)
{
    std::vector<std::size_t> axes(count);
    std::iota(axes.begin(), axes.end(), std::size_t{0});
    return axes;
}

/// All but the last axis of three, the first two of four or more, the first of two.
std::vector<std::size_t> usual_positions(std::size_t axes)
{
    return first_axes(axes >= 3 ? 2 : 1);
}

/// Throws invalid_argument where no name tells what the axes of an array are, and more than the
/// usual number may be positions: there are five or more, or the last two of four do not look like
/// a detector.
void check_unnamed(const xunmix::scan_file& scan)
{
    constexpr std::size_t longest_detector = 4; // times its other side
    const auto& axes = scan.axes;
    const auto has_name = [](const xunmix::axis& a) { return !a.name.empty(); };
    if (axes.size() < 4 || std::any_of(axes.begin(), axes.end(), has_name))
        return;
    const std::size_t v = axes[axes.size() - 2].size, u = axes.back().size;
    const bool is_detector = std::max(v, u) <= longest_detector * std::min(v, u);
    if (axes.size() == 4 && is_detector)
        return;
    throw xunmix::invalid_argument(fmt::format(
        "the axes of this array, ({}), have no names: say which of them are positions, --positions "
        "{} for patterns of {} x {} channels or --positions {} for spectra of {}",
        fmt::join(xunmix::shape_of(scan.data), ", "), fmt::join(first_axes(axes.size() - 2), ","),
        v, u, fmt::join(first_axes(axes.size() - 1), ","), u));
}

/// Sorts the axes' descriptions into positions and channels, in the order of the results'.
void sort_axes(input& in)
{
    const auto& axes = in.scan.axes;
    for (std::size_t p : in.positions)
        if (p < axes.size())
            in.position_axes.push_back(axes[p]);
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (std::find(in.positions.begin(), in.positions.end(), i) == in.positions.end())
            in.channel_axes.push_back(axes[i]);
}

void mask_disk(input& in, const xunmix::disk& disk)
{
    require<xunmix::invalid_argument>(in.channel_axes.size() == 2,
                                      "--mask-disk needs patterns of two axes; this scan's "
                                      "channels have ",
                                      in.channel_axes.size());
    const xunmix::image_extents detector{in.channel_axes[0].size, in.channel_axes[1].size};
    in.keep = disk.outside(detector);
    const auto left = std::count(in.keep->begin(), in.keep->end(), true);
    require<xunmix::invalid_argument>(
        left != std::ssize(*in.keep), "--mask-disk masks no channel: a disk at (", disk.center[0],
        ", ", disk.center[1], ") of radius ", disk.radius, " holds no pixel of the ", detector[0],
        " x ", detector[1], " detector; give y, x and r in pixels, counted from 0");
    in.mask = fmt::format("disk at ({:g}, {:g}), radius {:g}", disk.center[0], disk.center[1],
                          disk.radius);
}

/// Uesugi's experiment: 100 x 100 positions, 128 x 128 detector.
input simulate_nanosheets(const arguments& a)
{
    auto simulated = xunmix::simulate::nanosheets<std::uint16_t>({.threads = a.threads});
    input in;
    in.scan = xunmix::plain_scan(std::move(simulated.scan), "nanosheets");
    const char* names[] = {"y", "x", "v", "u"};
    const xunmix::simulate::nanosheet_options experiment;
    for (std::size_t i = 0; i < 4; ++i)
    {
        in.scan.axes[i].name = names[i];
        if (i < 2)
        {
            in.scan.axes[i].units = "nm";
            in.scan.axes[i].scale = experiment.step_nm;
        }
    }
    in.positions = {0, 1};
    sort_axes(in);
    mask_disk(in, simulated.direct_beam);
    return in;
}

/// A spectrum image with its energy axis.
input simulated_spectra(xunmix::simulate::spectrum_image<std::uint16_t> image, const char* energy)
{
    input in;
    in.scan = xunmix::plain_scan(std::move(image.scan), energy);
    auto& axes = in.scan.axes;
    axes[0].name = "y";
    axes[1].name = "x";
    axes[2].name = energy;
    axes[2].units = image.axis.unit;
    axes[2].offset = image.axis.offset;
    axes[2].scale = image.axis.step;
    in.positions = {0, 1};
    sort_axes(in);
    return in;
}

/// The built-in scan that --simulate names.
input simulate(const arguments& a)
{
    namespace simulate = xunmix::simulate;
    const std::string name = a.simulate.empty() ? "nanosheets" : a.simulate;
    input in =
        name == "silicon_diode"
            ? simulated_spectra(simulate::silicon_diode({.threads = a.threads}), "energy loss")
        : name == "edx" ? simulated_spectra(simulate::edx_phantom({.threads = a.threads}), "energy")
        : name == "eels"
            ? simulated_spectra(simulate::eels_phantom({.threads = a.threads}), "energy loss")
            : simulate_nanosheets(a);
    in.source = "simulated " + name;
    return in;
}

/// What is to be read or simulated, its axes sorted.
input take_scan(const arguments& a)
{
    if (a.input.empty())
    {
        require<xunmix::invalid_argument>(a.positions.empty() && a.dataset.empty(),
                                          "--positions and --dataset describe an INPUT file, but "
                                          "none was given");
        return simulate(a);
    }
    require<xunmix::invalid_argument>(a.simulate.empty(), "--simulate makes a scan in the place of "
                                                          "INPUT; leave out one of the two");
    input in;
    in.source = xunmix::detail::valid_utf8(a.input.filename().string());
    in.scan = read(a);
    if (a.positions.empty() && in.scan.position_axes.empty())
        check_unnamed(in.scan);
    in.positions = !a.positions.empty()            ? a.positions
                   : in.scan.position_axes.empty() ? usual_positions(in.scan.axes.size())
                                                   : in.scan.position_axes;
    sort_axes(in);
    return in;
}

/// "; 12 spikes replaced; no hot channels found"
std::string describe(const preprocessing& done)
{
    std::string words;
    if (done.spikes)
        words +=
            fmt::format("; {} {} replaced", *done.spikes, *done.spikes == 1 ? "spike" : "spikes");
    if (done.hot_channels && done.hot_channels->empty())
        words += "; no hot channels found";
    if (done.background)
        words += fmt::format("; background subtracted, fitted from {:g} to {:g}",
                             done.background->front(), done.background->back());
    return words;
}
}

bool holds_integers(const input& in)
{
    return std::visit([]<class T>(const xunmix::tensor<T>&) { return std::is_integral_v<T>; },
                      in.scan.data);
}

input open_input(const arguments& a)
{
    input in = take_scan(a);
    in.original = {xunmix::shape_of(in.scan.data), xunmix::type_name(in.scan.data), in.positions};
    if (a.mask_disk)
        mask_disk(in,
                  {.center = {(*a.mask_disk)[0], (*a.mask_disk)[1]}, .radius = (*a.mask_disk)[2]});
    preprocess(in, a);
    return in;
}

std::string describe(const input& in)
{
    auto extents = [](const std::vector<xunmix::axis>& axes)
    {
        std::vector<std::size_t> sizes(axes.size());
        std::ranges::transform(axes, sizes.begin(), &xunmix::axis::size);
        return fmt::format("{}", fmt::join(sizes, " x "));
    };
    return fmt::format("{}: {} positions, {} channels, {}{}{}", in.source,
                       extents(in.position_axes), extents(in.channel_axes), in.original.type,
                       in.mask.empty() ? "" : "; masked: " + in.mask, describe(in.prepared));
}
}
