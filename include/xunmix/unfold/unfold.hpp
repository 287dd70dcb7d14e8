// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/permute.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/unfold/arrange.hpp>
#include <xunmix/unfold/unfolded.hpp>

// The unfolding layer: a tensor of any rank and any choice of position axes as the matrix X (n x
// m), row = position, column = channel, and factors back to images.
namespace xunmix
{
/// Makes unfold throw where it would have to copy: unfold(scan, positions{0, 1}, in_place).
struct in_place_t
{
};
inline constexpr in_place_t in_place{};

namespace detail
{
/// Whether numbers may be copied to be read, and whether those unfolded are the caller's own and
/// not yet a copy made for him.
struct copying
{
    bool may_copy = true, of_original = true;
};

template <class T>
unfolded<T> unfold_memory(const T* data, const std::vector<std::size_t>& shape,
                          const std::vector<std::ptrdiff_t>& strides, const positions& where,
                          std::shared_ptr<const void> owner, const copying& how)
{
    check_positions(where.axes, shape);
    auto x = arrange(shape, strides, where);
    if (const auto in_place = strides_in_place(x))
        return {data,           (*in_place)[0], (*in_place)[1], std::move(x.how), std::move(owner),
                how.of_original};
    if (!how.may_copy)
        refuse_to_copy(strides, x);
    const std::size_t n = x.how.positions.size(), m = x.how.channels.size();
    auto copy = aligned_array<T>(n * m);
    x.rows.insert(x.rows.end(), x.cols.begin(), x.cols.end());
    permuted_copy<T>(data, x.rows, copy.get(), 0)();
    const T* first = copy.get();
    return {first, m, 1, std::move(x.how), std::shared_ptr<T[]>(std::move(copy))};
}

template <class E>
auto unfold_container(const E& e, const positions& where, std::shared_ptr<const void> owner,
                      const copying& how)
{
    using T = std::remove_cv_t<typename E::value_type>;
    std::vector<std::size_t> shape(e.shape().begin(), e.shape().end());
    std::vector<std::ptrdiff_t> strides(e.strides().begin(), e.strides().end());
    return unfold_memory<T>(e.data() + e.data_offset(), shape, strides, where, std::move(owner),
                            how);
}

/// Strides of an array in C order.
inline std::vector<std::ptrdiff_t> c_order(const std::vector<std::size_t>& shape)
{
    std::vector<std::ptrdiff_t> out(shape.size(), 1);
    for (std::size_t a = shape.size(); a-- > 1;)
        out[a - 1] = out[a] * static_cast<std::ptrdiff_t>(shape[a]);
    return out;
}

template <class E>
inline constexpr bool lies_in_memory =
    xt::has_data_interface<E>::value&& xt::has_strides<E>::value &&
    !std::is_same_v<std::remove_cv_t<typename E::value_type>, bool>;

/// An array that says what keeps its memory, as mapped_array does.
template <class E>
concept owned_array = requires(const E& e)
{
    e.data();
    e.shape();
    e.strides();
    {
        e.owner()
        } -> std::convertible_to<std::shared_ptr<const void>>;
};

template <class E>
auto unfold_tensor(E&& tensor_like, const positions& where, bool may_copy)
{
    using D = std::decay_t<E>;
    if constexpr (owned_array<D>)
        return unfold_memory(tensor_like.data(), tensor_like.shape(), tensor_like.strides(), where,
                             tensor_like.owner(), {.may_copy = may_copy});
    else if constexpr (!lies_in_memory<D>)
    {
        using V = std::remove_cv_t<typename D::value_type>;
        using T = std::conditional_t<std::is_same_v<V, bool>, std::uint8_t, V>;
        require<invalid_argument>(may_copy, "X cannot be read in place: what is unfolded is an "
                                            "expression or holds booleans; unfold it without "
                                            "in_place, which copies");
        auto held = std::make_shared<const tensor<T>>(std::forward<E>(tensor_like));
        return unfold_container(*held, where, held, {.may_copy = true, .of_original = false});
    }
    else if constexpr (std::is_lvalue_reference_v<E>)
        return unfold_container(tensor_like, where, nullptr, {.may_copy = may_copy});
    else
    {
        auto held = std::make_shared<const D>(std::forward<E>(tensor_like));
        return unfold_container(*held, where, held, {.may_copy = may_copy});
    }
}

template <class T>
unfolded<T> unfold_pointer(const T* data, const std::vector<std::size_t>& shape,
                           std::vector<std::ptrdiff_t> strides, const positions& where,
                           std::shared_ptr<const void> owner, bool may_copy)
{
    if (strides.empty())
        strides = c_order(shape);
    require<invalid_argument>(strides.size() == shape.size(),
                              "unfold needs a stride for each of the ", shape.size(),
                              " axes, or none for C order; got ", strides.size());
    require<invalid_argument>(data != nullptr, "unfold got a null pointer instead of data");
    return unfold_memory<T>(data, shape, strides, where, std::move(owner), {.may_copy = may_copy});
}
}

/// Unfolds a tensor into X (n x m), X[i, c] = tensor element at position i and channel c.
///
/// A named tensor, adaptor or strided view is viewed where the axes allow (positions and channels
/// each walk with one stride, one of them contiguous) and copied cache block by cache block where
/// they do not; it must outlive the result where it is viewed. An array that says who keeps its
/// memory, as a mapped_array does, is kept by the result. A temporary is moved in and owned (a
/// temporary view still refers to its tensor); a lazy expression is evaluated once. Booleans are
/// copied to bytes 0 and 1. is_view() of the result tells. Throws invalid_argument for axes that do
/// not exist, are named twice, are empty, or leave no channel.
template <class E>
auto unfold(E&& tensor_like, const positions& where)
{
    return detail::unfold_tensor(std::forward<E>(tensor_like), where, true);
}
/// The same, but never copies: throws invalid_argument where that is not possible, and says which
/// axes prevent it.
template <class E>
auto unfold(E&& tensor_like, const positions& where, in_place_t)
{
    return detail::unfold_tensor(std::forward<E>(tensor_like), where, false);
}

/// Unfolds numbers that another library holds: `data` points to element (0, 0, ...) of an array of
/// this shape, `strides` are distances in elements from one index to the next along each axis, C
/// order where empty; they may be negative. The memory must outlive the result, or `owner` is what
/// keeps it: the result and its copies hold it. Throws invalid_argument as above, and for strides
/// of another number than axes.
template <class T>
unfolded<T> unfold(const T* data, const std::vector<std::size_t>& shape,
                   std::vector<std::ptrdiff_t> strides, const positions& where,
                   std::shared_ptr<const void> owner = nullptr)
{
    return detail::unfold_pointer(data, shape, std::move(strides), where, std::move(owner), true);
}
/// The same, but never copies.
template <class T>
unfolded<T> unfold(const T* data, const std::vector<std::size_t>& shape,
                   std::vector<std::ptrdiff_t> strides, const positions& where, in_place_t,
                   std::shared_ptr<const void> owner = nullptr)
{
    return detail::unfold_pointer(data, shape, std::move(strides), where, std::move(owner), false);
}

/// Unfolds numbers in C order. Throws invalid_argument as above, and where the shape is not that of
/// so many numbers.
template <class T>
unfolded<std::remove_const_t<T>> unfold(std::span<T> data, const std::vector<std::size_t>& shape,
                                        const positions& where)
{
    std::size_t count = 1;
    for (const std::size_t extent : shape)
        count *= extent;
    detail::require<invalid_argument>(count == data.size(), "an array of shape ",
                                      detail::shape_text(shape), " has ", count,
                                      " elements; the span holds ", data.size());
    return unfold(static_cast<const std::remove_const_t<T>*>(data.data()), shape, {}, where);
}
}

#define XUNMIX_UNFOLD(prefix, T, F)                                                                \
    prefix template class xunmix::unfolded<T>;                                                     \
    prefix template xunmix::unfolded<T> xunmix::detail::unfold_memory<T>(                          \
        const T*, const std::vector<std::size_t>&, const std::vector<std::ptrdiff_t>&,             \
        const xunmix::positions&, std::shared_ptr<const void>, const xunmix::detail::copying&);
#ifdef XUNMIX_COMPILED
XUNMIX_FOR_EACH_ELEMENT(XUNMIX_UNFOLD, extern)
#endif
