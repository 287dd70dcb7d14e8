// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <ios>
#include <istream>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <xunmix/core/error.hpp>

namespace xunmix::detail
{
/// The opening of a .npy file: magic string, version, and a Python dictionary such as
/// {'descr': '<u2', 'fortran_order': False, 'shape': (64, 64, 992), } padded with spaces.
/// Source: NumPy Enhancement Proposal 1, format versions 1.0 to 3.0.
struct npy_header
{
    std::string type; ///< byte order, kind and bytes: "<f4", "|u1"
    bool fortran_order = false;
    std::vector<std::size_t> shape;

    [[nodiscard]] std::size_t item_bytes() const
    {
        std::size_t bytes = 0;
        std::from_chars(type.data() + 2, type.data() + type.size(), bytes);
        return bytes;
    }
};

inline constexpr std::string_view npy_magic{"\x93NUMPY", 6};

inline std::string quoted(const std::filesystem::path& path)
{
    return detail::text('\'', path.string(), '\'');
}

/// What follows `'key':` in the dictionary, without leading spaces.
inline std::string_view npy_entry(std::string_view dictionary, std::string_view key,
                                  const std::filesystem::path& path)
{
    const std::string label = detail::text('\'', key, '\'');
    const auto found = dictionary.find(label);
    const auto colon =
        found == dictionary.npos ? found : dictionary.find(':', found + label.size());
    const auto start =
        colon == dictionary.npos ? colon : dictionary.find_first_not_of(' ', colon + 1);
    require<io_error>(start != dictionary.npos, quoted(path), ": the .npy header has no ", label,
                      "; the file is damaged, save it again with numpy.save");
    return dictionary.substr(start);
}

/// "(3, 4)" or "(3,)" or "()" to the list of extents.
inline std::vector<std::size_t> npy_shape(std::string_view text, const std::filesystem::path& path)
{
    std::vector<std::size_t> shape;
    const auto end = text.find(')');
    bool valid = text.starts_with('(') && end != text.npos;
    text = valid ? text.substr(1, end - 1) : std::string_view{};
    while (valid)
    {
        const auto digit = text.find_first_not_of(", L");
        if (digit == text.npos)
            break;
        text.remove_prefix(digit);
        std::size_t extent = 0;
        const auto [stop, failure] =
            std::from_chars(text.data(), text.data() + text.size(), extent);
        valid = failure == std::errc{};
        text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
        shape.push_back(extent);
    }
    require<io_error>(valid, quoted(path),
                      ": the .npy header has no readable shape; the file is damaged, save it again "
                      "with numpy.save");
    return shape;
}

/// `'<f4'` to "<f4"; a list, as structured arrays have it, is refused.
inline std::string npy_type(std::string_view entry, const std::filesystem::path& path)
{
    require<io_error>(!entry.starts_with('['), quoted(path),
                      " holds a structured array, only plain numbers can be read; save one field: "
                      "numpy.save(path, a[\"field\"])");
    const auto end = entry.find('\'', 1);
    require<io_error>(entry.starts_with('\'') && end != entry.npos && end >= 3, quoted(path),
                      ": the .npy header has no readable type; the file is damaged, save it again "
                      "with numpy.save");
    return std::string(entry.substr(1, end - 1));
}

/// Leaves `file` at the first value. Throws io_error for another kind of file or a damaged header.
inline npy_header read_npy_header(std::istream& file, const std::filesystem::path& path)
{
    std::string opening(8, '\0');
    file.read(opening.data(), 8);
    require<io_error>(file && opening.starts_with(npy_magic), quoted(path),
                      " is not a .npy file: it does not begin with \\x93NUMPY");
    const std::size_t length_bytes = opening[6] == 1 ? 2 : 4;
    unsigned char bytes[4] = {};
    file.read(reinterpret_cast<char*>(bytes), static_cast<std::streamsize>(length_bytes));
    std::size_t length = 0;
    for (std::size_t i = length_bytes; i-- > 0;)
        length = 256 * length + bytes[i];
    constexpr std::size_t longest = 1 << 20;
    std::string dictionary(file && length <= longest ? length : 0, '\0');
    file.read(dictionary.data(), static_cast<std::streamsize>(dictionary.size()));
    require<io_error>(file && !dictionary.empty(), quoted(path),
                      " is truncated: it ends within its header; copy or save it again");
    for (char& letter : dictionary)
        letter = letter == '"' ? '\'' : letter;
    return {.type = npy_type(npy_entry(dictionary, "descr", path), path),
            .fortran_order = npy_entry(dictionary, "fortran_order", path).starts_with("True"),
            .shape = npy_shape(npy_entry(dictionary, "shape", path), path)};
}

/// The number of values. Throws io_error unless exactly their bytes lie between here and the end
/// of the file, so that no header can ask for more memory than there is data.
inline std::size_t npy_count(const npy_header& header, std::istream& file,
                             const std::filesystem::path& path)
{
    const auto start = file.tellg();
    const auto end = file.seekg(0, std::ios::end).tellg();
    file.seekg(start);
    require<io_error>(file.good(), "cannot read ", quoted(path), ": not a plain file");
    const auto held = static_cast<std::uint64_t>(end - start);
    const bool empty =
        std::find(header.shape.begin(), header.shape.end(), 0U) != header.shape.end();
    // An empty array has strides all the same, which must be numbers.
    std::uint64_t room = std::numeric_limits<std::int64_t>::max() / header.item_bytes();
    for (const std::uint64_t extent : header.shape)
        room /= std::max<std::uint64_t>(extent, 1);
    require<io_error>(room > 0 || !empty, quoted(path),
                      " is damaged: its header promises the shape ", shape_text(header.shape),
                      ", more than any memory holds; save it again with numpy.save");
    std::uint64_t count = empty ? 0 : 1;
    bool too_many = false;
    for (const std::uint64_t extent : header.shape)
    {
        too_many = too_many || (!empty && count > held / extent);
        count *= extent;
    }
    const std::uint64_t needed = count * header.item_bytes();
    too_many = too_many || needed > held;
    require<io_error>(!too_many, quoted(path), " is truncated: its header promises ",
                      shape_text(header.shape), " values of ", header.item_bytes(),
                      " bytes, the file holds ", held, " bytes of them; copy or save it again");
    require<io_error>(needed == held, quoted(path), " holds ", held - needed,
                      " bytes more than the ", shape_text(header.shape), " values of ",
                      header.item_bytes(), " bytes of its header; save each array to its own file");
    return static_cast<std::size_t>(count);
}

/// The first bytes of a file of format 1.0, values aligned to 64 bytes.
inline std::string npy_opening(const std::string& type, const std::vector<std::size_t>& shape)
{
    std::string extents;
    for (const std::size_t extent : shape)
        extents += std::to_string(extent) + (shape.size() == 1 ? "," : ", ");
    if (shape.size() > 1)
        extents.resize(extents.size() - 2);
    std::string dictionary =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + extents + "), }";
    constexpr std::size_t before = 10;
    dictionary.append(63 - (before + dictionary.size()) % 64, ' ');
    dictionary += '\n';
    std::string opening(npy_magic);
    opening += {'\1', '\0', static_cast<char>(dictionary.size() % 256),
                static_cast<char>(dictionary.size() / 256)};
    return opening + dictionary;
}
}
