// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/xtensor.hpp>

namespace xunmix
{
/// A tensor whose element type is known only when the file has been opened. Booleans come as
/// uint8 (0 or 1), half floats as float.
using any_tensor =
    std::variant<tensor<float>, tensor<double>, tensor<std::uint8_t>, tensor<std::uint16_t>,
                 tensor<std::uint32_t>, tensor<std::uint64_t>, tensor<std::int8_t>,
                 tensor<std::int16_t>, tensor<std::int32_t>, tensor<std::int64_t>>;

/// One axis of a scan. Index i lies at `offset + scale * i`, in `units`.
struct axis
{
    std::string name = {};
    std::string units = {};
    std::size_t size = 0;
    double scale = 1;
    double offset = 0;
    bool is_position = false;

    /// Given (length `size`) where the steps are unequal; scale and offset are then unused.
    std::vector<double> values = {};

    [[nodiscard]] double at(std::size_t index) const
    {
        return values.empty() ? offset + scale * static_cast<double>(index) : values.at(index);
    }
};

/// What a file holds: the scan, and whatever the file says about it.
struct scan_file
{
    any_tensor data = {};
    std::vector<axis> axes = {};                 ///< one per axis of `data`, in its order
    std::vector<std::size_t> position_axes = {}; ///< empty where the file does not say
    std::string title = {};
};

/// The shape of whatever tensor is inside.
inline std::vector<std::size_t> shape_of(const any_tensor& data)
{
    return std::visit(
        [](const auto& values)
        { return std::vector<std::size_t>(values.shape().begin(), values.shape().end()); },
        data);
}

/// "uint16", "float32": NumPy's names of the element types.
template <class T>
[[nodiscard]] std::string type_name()
{
    if constexpr (std::same_as<T, bool>)
        return "bool";
    else
    {
        static_assert(std::integral<T> || std::floating_point<T>,
                      "xunmix: type_name<T> needs an integer or floating point type");
        const char* kind = "float";
        if constexpr (std::integral<T>)
            kind = std::signed_integral<T> ? "int" : "uint";
        return detail::text(kind, 8 * sizeof(T));
    }
}

inline std::string type_name(const any_tensor& data)
{
    return std::visit([]<class T>(const tensor<T>&) { return type_name<T>(); }, data);
}

/// A scan of which nothing is known but its values: unnamed axes in steps of one.
inline scan_file plain_scan(any_tensor data, std::string title = {})
{
    scan_file scan{.data = std::move(data), .title = std::move(title)};
    for (const std::size_t size : shape_of(scan.data))
        scan.axes.push_back({.size = size});
    return scan;
}
}
