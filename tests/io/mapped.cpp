// SPDX-License-Identifier: BSD-3-Clause
// Arrays in files, mapped into memory.
#include "../support.hpp"

#include <filesystem>
#include <fstream>
#include <numeric>

#include <unistd.h>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/io/mapped.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/update/hals.hpp>

namespace mapped_test
{
using namespace support;
namespace fs = std::filesystem;

namespace
{
/// A folder of its own that is gone in the end.
struct folder
{
    fs::path path = fs::temp_directory_path() / ("xunmix_mapped_" + std::to_string(::getpid()));
    folder()
    {
        fs::create_directories(path);
    }
    ~folder()
    {
        fs::remove_all(path);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
};

template <class T>
xu::tensor<T> numbered(const std::vector<std::size_t>& shape)
{
    auto out = xu::tensor<T>::from_shape(shape);
    std::iota(out.data(), out.data() + out.size(), T{1});
    return out;
}

/// The frames of a scan (last two axes) with so many other bytes before each and after it.
template <class T>
void write_raw(const fs::path& path, const xu::tensor<T>& scan, std::size_t offset,
               std::size_t header, std::size_t footer)
{
    std::ofstream file(path, std::ios::binary);
    const std::size_t frame = scan.shape(scan.dimension() - 1) * scan.shape(scan.dimension() - 2);
    file << std::string(offset, 'o');
    for (std::size_t at = 0; at < scan.size(); at += frame)
    {
        file << std::string(header, 'h');
        file.write(reinterpret_cast<const char*>(scan.data() + at),
                   static_cast<std::streamsize>(frame * sizeof(T)));
        file << std::string(footer, 'f');
    }
}

template <class T>
bool same_elements(const xu::unfolded<T>& a, const xu::unfolded<T>& b)
{
    if (a.rows() != b.rows() || a.cols() != b.cols())
        return false;
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t c = 0; c < a.cols(); ++c)
            if (a(i, c) != b(i, c))
                return false;
    return true;
}
}

TEST_CASE_TEMPLATE("mapped: .npy and raw files are viewed, whatever surrounds their frames", T,
                   float, double, std::uint8_t, std::uint16_t, std::int32_t)
{
    const folder here;
    const auto scan = numbered<T>({3, 2, 4, 5});
    const fs::path npy = here.path / "a.npy", raw = here.path / "a.raw";
    xu::write_npy(npy, scan);
    for (const auto& where : {xu::positions{0, 1}, xu::positions{2, 3}, xu::positions{0}})
    {
        const auto expected = xu::unfold(scan, where);
        const auto mapped = xu::unfold(xu::map_npy<T>(npy), where, xu::in_place);
        CHECK(mapped.is_view());
        CHECK(same_elements(mapped, expected));
    }
    for (const auto& [offset, header, footer] :
         {std::array<std::size_t, 3>{0, 0, 0}, {16, 0, 0}, {8, 24, 0}, {0, 0, 40}, {64, 8, 16}})
    {
        write_raw(raw, scan, offset, header, footer);
        const auto array = xu::map_raw<T>(raw, {.shape = {3, 2, 4, 5},
                                                .offset = offset,
                                                .frame_header = header,
                                                .frame_footer = footer});
        const auto mapped = xu::unfold(array, xu::positions{0, 1}, xu::in_place);
        CHECK(mapped.is_view());
        CHECK(same_elements(mapped, xu::unfold(scan, xu::positions{0, 1})));
        // Positions that are not all but the frames' axes are copied.
        CHECK(same_elements(xu::unfold(array, xu::positions{0, 2}),
                            xu::unfold(scan, xu::positions{0, 2})));
    }
}

TEST_CASE("mapped: a spectrum image, one axis a frame, and a single number")
{
    const folder here;
    const auto scan = numbered<float>({4, 3, 6});
    xu::write_npy(here.path / "a.npy", scan);
    const auto array = xu::map_raw<float>(here.path / "a.npy",
                                          {.shape = {4, 3, 6}, .offset = 128, .frame_axes = 1});
    CHECK(array.strides() == std::vector<std::ptrdiff_t>{18, 6, 1});
    CHECK(same_elements(xu::unfold(array, xu::positions{0, 1}),
                        xu::unfold(scan, xu::positions{0, 1})));
    auto one = xu::tensor<double>::from_shape({});
    one.data()[0] = 3;
    xu::write_npy(here.path / "one.npy", one);
    CHECK(*xu::map_npy<double>(here.path / "one.npy").data() == 3);
}

TEST_CASE("mapped: what is unfolded keeps the file, though nobody else does")
{
    const folder here;
    const auto scan = numbered<std::uint16_t>({5, 4, 8, 8});
    const fs::path npy = here.path / "a.npy";
    xu::write_npy(npy, scan);
    const auto data = xu::unfold(xu::map_npy<std::uint16_t>(npy), xu::positions{0, 1});
    fs::remove(npy);
    CHECK(same_elements(data, xu::unfold(scan, xu::positions{0, 1})));
}

TEST_CASE_TEMPLATE("mapped: factorizations have the same bits as in memory", T, float,
                   std::uint16_t)
{
    const folder here;
    const matrix X = counted(random_matrix(48, 35, 3), 1000);
    auto scan = xu::tensor<T>::from_shape({6, 8, 5, 7});
    std::transform(X.values.begin(), X.values.end(), scan.data(),
                   [](double x) { return static_cast<T>(x); });
    xu::write_npy(here.path / "a.npy", scan);
    write_raw(here.path / "a.raw", scan, 4, 12, 20);
    const auto run = [](const auto& data)
    {
        return xu::factorize(data, {.rank = 3, .max_iterations = 20, .tolerance = 0}, xu::hals{},
                             xu::on_maps(xu::non_negative{}),
                             xu::on_components(xu::non_negative{}));
    };
    const xu::positions where{0, 1};
    const auto expected = run(xu::unfold(scan, where));
    const auto npy = run(xu::unfold(xu::map_npy<T>(here.path / "a.npy"), where));
    const auto raw = run(xu::unfold(
        xu::map_raw<T>(
            here.path / "a.raw",
            {.shape = {6, 8, 5, 7}, .offset = 4, .frame_header = 12, .frame_footer = 20}),
        where));
    for (const auto* found : {&npy, &raw})
    {
        CHECK(found->maps() == expected.maps());
        CHECK(found->components() == expected.components());
        CHECK(found->mse == expected.mse);
    }
}

TEST_CASE("mapped: bad input")
{
    const folder here;
    const fs::path npy = here.path / "a.npy", raw = here.path / "a.raw";
    const auto scan = numbered<std::uint16_t>({2, 3, 4, 5});
    xu::write_npy(npy, scan);
    write_raw(raw, scan, 0, 0, 0);
    const auto said = [](const fs::path& path, const xu::raw_layout& layout)
    { return message_of<xu::error>([&] { xu::map_raw<std::uint16_t>(path, layout); }); };
    CHECK(said(raw, {.shape = {2, 3, 4, 5}}) == "no exception");
    CHECK(said(raw, {.shape = {2, 3, 4, 6}}) ==
          xu::detail::quoted(raw) + " is too short for 6 frames of 48 bytes after the first 0: it "
                                    "holds 240 bytes instead of 288");
    CHECK(said(raw, {.shape = {std::size_t{1} << 40, std::size_t{1} << 40, 4, 5}})
              .find("is too short") != std::string::npos);
    CHECK(
        said(raw, {.shape = {2, 3, 4, 5}, .offset = ~std::uint64_t{0} - 1}).find("is too short") !=
        std::string::npos);
    CHECK(said(raw, {.shape = {2, 3, 4, 5}, .offset = 1}) ==
          "map_raw cannot map uint16 that begin at byte 1 in frames 40 bytes apart: both must be "
          "multiples of 2; read the file frame by frame with rows_from");
    CHECK(said(raw, {.shape = {2, 3, 4, 4}, .frame_footer = 3}).find("35 bytes apart") !=
          std::string::npos);
    CHECK(said(raw, {.shape = {2, 0, 4, 5}}) ==
          "map_raw needs a shape without empty axes, got (2, 0, 4, 5)");
    CHECK(said(raw, {.shape = {4, 5}, .frame_axes = 3}) ==
          "map_raw needs a frame of at least one of the 2 axes of the shape (4, 5), got 3");
    CHECK(said(here.path / "none.raw", {.shape = {1, 1}}).starts_with("cannot read "));
    CHECK(
        said(here.path, {.shape = {1, 1}}).ends_with("is not a file whose bytes could be mapped"));
    std::ofstream(here.path / "empty.raw");
    CHECK(said(here.path / "empty.raw", {.shape = {1, 1}}).ends_with(" is empty"));
    CHECK(message_of<xu::io_error>([&] { xu::map_npy<float>(npy); }) ==
          xu::detail::quoted(npy) + " holds values of type <u2, not float32: map it as what it "
                                    "holds, or read it with read_npy_as<T>, which converts");
    fs::resize_file(npy, 200);
    CHECK_THROWS_AS(xu::map_npy<std::uint16_t>(npy), xu::io_error);
}
}
