// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xunmix/core/error.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/io/scan_file.hpp>

// Arrays in files that are looked at where they lie: for scans that are larger than memory, or that
// are read once.
namespace xunmix
{
/// An array in a file that is mapped into memory: a page is read when it is touched first, and the
/// system may drop it again. unfold() takes it as it takes a tensor, and never copies where the
/// axes allow; what it makes keeps the file mapped. Copies share the mapping. A file that somebody
/// cuts while it is mapped ends the program (SIGBUS), as with every mapping.
template <class T>
class mapped_array
{
  public:
    using value_type = T;

    mapped_array(const T* first, std::vector<std::size_t> shape,
                 std::vector<std::ptrdiff_t> strides, std::shared_ptr<const void> owner)
        : data_(first)
        , shape_(std::move(shape))
        , strides_(std::move(strides))
        , owner_(std::move(owner))
    {
    }
    const T* data() const
    {
        return data_;
    }
    const std::vector<std::size_t>& shape() const
    {
        return shape_;
    }
    /// From one index to the next along each axis, in elements.
    const std::vector<std::ptrdiff_t>& strides() const
    {
        return strides_;
    }
    /// What keeps the file mapped.
    const std::shared_ptr<const void>& owner() const
    {
        return owner_;
    }

  private:
    const T* data_;
    std::vector<std::size_t> shape_;
    std::vector<std::ptrdiff_t> strides_;
    std::shared_ptr<const void> owner_;
};

/// Where the numbers of a raw file lie: `offset` bytes, then frame after frame, each between
/// `frame_header` and `frame_footer` bytes that do not count. A frame is the last `frame_axes` axes
/// of the shape; numbers are in C order and in this machine's byte order.
///
/// An EMPAD file of 256 x 256 positions, whose frames have 130 rows of which 128 count:
///
///     map_raw<float>("scan.raw", {.shape = {256, 256, 128, 128}, .frame_footer = 2 * 128 * 4})
struct raw_layout
{
    std::vector<std::size_t> shape{};
    std::uint64_t offset = 0, frame_header = 0, frame_footer = 0; ///< bytes
    std::size_t frame_axes = 2;
};

namespace detail
{
/// A file, mapped from end to end for reading.
class file_mapping
{
  public:
    /// Throws io_error for what is no readable file, and for an empty one.
    explicit file_mapping(const std::filesystem::path& path)
    {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        require<io_error>(file >= 0, "cannot read ", quoted(path), ": ",
                          std::generic_category().message(errno));
        struct stat status = {};
        const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
        size_ = regular ? static_cast<std::size_t>(status.st_size) : 0;
        void* const found =
            size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
        const int failure = errno;
        ::close(file);
        require<io_error>(regular, quoted(path), " is not a file whose bytes could be mapped");
        require<io_error>(size_ > 0, quoted(path), " is empty");
        require<io_error>(found != MAP_FAILED, "cannot map ", quoted(path),
                          " into memory: ", std::generic_category().message(failure));
        first_ = static_cast<const std::byte*>(found);
    }
    ~file_mapping()
    {
        ::munmap(const_cast<std::byte*>(first_), size_);
    }
    file_mapping(const file_mapping&) = delete;
    file_mapping& operator=(const file_mapping&) = delete;

    const std::byte* data() const
    {
        return first_;
    }
    std::size_t size() const
    {
        return size_;
    }

  private:
    const std::byte* first_ = nullptr;
    std::size_t size_ = 0;
};

/// a b, or the largest number where that is too large: it then holds more than any file.
inline std::uint64_t bounded_product(std::uint64_t a, std::uint64_t b)
{
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return b != 0 && a > most / b ? most : a * b;
}
inline std::uint64_t bounded_sum(std::uint64_t a, std::uint64_t b)
{
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return a > most - b ? most : a + b;
}
}

/// The numbers of a raw file where they lie. Throws invalid_argument for a layout that is none or
/// in which numbers of type T do not lie at whole multiples of their size, io_error for a file that
/// cannot be read or is too short; a longer one is taken for one with something else behind.
template <class T>
mapped_array<T> map_raw(const std::filesystem::path& path, const raw_layout& layout)
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "map_raw<T> maps numbers: T is an integer or floating point type");
    using detail::bounded_product;
    using detail::bounded_sum;
    using detail::require;
    const std::size_t axes = layout.shape.size();
    require<invalid_argument>(layout.frame_axes >= 1 && layout.frame_axes <= axes,
                              "map_raw needs a frame of at least one of the ", axes,
                              " axes of the shape ", detail::shape_text(layout.shape), ", got ",
                              layout.frame_axes);
    std::uint64_t frame = 1, frames = 1;
    for (std::size_t a = 0; a < axes; ++a)
    {
        auto& count = a + layout.frame_axes < axes ? frames : frame;
        count = bounded_product(count, layout.shape[a]);
    }
    require<invalid_argument>(frame > 0 && frames > 0,
                              "map_raw needs a shape without empty axes, "
                              "got ",
                              detail::shape_text(layout.shape));
    const std::uint64_t apart = bounded_sum(bounded_product(frame, sizeof(T)),
                                            bounded_sum(layout.frame_header, layout.frame_footer));
    const std::uint64_t wanted = bounded_sum(layout.offset, bounded_product(frames, apart));
    const std::uint64_t first = bounded_sum(layout.offset, layout.frame_header);
    require<invalid_argument>(first % alignof(T) == 0 && apart % sizeof(T) == 0,
                              "map_raw cannot map ", type_name<T>(), " that begin at byte ", first,
                              " in frames ", apart, " bytes apart: both must be multiples of ",
                              sizeof(T), "; read the file frame by frame with rows_from");
    auto mapping = std::make_shared<const detail::file_mapping>(path);
    require<io_error>(mapping->size() >= wanted, detail::quoted(path), " is too short for ", frames,
                      " frames of ", apart, " bytes after the first ", layout.offset, ": it holds ",
                      mapping->size(), " bytes instead of ", wanted);
    std::vector<std::ptrdiff_t> strides(axes, 1);
    for (std::size_t a = axes - 1; a-- > 0;)
        strides[a] = a + layout.frame_axes == axes - 1
                         ? static_cast<std::ptrdiff_t>(apart / sizeof(T))
                         : strides[a + 1] * static_cast<std::ptrdiff_t>(layout.shape[a + 1]);
    const T* data = reinterpret_cast<const T*>(mapping->data() + first);
    return {data, layout.shape, std::move(strides), std::move(mapping)};
}

/// The array of a .npy file where it lies. Throws io_error as read_npy does, and where the file
/// holds numbers of another type than T.
template <class T>
mapped_array<T> map_npy(const std::filesystem::path& path)
{
    return detail::open_npy(
        path,
        [&]<class Stored>(std::istream& file, const detail::npy_header& header) -> mapped_array<T>
        {
            if constexpr (std::is_same_v<Stored, T>)
            {
                const raw_layout layout{
                    .shape = header.shape.empty() ? std::vector<std::size_t>{1} : header.shape,
                    .offset = static_cast<std::uint64_t>(file.tellg()),
                    .frame_axes = std::max<std::size_t>(1, header.shape.size())};
                return map_raw<T>(path, layout);
            }
            else
                throw io_error(
                    detail::text(detail::quoted(path), " holds values of type ", header.type,
                                 ", not ", type_name<T>(),
                                 ": map it as what it holds, or read it with read_npy_as<T>, "
                                 "which converts"));
        });
}
}
