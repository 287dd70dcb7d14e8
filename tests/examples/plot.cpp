// SPDX-License-Identifier: BSD-3-Clause
#include "../io/files.hpp"
#include "plot/figure.hpp"
#include "plot/fourier.hpp"
#include "plot/ticks.hpp"
#include "run_folder.hpp"

#include <array>
#include <barrier>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace plot_test
{
namespace xu = xunmix;

namespace
{
xu::tensor<double> ramp(const std::vector<std::size_t>& shape)
{
    auto values = xu::tensor<double>::from_shape(shape);
    for (std::size_t i = 0; i < values.size(); ++i)
        values.data()[i] = static_cast<double>(i);
    return values;
}

bool is_png(const std::filesystem::path& path)
{
    return read_bytes(path).starts_with("\x89PNG\r\n");
}
}

TEST_CASE("run_folder: an unused folder goes again, a used one keeps its files")
{
    const scratch_folder scratch;
    {
        const unmix::run_folder unused(scratch / "a" / "b");
        CHECK(std::filesystem::is_directory(scratch / "a" / "b"));
    }
    CHECK(scratch.count() == 0);
    {
        unmix::run_folder used(scratch / "a" / "b");
        used.write_text("note.txt", "kept");
    }
    unmix::run_folder again(scratch / "a" / "b");
    again.write_csv("history.csv", {.columns = {"iteration", "mse"},
                                    .rows = {{1, 0.1}, {2, 1e-300}, {3, std::nan("")}}});
    again.write_json("report.json", {{"version", "0.1.0"}, {"rank", 3}, {"mse", std::nan("")}});
    again.write_array("maps.npy", ramp({2, 3}));
    CHECK(read_bytes(again / "note.txt") == "kept");
    CHECK(read_bytes(again / "history.csv") == "iteration,mse\n1,0.1\n2,1e-300\n3,nan\n");
    CHECK(read_bytes(again / "report.json") ==
          "{\n  \"version\": \"0.1.0\",\n  \"rank\": 3,\n  \"mse\": null\n}\n");
    CHECK(xu::read_npy_as<double>(again / "maps.npy") == ramp({2, 3}));
}

TEST_CASE("run_folder: one run has it at a time, and what a killed one left half-written goes")
{
    const scratch_folder scratch;
    const auto folder = scratch / "out";
    std::filesystem::create_directory(folder);
    write_bytes(folder / "maps.npy.1a2b3c4d.part", "half");
    write_bytes(folder / "notes.part", "the user's");
    {
        const unmix::run_folder first(folder);
        CHECK(!std::filesystem::exists(folder / "maps.npy.1a2b3c4d.part"));
        CHECK(std::filesystem::exists(folder / "notes.part"));
        const auto message = message_of<xu::io_error>([&] { unmix::run_folder{folder}; });
        CAPTURE(message);
        CHECK(message.find(folder.string()) != std::string::npos);
        CHECK(message.find("another run") != std::string::npos);
    }
    CHECK_NOTHROW(unmix::run_folder{folder});
}

TEST_CASE("run_folder: of two runs that begin at once neither takes the other's folder away")
{
    const scratch_folder scratch;
    const auto folder = scratch / "new" / "out";
    std::size_t written = 0, refused = 0;
    for (int round = 0; round < 1000; ++round)
    {
        std::barrier together(2);
        std::array<std::string, 2> said;
        const auto run = [&](std::string& what)
        {
            together.arrive_and_wait();
            what = message_of<xu::io_error>(
                [&]
                {
                    unmix::run_folder mine(folder);
                    std::this_thread::yield();
                    mine.write_text("note.txt", "whole");
                });
        };
        std::thread first(run, std::ref(said[0])), second(run, std::ref(said[1]));
        first.join();
        second.join();
        for (const std::string& what : said)
        {
            CAPTURE(what);
            const bool was_refused = what.find("another run") != what.npos;
            CHECK((was_refused || what == "no exception"));
            ++(was_refused ? refused : written);
        }
        CHECK(std::filesystem::exists(folder / "note.txt"));
        std::filesystem::remove_all(scratch / "new");
    }
    CHECK(written + refused == 2000);
    CHECK(written >= 1000);
}

TEST_CASE("run_folder: what cannot be a folder is refused before anything is written")
{
    const scratch_folder scratch;
    const auto file = scratch / "file";
    write_bytes(file, "x");
    CHECK(message_of<xu::io_error>([&] { unmix::run_folder{file}; }) ==
          "cannot write to '" + file.string() + "': it is a file, the output needs a folder");
    const auto below = file / "below";
    CHECK(message_of<xu::io_error>([&] { unmix::run_folder{below}; }) ==
          "cannot write to folder '" + below.string() + "': Not a directory");
    CHECK(scratch.count() == 1);
}

TEST_CASE("montage: every kind of scan is drawn, whatever its values")
{
    const scratch_folder scratch;
    auto spoilt = ramp({3, 8, 8});
    spoilt(0, 0, 0) = std::nan("");
    spoilt(1, 2, 3) = std::numeric_limits<double>::infinity();
    spoilt(2, 0, 0) = -5;
    const auto empty = xu::tensor<double>(spoilt * 0.0);
    const xu::tensor<double> choices[] = {
        ramp({3, 50}), ramp({3, 1}), ramp({3, 8, 8}), ramp({3, 2, 300}), ramp({3, 5, 4, 6}),
        spoilt,        empty};
    for (const auto& components : choices)
        for (const auto& maps : choices)
            for (const auto scale : {unmix::display::automatic, unmix::display::logarithmic})
            {
                unmix::draw_montage(scratch / "a.png", {.components = components,
                                                        .maps = maps,
                                                        .title = "title",
                                                        .component_display = scale,
                                                        .map_display = scale});
                CHECK(is_png(scratch / "a.png"));
            }
    unmix::draw_montage(scratch / "a.svg", {.components = ramp({30, 9}), .maps = ramp({30, 4, 5})});
    CHECK(read_bytes(scratch / "a.svg").starts_with("<?xml"));
    CHECK(scratch.count() == 2);
}

TEST_CASE("montage: what does not fit together, and where it cannot be written")
{
    const scratch_folder scratch;
    const auto path = scratch / "a.png";
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  unmix::draw_montage(path, {.components = ramp({3, 9}), .maps = ramp({2, 4})});
              }) ==
          "a montage needs components (k, channels...) and maps (k, positions...) of one k; given "
          "(3, 9) and (2, 4)");
    for (const char* name : {"a.png", "a.svg"})
        CHECK_THROWS_AS(unmix::draw_montage(scratch / "none" / name,
                                            {.components = ramp({2, 9}), .maps = ramp({2, 4})}),
                        xu::io_error);
    CHECK(scratch.count() == 0);
}

TEST_CASE("convergence: any number and length of curves, finite or not")
{
    const scratch_folder scratch;
    const double nan = std::nan("");
    for (const unmix::convergence& what :
         {unmix::convergence{.curves = {}}, unmix::convergence{.curves = {{}}},
          unmix::convergence{.curves = {{1}}}, unmix::convergence{.curves = {{nan, nan}}},
          unmix::convergence{.curves = {{5, 5, 5}, {0, 0}}, .best = 1},
          unmix::convergence{.curves = {{-1, nan, 3}, {1e9, 1e-9}}, .best = 1}})
    {
        unmix::draw_convergence(scratch / "mse.png", what);
        CHECK(is_png(scratch / "mse.png"));
    }
    CHECK(scratch.count() == 1);
}

TEST_CASE("rank study: any number of ranks, whatever their values")
{
    const scratch_folder scratch;
    const auto study = [](const std::vector<double>& minima)
    {
        unmix::rank_study what{.crossing = 3, .title = std::string(200, 'x')};
        for (std::size_t i = 0; i < minima.size(); ++i)
            what.ranks.push_back({.rank = i + 1,
                                  .starts = {minima[i], 2 * minima[i], std::nan("")},
                                  .dropped = {3 * minima[i]},
                                  .minimum = minima[i],
                                  .mean = 1.5 * minima[i],
                                  .pca = 0.9 * minima[i],
                                  .scaled_pca = i % 2 ? std::nan("") : minima[i]});
        return what;
    };
    const double nan = std::nan("");
    for (const std::vector<double>& minima : {std::vector<double>{},
                                              {1},
                                              {0, 0, 0, 0, 0},
                                              {nan, nan, nan, nan},
                                              {5, 3, 2, 1.9},
                                              {100, 10, 1.2, 1.1, 1},
                                              {1e-11, 1e-12, 0, 0, 0, 0},
                                              {2, nan, 1, 1, 1}})
    {
        unmix::draw_mse_scatter(scratch / "a.png", study(minima));
        unmix::draw_mse_pca(scratch / "b.png", study(minima));
        CHECK(is_png(scratch / "a.png"));
        CHECK(is_png(scratch / "b.png"));
    }
    CHECK(scratch.count() == 2);
}

TEST_CASE("rank study: others' minima, at whatever ranks")
{
    const scratch_folder scratch;
    unmix::rank_study what{.name = "als, ",
                           .others = {{"mu", {1, 2, 9}, {3, 2, std::nan("")}}, {"hals", {}, {}}}};
    what.ranks = {{.rank = 2, .minimum = 3}, {.rank = 3, .minimum = 1}};
    unmix::draw_mse_pca(scratch / "a.png", what);
    CHECK(is_png(scratch / "a.png"));
}

TEST_CASE("scree: any number of components, whatever their variances")
{
    const scratch_folder scratch;
    for (const std::vector<double>& values :
         {std::vector<double>{}, {1}, {5, 4, 0, 0}, {1e9, 1, 1e-9}, {std::nan(""), 1}})
    {
        unmix::draw_scree(scratch / "a.png", {.variances = values, .mse = values});
        CHECK(is_png(scratch / "a.png"));
    }
}

TEST_CASE("dendrogram: any number of leaves and clusters, maps of any kind")
{
    const scratch_folder scratch;
    for (const std::size_t leaves : {2U, 3U, 40U})
    {
        std::vector<double> distances(leaves * leaves);
        for (std::size_t i = 0; i < leaves; ++i)
            for (std::size_t j = 0; j < leaves; ++j)
                distances[i * leaves + j] = leaves == 3 ? 0 : std::abs(double(i) - double(j));
        const auto tree = xu::cluster(std::span<const double>(distances));
        for (const std::size_t count : {std::size_t{1}, std::size_t{2}, leaves})
            for (const auto& maps : {ramp({count, 7}), ramp({count, 5, 9})})
            {
                unmix::draw_dendrogram(scratch / "a.png", {.tree = tree,
                                                           .labels = tree.cut_into(count),
                                                           .patterns = ramp({count, 9, 8}),
                                                           .maps = maps});
                CHECK(is_png(scratch / "a.png"));
            }
    }
}

TEST_CASE("fourier: the power of a wave lies at its frequency, nothing at 0")
{
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{12, 16}, {9, 7}})
    {
        auto wave = xu::tensor<double>::from_shape({1, rows, cols});
        for (std::size_t y = 0; y < rows; ++y)
            for (std::size_t x = 0; x < cols; ++x)
                wave(0, y, x) =
                    5 + std::cos(2 * std::numbers::pi *
                                 (3.0 * double(y) / double(rows) + 2.0 * double(x) / double(cols)));
        const auto power = unmix::power_spectra(wave);
        const double half = double(rows * cols) / 2;
        for (std::size_t y = 0; y < rows; ++y)
            for (std::size_t x = 0; x < cols; ++x)
            {
                const bool there = (y == rows / 2 + 3 && x == cols / 2 + 2) ||
                                   (y == rows / 2 - 3 && x == cols / 2 - 2);
                CHECK(power(0, y, x) == doctest::Approx(there ? half * half : 0));
            }
    }
    const auto axes = unmix::frequency_axes(
        {{.name = "y", .units = "nm", .size = 10, .scale = -2}, {.name = "x", .size = 5}});
    CHECK(axes[0].units == "1/nm");
    CHECK(axes[0].scale == doctest::Approx(0.05));
    CHECK(axes[0].at(5) == doctest::Approx(0));
    CHECK(axes[1].units == "per position");
    CHECK(axes[1].at(2) == doctest::Approx(0));
    CHECK(axes[1].scale == doctest::Approx(0.2));
}

TEST_CASE("ticks: round numbers within the range, labels that tell them apart")
{
    using labels = std::vector<std::string>;
    CHECK(unmix::tick_labels(unmix::linear_ticks(0, 1, 5)) ==
          labels{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
    CHECK(unmix::tick_labels(unmix::linear_ticks(0.16, 19.98, 5)) == labels{"5", "10", "15"});
    CHECK(unmix::tick_labels(unmix::linear_ticks(-2, 3, 5)) ==
          labels{"−2", "−1", "0", "1", "2", "3"});
    CHECK(unmix::tick_labels(unmix::linear_ticks(0, 2e-6, 2)) == labels{"0", "10⁻⁶", "2×10⁻⁶"});
    CHECK(unmix::tick_labels(unmix::logarithmic_ticks(1e-8, 1, 5), true) ==
          labels{"10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"});
    CHECK(unmix::tick_labels(unmix::logarithmic_ticks(1, 100, 8), true) ==
          labels{"1", "2", "5", "10", "20", "50", "100"});
    CHECK(unmix::short_number(0.47) == "0.47");
    CHECK(unmix::short_number(-0.000047) == "−4.7×10⁻⁵");
    CHECK(unmix::short_number(99999) == "10⁵");
    CHECK(unmix::short_number(0) == "0");
    for (const double low : {-3.7, 0.0, 1e-7, 12345.6})
        for (const double extent : {1e-9, 0.3, 7.0, 1e6})
        {
            const auto ticks = unmix::linear_ticks(low, low + extent, 6);
            CHECK(ticks.size() <= 7);
            CHECK(ticks.front() >= low - 1e-6 * extent);
            CHECK(ticks.back() <= low + extent * (1 + 1e-6));
        }
}

TEST_CASE("display: the scale follows the dynamic range, and low to high is 0 to 1 on it")
{
    const auto beam_over = [](double spots)
    {
        std::vector<double> image(1000, 1.0);
        std::fill_n(image.begin(), 100, spots);
        image[0] = 1000;
        return std::vector<std::vector<double>>{image};
    };
    CHECK(unmix::choose_display(beam_over(500), false) == unmix::display::linear);
    CHECK(unmix::choose_display(beam_over(50), false) == unmix::display::square_root);
    CHECK(unmix::choose_display(beam_over(5), false) == unmix::display::logarithmic);
    CHECK(unmix::choose_display(beam_over(50), true) == unmix::display::linear);
    CHECK(unmix::choose_display(beam_over(5), true) == unmix::display::square_root);
    const unmix::display_range decades{
        .low = 1e-3, .high = 1, .scale = unmix::display::logarithmic};
    CHECK(decades.place(1e-3) == doctest::Approx(0));
    CHECK(decades.place(1e-2) == doctest::Approx(1.0 / 3));
    CHECK(decades.place(0) == doctest::Approx(0));
    CHECK(std::isnan(decades.place(std::nan(""))));
    const unmix::display_range root{.low = 0, .high = 4, .scale = unmix::display::square_root};
    CHECK(root.place(1) == doctest::Approx(0.5));
}
}
