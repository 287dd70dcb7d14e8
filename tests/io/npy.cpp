// SPDX-License-Identifier: BSD-3-Clause
#include "files.hpp"

#include <bit>
#include <cmath>

#include <doctest/doctest.h>

#include <xunmix/io/npy.hpp>

namespace npy_test
{
namespace xu = xunmix;

namespace
{
/// A file as numpy.save of NumPy 1.24 writes it: the dictionary padded to a multiple of 64 bytes.
void save_like_numpy(const std::filesystem::path& path, const std::string& descr,
                     const std::string& shape, const std::string& payload,
                     const std::string& fortran = "False")
{
    std::string header =
        "{'descr': " + descr + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    const char length = static_cast<char>(header.size());
    write_bytes(path, std::string("\x93NUMPY\1\0", 8) + length + '\0' + header + payload);
}

template <class T>
std::string bytes_of(std::initializer_list<T> values)
{
    return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

std::string reading_fails_with(const std::filesystem::path& path)
{
    std::string message = message_of<xu::io_error>([&] { xu::read_npy(path); });
    const auto at = message.find(path.string());
    return at == message.npos ? message : message.replace(at, path.string().size(), "FILE");
}
}

TEST_CASE_TEMPLATE("npy: every element type is read as NumPy stores it and written the same way", T,
                   float, double, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t,
                   std::int8_t, std::int16_t, std::int32_t, std::int64_t)
{
    const scratch_folder folder;
    const auto path = folder / "a.npy";
    const T low = std::numeric_limits<T>::lowest();
    const T high = std::numeric_limits<T>::max();
    const char* kind = std::floating_point<T> ? "f" : std::is_signed_v<T> ? "i" : "u";
    const std::string descr =
        xu::detail::text("'", sizeof(T) == 1 ? "|" : "<", kind, sizeof(T), "'");
    save_like_numpy(path, descr, "(2, 3)", bytes_of<T>({low, 1, 2, 3, 4, high}));

    const xu::any_tensor read = xu::read_npy(path);
    REQUIRE(std::holds_alternative<xu::tensor<T>>(read));
    CHECK(xu::shape_of(read) == std::vector<std::size_t>{2, 3});
    const auto& values = std::get<xu::tensor<T>>(read);
    CHECK(values(0, 0) == low);
    CHECK(values(0, 2) == T{2});
    CHECK(values(1, 0) == T{3});
    CHECK(values(1, 2) == high);

    xu::write_npy(folder / "b.npy", values);
    CHECK(read_bytes(folder / "b.npy") == read_bytes(path));
    CHECK(xu::read_npy_as<T>(path) == values);
    CHECK(folder.count() == 2);
}

TEST_CASE("npy: half floats are read as float")
{
    const scratch_folder folder;
    const auto path = folder / "half.npy";
    // numpy.array([1, -2, 65504, 2**-24, 0, -0.0, inf, nan, 1/3], "f2")
    save_like_numpy(path, "'<f2'", "(9,)",
                    bytes_of<std::uint16_t>(
                        {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x0000, 0x8000, 0x7C00, 0x7E00, 0x3555}));
    const auto read = xu::read_npy(path);
    REQUIRE(std::holds_alternative<xu::tensor<float>>(read));
    const auto& values = std::get<xu::tensor<float>>(read);
    CHECK(values(0) == 1.0F);
    CHECK(values(1) == -2.0F);
    CHECK(values(2) == 65504.0F);
    CHECK(values(3) == std::ldexp(1.0F, -24));
    CHECK(values(4) == 0.0F);
    CHECK(std::signbit(values(5)));
    CHECK(std::isinf(values(6)));
    CHECK(std::isnan(values(7)));
    CHECK(values(8) == 0.333251953125F);
}

TEST_CASE("npy: booleans come as uint8, or as bool where asked for, and go back as |b1")
{
    const scratch_folder folder;
    const auto path = folder / "mask.npy";
    save_like_numpy(path, "'|b1'", "(2, 2)", std::string("\0\1\1\0", 4));
    const auto read = xu::read_npy(path);
    REQUIRE(std::holds_alternative<xu::tensor<std::uint8_t>>(read));
    CHECK(std::get<xu::tensor<std::uint8_t>>(read)(0, 1) == 1);
    const auto mask = xu::read_npy_as<bool>(path);
    CHECK(mask(1, 0));
    CHECK_FALSE(mask(1, 1));
    xu::write_npy(folder / "again.npy", mask);
    CHECK(read_bytes(folder / "again.npy") == read_bytes(path));
}

TEST_CASE("npy: shapes of any rank, empty ones included")
{
    const scratch_folder folder;
    const auto path = folder / "a.npy";
    save_like_numpy(path, "'<f8'", "()", bytes_of<double>({2.5}));
    CHECK(xu::read_npy_as<double>(path)() == 2.5);
    save_like_numpy(path, "'<f8'", "(1,)", bytes_of<double>({2.5}));
    CHECK(xu::shape_of(xu::read_npy(path)) == std::vector<std::size_t>{1});
    save_like_numpy(path, "'<u2'", "(3, 0, 4)", "");
    CHECK(xu::shape_of(xu::read_npy(path)) == std::vector<std::size_t>{3, 0, 4});
    save_like_numpy(path, "'<u2'", "(1L, 2L)", bytes_of<std::uint16_t>({7, 8})); // Python 2
    CHECK(xu::shape_of(xu::read_npy(path)) == std::vector<std::size_t>{1, 2});
    for (const std::vector<std::size_t>& shape :
         {std::vector<std::size_t>{}, {5}, {2, 3}, {1, 2, 3, 4}, {2, 0}})
    {
        auto values = xu::tensor<float>::from_shape(shape);
        for (std::size_t i = 0; i < values.size(); ++i)
            values.data()[i] = static_cast<float>(i);
        xu::write_npy(path, values);
        CHECK((read_bytes(path).size() - values.size() * 4) % 64 == 0);
        CHECK(xu::read_npy_as<float>(path) == values);
    }
}

TEST_CASE("npy: format 2.0, Fortran order of one axis, and keys in another order are understood")
{
    const scratch_folder folder;
    const auto path = folder / "a.npy";
    save_like_numpy(path, "'<u2'", "(1, 3)", bytes_of<std::uint16_t>({1, 2, 3}), "True");
    CHECK(xu::read_npy_as<int>(path)(0, 2) == 3);
    const std::string header = "{\"shape\": (2,), \"fortran_order\": False, \"descr\": \"<u2\"}\n";
    write_bytes(path, std::string("\x93NUMPY\2\0", 8) + static_cast<char>(header.size()) +
                          std::string(3, '\0') + header + bytes_of<std::uint16_t>({5, 6}));
    CHECK(xu::read_npy_as<int>(path)(1) == 6);
}

TEST_CASE("npy: conversion keeps values or says which one does not fit")
{
    const scratch_folder folder;
    const auto path = folder / "a.npy";
    save_like_numpy(path, "'<f8'", "(3,)", bytes_of<double>({1, 2.5, -3}));
    CHECK(xu::read_npy_as<float>(path)(1) == 2.5F);
    const auto as_count = [&] { xu::read_npy_as<std::uint16_t>(path); };
    CHECK(message_of<xu::io_error>(as_count) ==
          "'" + path.string() +
              "': the value 2.5 at flat index 1 does not fit uint16; read it as float64");
    save_like_numpy(path, "'|i1'", "(2,)", bytes_of<std::int8_t>({1, -1}));
    CHECK(message_of<xu::io_error>(as_count) ==
          "'" + path.string() +
              "': the value -1 at flat index 1 does not fit uint16; read it as int8");
    save_like_numpy(path, "'<f8'", "(1,)", bytes_of<double>({1e300}));
    CHECK(message_of<xu::io_error>([&] { xu::read_npy_as<float>(path); }) ==
          "'" + path.string() +
              "': the value 1e+300 at flat index 0 does not fit float32; read it as float64");
    CHECK_FALSE(xu::detail::fits<std::int32_t>(2147483648.0));
    CHECK(xu::detail::fits<std::int32_t>(-2147483648.0));
    CHECK_FALSE(xu::detail::fits<std::uint64_t>(std::nan("")));
    CHECK(xu::detail::fits<float>(HUGE_VAL));
    // More values than one block of the conversion holds.
    auto many = xu::tensor<std::uint8_t>::from_shape({200000});
    for (std::size_t i = 0; i < many.size(); ++i)
        many(i) = static_cast<std::uint8_t>(i % 251);
    xu::write_npy(path, many);
    const auto wide = xu::read_npy_as<double>(path);
    bool equal = true;
    for (std::size_t i = 0; i < many.size(); ++i)
        equal = equal && wide(i) == static_cast<double>(i % 251);
    CHECK(equal);
}

TEST_CASE("npy: files that cannot be read are refused with the reason and the remedy")
{
    const scratch_folder folder;
    const auto path = folder / "a.npy";
    const std::string six = bytes_of<float>({1, 2, 3, 4, 5, 6});

    CHECK(reading_fails_with(path) == "cannot read 'FILE': No such file or directory");
    CHECK(reading_fails_with(path.parent_path()) == "'FILE' is a folder, a file is needed");
    write_bytes(path, "y,x\n1,2\n");
    CHECK(reading_fails_with(path) ==
          "'FILE' is not a .npy file: it does not begin with \\x93NUMPY");
    write_bytes(path, "");
    CHECK(reading_fails_with(path) ==
          "'FILE' is not a .npy file: it does not begin with \\x93NUMPY");
    save_like_numpy(path, "'<f4'", "(2, 3)", six.substr(0, 20));
    CHECK(reading_fails_with(path) ==
          "'FILE' is truncated: its header promises (2, 3) values of 4 bytes, the file holds 20 "
          "bytes of them; copy or save it again");
    save_like_numpy(path, "'<f4'", "(4294967296, 4294967296)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' is truncated: its header promises (4294967296, 4294967296) values of 4 bytes, "
          "the file holds 24 bytes of them; copy or save it again");
    save_like_numpy(path, "'<f4'", "(2, 2)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' holds 8 bytes more than the (2, 2) values of 4 bytes of its header; save each "
          "array to its own file");
    write_bytes(path, read_bytes(path).substr(0, 60));
    CHECK(reading_fails_with(path) ==
          "'FILE' is truncated: it ends within its header; copy or save it again");
    save_like_numpy(path, "'<f4'", "(2, 3)", six, "True");
    CHECK(reading_fails_with(path) ==
          "'FILE' is stored in Fortran order, only C order can be read; convert it: "
          "numpy.save(path, numpy.ascontiguousarray(a))");
    save_like_numpy(path, "'>f4'", "(2, 3)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' holds big-endian values (>f4), only little-endian ones can be read; convert it: "
          "numpy.save(path, a.astype(\"<f4\"))");
    save_like_numpy(path, "'<c8'", "(3,)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' holds complex values (<c8), real ones are needed; save their magnitude: "
          "numpy.save(path, numpy.abs(a))");
    save_like_numpy(path, "'|O'", "(3,)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' holds values of type |O, which is none of bool, int8..int64, uint8..uint64, "
          "float16..float64; convert it: numpy.save(path, a.astype(\"<f4\"))");
    save_like_numpy(path, "[('x', '<f4'), ('shape', '<f4')]", "(3,)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE' holds a structured array, only plain numbers can be read; save one field: "
          "numpy.save(path, a[\"field\"])");
    save_like_numpy(path, "'<f4'", "(2; 3)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE': the .npy header has no readable shape; the file is damaged, save it again with "
          "numpy.save");
    save_like_numpy(path, "f4", "(2, 3)", six);
    CHECK(reading_fails_with(path) ==
          "'FILE': the .npy header has no readable type; the file is damaged, save it again with "
          "numpy.save");
    write_bytes(path, std::string("\x93NUMPY\1\0\2\0{}", 12));
    CHECK(reading_fails_with(path) ==
          "'FILE': the .npy header has no 'descr'; the file is damaged, save it again with "
          "numpy.save");
}

TEST_CASE("npy: a failed write leaves neither a new file nor a damaged old one")
{
    const scratch_folder folder;
    const xu::tensor<float> values{{1, 2}, {3, 4}};
    const auto path = folder / "none" / "a.npy";
    CHECK(message_of<xu::io_error>([&] { xu::write_npy(path, values); }) ==
          "cannot write '" + path.string() + "': No such file or directory");
    CHECK(folder.count() == 0);

    write_bytes(folder / "old.npy", "as it was");
    CHECK_THROWS_AS(xu::write_file(folder / "old.npy", [](std::ostream&) { throw 1; }), int);
    CHECK(read_bytes(folder / "old.npy") == "as it was");
    CHECK(folder.count() == 1);

    std::filesystem::create_directories(folder / "taken" / "inside");
    CHECK(message_of<xu::io_error>([&] { xu::write_npy(folder / "taken", values); }) ==
          "cannot write '" + (folder / "taken").string() + "': Is a directory");
    CHECK(folder.count() == 2);
}

TEST_CASE("npy: an expression is written as the values it stands for")
{
    const scratch_folder folder;
    const xu::tensor<double> a{{1, 2, 3}, {4, 5, 6}};
    xu::write_npy(folder / "a.npy", 2 * a);
    CHECK(xu::read_npy_as<double>(folder / "a.npy") == xu::tensor<double>{{2, 4, 6}, {8, 10, 12}});
    const xt::xtensor<double, 2, xt::layout_type::column_major> turned = a;
    xu::write_npy(folder / "b.npy", turned);
    CHECK(xu::read_npy_as<double>(folder / "b.npy") == a);
}

TEST_CASE("npy: real files come back byte for byte")
{
    const scratch_folder folder;
    struct expected
    {
        const char* name;
        const char* type;
        std::vector<std::size_t> shape;
    };
    for (const auto& [name, type, shape] :
         {expected{"samson.npy", "float32", {95, 95, 156}},
          expected{"tofsims_poplar.npy", "uint8", {256, 256, 200}},
          expected{"stem4d_simulated.npy", "uint16", {32, 32, 64, 64}},
          expected{"eels_mn3o4_clean.npy", "float64", {24, 22, 138}}})
    {
        const auto path = data_file(name);
        if (path.empty())
            continue;
        const auto read = xu::read_npy(path);
        CHECK(xu::type_name(read) == type);
        CHECK(xu::shape_of(read) == shape);
        const auto copy = folder / name;
        std::visit([&](const auto& values) { xu::write_npy(copy, values); }, read);
        const bool same = read_bytes(copy) == read_bytes(path);
        CHECK(same);
    }
}
}
