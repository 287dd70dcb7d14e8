// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Texts of variable length, as h5py writes names and units, from a file that may be damaged.
/// libhdf5 1.10 keeps them in heaps that it trusts: a wrong index there is followed out of the
/// memory it has, or round and round. So they are read here, from the bytes of the file, with every
/// address and size held against its end. Source: HDF5 File Format Specification 3.0, sections
/// III.E, IV.A.1 and IV.A.2.m.
namespace xunmix::detail
{
/// Some bytes of the file with a place to read at; past the end all reads give nothing.
class hdf5_bytes
{
  public:
    explicit hdf5_bytes(std::string bytes)
        : bytes_(std::move(bytes))
    {
    }
    [[nodiscard]] std::size_t left() const
    {
        return bytes_.size() - at_;
    }
    [[nodiscard]] bool is_good() const
    {
        return good_;
    }
    /// An unsigned number of 1 to 8 bytes, the lowest first.
    std::uint64_t number(std::size_t width)
    {
        const std::string_view digits = take(width);
        std::uint64_t value = 0;
        for (std::size_t i = digits.size(); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(digits[i]);
        return value;
    }
    std::string_view take(std::uint64_t count)
    {
        good_ = good_ && count <= left();
        const auto taken = std::string_view(bytes_).substr(at_, good_ ? count : 0);
        at_ += taken.size();
        return taken;
    }

  private:
    std::string bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

/// Where the texts of a file are looked up.
class hdf5_texts
{
  public:
    /// `base` bytes precede the first address; addresses and sizes have these widths.
    hdf5_texts(const std::filesystem::path& path, std::uint64_t base, std::size_t address_width,
               std::size_t size_width)
        : file_(path, std::ios::binary)
        , base_(base)
        , address_width_(address_width)
        , size_width_(size_width)
    {
        file_.seekg(0, std::ios::end);
        end_ = file_ ? static_cast<std::uint64_t>(file_.tellg()) : 0;
    }

    /// The value of an attribute of the object whose header lies at this address: one text of
    /// variable length. Nothing where it is not found, damaged, or kept with the many attributes of
    /// an object that has more than eight of them.
    std::optional<std::string> attribute(std::uint64_t header, std::string_view name)
    {
        open_header(header);
        for (std::size_t block = 0; block < blocks_.size() && block < most_blocks; ++block)
            if (auto found = search(blocks_[block], name))
                return found;
        return {};
    }

  private:
    static constexpr std::size_t most_blocks = 64, longest_text = 65536;
    static constexpr std::uint64_t longest_block = 1 << 20;

    struct extent
    {
        std::uint64_t address = 0, size = 0;
        std::size_t skipped = 0; ///< before the messages
    };

    hdf5_bytes read(std::uint64_t address, std::uint64_t size)
    {
        std::string bytes;
        if (address < end_ && base_ + address < end_ && size <= longest_block)
        {
            bytes.resize(std::min(size, end_ - base_ - address));
            file_.clear();
            file_.seekg(static_cast<std::streamoff>(base_ + address));
            file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            bytes.resize(static_cast<std::size_t>(file_.gcount()));
        }
        return hdf5_bytes(std::move(bytes));
    }

    /// Finds the first block of messages of an object, and how they are written.
    void open_header(std::uint64_t address)
    {
        blocks_.clear();
        constexpr std::size_t longest_prefix = 64;
        hdf5_bytes prefix = read(address, longest_prefix);
        const std::size_t all = prefix.left();
        is_new_ = prefix.take(4) == "OHDR";
        if (!is_new_)
        {
            prefix = read(address, longest_prefix);
            prefix.take(8);
            blocks_.push_back({address + 16, prefix.number(4)});
            return;
        }
        prefix.take(1);
        const std::uint64_t flags = prefix.number(1);
        prefix.take((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
        const std::uint64_t size = prefix.number(std::size_t{1} << (flags & 3));
        has_order_ = (flags & 0x04) != 0;
        blocks_.push_back({address + (all - prefix.left()), size});
    }

    /// The attribute in one block of messages; adds the blocks in which they go on.
    std::optional<std::string> search(const extent& block, std::string_view name)
    {
        hdf5_bytes bytes = read(block.address, block.size);
        bytes.take(block.skipped);
        while (bytes.is_good() && bytes.left() >= 4)
        {
            const std::uint64_t type = bytes.number(is_new_ ? 1 : 2), size = bytes.number(2),
                                flags = bytes.number(1);
            bytes.take(is_new_ ? (has_order_ ? 2 : 0) : 3);
            hdf5_bytes message{std::string(bytes.take(size))};
            constexpr std::uint64_t continues = 0x10, attribute = 0x0c, shared = 0x02;
            if (type == continues)
            {
                const std::uint64_t address = message.number(address_width_);
                const std::uint64_t length = message.number(size_width_);
                if (message.is_good())
                    blocks_.push_back({address, length, is_new_ ? std::size_t{4} : 0});
            }
            else if (type == attribute && (flags & shared) == 0)
                if (auto text = value_of(message, name))
                    return text;
        }
        return {};
    }

    std::optional<std::string> value_of(hdf5_bytes& message, std::string_view name)
    {
        const std::uint64_t version = message.number(1);
        message.take(1);
        const std::uint64_t name_size = message.number(2), type_size = message.number(2),
                            space_size = message.number(2);
        if (version == 3)
            message.take(1);
        const auto padded = [&](std::uint64_t size)
        { return version == 1 ? (size + 7) / 8 * 8 : size; };
        const std::string_view own = message.take(padded(name_size));
        if (own.substr(0, own.find('\0')) != name)
            return {};
        message.take(padded(type_size) + padded(space_size));
        const std::uint64_t length = message.number(4), heap = message.number(address_width_),
                            index = message.number(4);
        if (!message.is_good() || length > longest_text)
            return {};
        return length == 0 ? std::string() : heap_object(heap, index, length);
    }

    /// The first `length` bytes of an object of a global heap.
    std::optional<std::string> heap_object(std::uint64_t address, std::uint64_t index,
                                           std::uint64_t length)
    {
        hdf5_bytes prefix = read(address, 8 + size_width_);
        if (prefix.take(4) != "GCOL")
            return {};
        prefix.take(4);
        hdf5_bytes heap = read(address, prefix.number(size_width_));
        heap.take(8 + size_width_);
        while (heap.is_good() && heap.left() > 0)
        {
            const std::uint64_t number = heap.number(2);
            heap.take(6);
            const std::uint64_t size = heap.number(size_width_);
            if (number == 0) // what is left is free
                return {};
            if (number == index)
            {
                const std::string_view text = heap.take(std::min(size, length));
                if (!heap.is_good())
                    return {};
                return std::string(text.substr(0, text.find('\0')));
            }
            heap.take(size > longest_block ? size : (size + 7) / 8 * 8);
        }
        return {};
    }

    std::ifstream file_;
    std::uint64_t base_, end_ = 0;
    std::size_t address_width_, size_width_;
    bool is_new_ = false, has_order_ = false;
    std::vector<extent> blocks_;
};

/// A text in UTF-8, where it is that; other bytes become the replacement character U+FFFD.
inline std::string valid_utf8(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size();)
    {
        const auto byte = [&](std::size_t at)
        { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
        const unsigned first = byte(i);
        const std::size_t more = first < 0x80    ? 0
                                 : first < 0xc2  ? 4
                                 : first < 0xe0  ? 1
                                 : first < 0xf0  ? 2
                                 : first <= 0xf4 ? 3
                                                 : 4;
        bool is_valid = more < 4;
        for (std::size_t j = 1; is_valid && j <= more; ++j)
            is_valid = byte(i + j) >= 0x80 && byte(i + j) < 0xc0;
        // Neither longer than needed, nor a half of a pair of UTF-16, nor beyond the last letter.
        const unsigned second = byte(i + 1);
        is_valid = is_valid && !(first == 0xe0 && second < 0xa0) &&
                   !(first == 0xed && second >= 0xa0) && !(first == 0xf0 && second < 0x90) &&
                   !(first == 0xf4 && second >= 0x90);
        if (is_valid)
            out += text.substr(i, more + 1);
        else
            out += "\xef\xbf\xbd";
        i += is_valid ? more + 1 : 1;
    }
    return out;
}
}
