// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/compiled.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/io/npy_header.hpp>
#include <xunmix/io/replacement.hpp>
#include <xunmix/io/scan_file.hpp>

namespace xunmix
{
static_assert(std::endian::native == std::endian::little,
              "xunmix: .npy files are read and written on little-endian machines only");

namespace detail
{
/// IEEE 754 binary16 as stored: 1 sign, 5 exponent, 10 fraction bits.
struct stored_half
{
    std::uint16_t bits;

    [[nodiscard]] float value() const
    {
        const int exponent = (bits >> 10) & 31;
        const auto fraction = static_cast<float>(bits & 1023);
        float magnitude = std::ldexp(fraction + 1024.0F, exponent - 25);
        if (exponent == 0)
            magnitude = std::ldexp(fraction, -24);
        if (exponent == 31)
            magnitude = fraction > 0 ? std::numeric_limits<float>::quiet_NaN()
                                     : std::numeric_limits<float>::infinity();
        return (bits >> 15) != 0 ? -magnitude : magnitude;
    }
};

/// A byte of which only "zero or not" counts.
struct stored_bool
{
    std::uint8_t bits;

    [[nodiscard]] std::uint8_t value() const
    {
        return bits != 0 ? 1 : 0;
    }
};

template <class Stored>
auto value_of(const Stored& stored)
{
    if constexpr (std::is_arithmetic_v<Stored>)
        return stored;
    else
        return stored.value();
}

template <class Stored>
using value_type_of = decltype(value_of(std::declval<Stored>()));

/// Whether `value` survives as a T: whole and within range for integers, finite stays finite for
/// floating point (rounding is accepted).
template <class T, class V>
bool fits(V value)
{
    if constexpr (std::same_as<T, bool>)
        return value == V{0} || value == V{1};
    else if constexpr (std::integral<T> && std::integral<V>)
        return std::in_range<T>(value);
    else if constexpr (std::integral<T>)
    {
        const auto limit = std::ldexp(V{1}, std::numeric_limits<T>::digits);
        const V lowest = std::is_signed_v<T> ? -limit : V{0};
        return value >= lowest && value < limit && value == std::trunc(value);
    }
    else if constexpr (std::floating_point<V> && sizeof(T) < sizeof(V))
        return !(is_finite(value) && std::abs(value) > V{std::numeric_limits<T>::max()});
    else
        return true;
}

/// Fills `out`; straight into its storage where the types agree, else through a small buffer.
template <class Stored, class T>
void read_npy_values(std::istream& file, tensor<T>& out, const std::filesystem::path& path)
{
    const auto read = [&](void* where, std::size_t bytes)
    {
        file.read(static_cast<char*>(where), static_cast<std::streamsize>(bytes));
        require<io_error>(file.good(), "cannot read ", quoted(path), " to its end");
    };
    if constexpr (std::same_as<Stored, T>)
        read(out.data(), out.size() * sizeof(T));
    else
    {
        std::vector<Stored> buffer(std::min<std::size_t>(out.size(), 65536));
        for (std::size_t done = 0; done < out.size(); done += buffer.size())
        {
            buffer.resize(std::min(buffer.size(), out.size() - done));
            read(buffer.data(), buffer.size() * sizeof(Stored));
            for (std::size_t i = 0; i < buffer.size(); ++i)
            {
                const auto value = value_of(buffer[i]);
                require<io_error>(fits<T>(value), quoted(path), ": the value ", +value,
                                  " at flat index ", done + i, " does not fit ", type_name<T>(),
                                  "; read it as ", type_name<decltype(value_of(buffer[i]))>());
                out.data()[done + i] = static_cast<T>(value);
            }
        }
    }
}

/// Calls `use.template operator()<Stored>()` with the C++ type of the header's values.
template <class Use>
auto with_npy_type(const npy_header& header, const std::filesystem::path& path, Use&& use)
{
    const std::string& type = header.type;
    require<io_error>(type[0] != '>', quoted(path), " holds big-endian values (", type,
                      "), only little-endian ones can be read; convert it: numpy.save(path, "
                      "a.astype(\"<",
                      type.substr(1), "\"))");
    const std::string kind = type.substr(1);
    // clang-format off
    if (kind == "f4") return use.template operator()<float>();
    if (kind == "f8") return use.template operator()<double>();
    if (kind == "u1") return use.template operator()<std::uint8_t>();
    if (kind == "u2") return use.template operator()<std::uint16_t>();
    if (kind == "u4") return use.template operator()<std::uint32_t>();
    if (kind == "u8") return use.template operator()<std::uint64_t>();
    if (kind == "i1") return use.template operator()<std::int8_t>();
    if (kind == "i2") return use.template operator()<std::int16_t>();
    if (kind == "i4") return use.template operator()<std::int32_t>();
    if (kind == "i8") return use.template operator()<std::int64_t>();
    if (kind == "f2") return use.template operator()<stored_half>();
    if (kind == "b1") return use.template operator()<stored_bool>();
    // clang-format on
    require<io_error>(kind[0] != 'c', quoted(path), " holds complex values (", type,
                      "), real ones are needed; save their magnitude: numpy.save(path, "
                      "numpy.abs(a))");
    throw io_error(text(quoted(path), " holds values of type ", type,
                        ", which is none of bool, int8..int64, uint8..uint64, float16..float64; "
                        "convert it: numpy.save(path, a.astype(\"<f4\"))"));
}

/// Opens the file, checks it from end to end, and calls `use<Stored>(file, header)`.
template <class Use>
auto open_npy(const std::filesystem::path& path, Use&& use)
{
    std::error_code unknown;
    require<io_error>(!std::filesystem::is_directory(path, unknown), quoted(path),
                      " is a folder, a file is needed");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    require<io_error>(file.is_open(), "cannot read ", quoted(path), ": ",
                      std::generic_category().message(errno));
    const npy_header header = read_npy_header(file, path);
    return with_npy_type(
        header, path,
        [&]<class Stored>()
        {
            npy_count(header, file, path);
            const auto wide = [](std::size_t extent) { return extent > 1; };
            require<io_error>(!header.fortran_order ||
                                  std::ranges::count_if(header.shape, wide) < 2,
                              quoted(path),
                              " is stored in Fortran order, only C order can be read; convert it: "
                              "numpy.save(path, numpy.ascontiguousarray(a))");
            return use.template operator()<Stored>(file, header);
        });
}
}

/// The array of a .npy file in the type it is stored as. Memory: the array itself, once.
/// Throws io_error for files that are missing, truncated, damaged, in Fortran order, big-endian or
/// not of numbers, each with the remedy.
inline any_tensor read_npy(const std::filesystem::path& path)
{
    return detail::open_npy(path,
                            [&]<class Stored>(std::istream& file, const detail::npy_header& header)
                            {
                                using value = detail::value_type_of<Stored>;
                                auto out = tensor<value>::from_shape(header.shape);
                                detail::read_npy_values<Stored>(file, out, path);
                                return any_tensor(std::move(out));
                            });
}

/// The array of a .npy file as T, whatever it is stored as; converted a block at a time.
/// Throws io_error as `read_npy` does, and for the first value that T cannot hold: a fraction or a
/// number out of range for an integer; a float rounds.
template <class T>
tensor<T> read_npy_as(const std::filesystem::path& path)
{
    return detail::open_npy(path,
                            [&]<class Stored>(std::istream& file, const detail::npy_header& header)
                            {
                                auto out = tensor<T>::from_shape(header.shape);
                                detail::read_npy_values<Stored>(file, out, path);
                                return out;
                            });
}

/// Writes a tensor, or any xtensor expression (evaluated first), as .npy format 1.0 in C order.
/// The file appears whole or not at all. Throws io_error where it cannot be written.
template <class E>
void write_npy(const std::filesystem::path& path, const E& expression)
{
    using T = typename E::value_type;
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8,
                  "xunmix: write_npy needs bool, integer, float or double values");
    if constexpr (!std::same_as<E, tensor<T>>)
        write_npy(path, tensor<T>(expression));
    else
    {
        const char kind = std::same_as<T, bool>    ? 'b'
                          : std::floating_point<T> ? 'f'
                          : std::is_signed_v<T>    ? 'i'
                                                   : 'u';
        const std::string type = detail::text(sizeof(T) == 1 ? '|' : '<', kind, sizeof(T));
        const std::vector<std::size_t> shape(expression.shape().begin(), expression.shape().end());
        write_file(path,
                   [&](std::ostream& out)
                   {
                       const std::string opening = detail::npy_opening(type, shape);
                       out.write(opening.data(), static_cast<std::streamsize>(opening.size()));
                       out.write(reinterpret_cast<const char*>(expression.data()),
                                 static_cast<std::streamsize>(expression.size() * sizeof(T)));
                   });
    }
}
}

#define XUNMIX_NPY(prefix, T, F)                                                                   \
    prefix template void xunmix::detail::read_npy_values<T>(std::istream&, xunmix::tensor<T>&,     \
                                                            const std::filesystem::path&);         \
    prefix template xunmix::tensor<T> xunmix::read_npy_as<T>(const std::filesystem::path&);
#ifdef XUNMIX_COMPILED
XUNMIX_FOR_EACH_ELEMENT(XUNMIX_NPY, extern)
#endif
