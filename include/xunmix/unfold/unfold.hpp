// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/permute.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/unfolding.hpp>

// The unfolding layer: a tensor of any rank and any choice of position axes as the matrix X (n x
// m), row = position, column = channel, and factors back to images.
namespace xunmix
{
/// The axes of a tensor that are positions, the slowest first: positions{0, 1} for a (y, x, ...)
/// scan. The remaining axes, in their order, are the channels. One axis gives the mode-n unfolding
/// of tensor methods.
struct positions
{
    positions(std::initializer_list<std::size_t> list)
        : axes(list)
    {
    }
    explicit positions(std::vector<std::size_t> list)
        : axes(std::move(list))
    {
    }
    std::vector<std::size_t> axes;
};

/// X as a view of memory: element (i, c) at data[i * row_stride + c * column_stride], one of the
/// strides 1. Keeps alive what it owns; copying it copies no data.
template <class T>
class unfolded
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>,
                  "a scan holds float, double or integers");

  public:
    using value_type = T;

    unfolded(const T* data, std::size_t row_stride, std::size_t column_stride, unfolding shape,
             std::shared_ptr<const void> owner)
        : data_(data)
        , row_stride_(row_stride)
        , column_stride_(column_stride)
        , shape_(std::make_shared<unfolding>(std::move(shape)))
        , owner_(std::move(owner))
    {
    }

    const T* data() const
    {
        return data_;
    }
    /// n, the number of positions, masked ones included.
    std::size_t rows() const
    {
        return shape_->positions.size();
    }
    /// m, the number of channels, masked ones included.
    std::size_t cols() const
    {
        return shape_->channels.size();
    }
    std::size_t row_stride() const
    {
        return row_stride_;
    }
    std::size_t column_stride() const
    {
        return column_stride_;
    }
    /// Whether X lies in memory with the channels of one position side by side.
    bool is_row_major() const
    {
        return column_stride_ == 1;
    }
    const T& operator()(std::size_t position, std::size_t channel) const
    {
        return data_[position * row_stride_ + channel * column_stride_];
    }
    const unfolding& shape() const
    {
        return *shape_;
    }
    std::shared_ptr<const unfolding> shared_shape() const
    {
        return shape_;
    }

    /// Masks the positions where `keep` is false: a boolean tensor of the positions' shape. Masks
    /// add up. Throws invalid_argument for another shape and where nothing is left.
    template <class E>
    unfolded mask_positions(const E& keep) const
    {
        static_assert(std::is_same_v<std::remove_cv_t<typename E::value_type>, bool>,
                      "a mask is a boolean tensor, true where the data counts");
        return masked(keep, &unfolding::positions, "position");
    }
    /// Masks the channels where `keep` is false: the direct beam, dead energy channels.
    template <class E>
    unfolded mask_channels(const E& keep) const
    {
        static_assert(std::is_same_v<std::remove_cv_t<typename E::value_type>, bool>,
                      "a mask is a boolean tensor, true where the data counts");
        return masked(keep, &unfolding::channels, "channel");
    }

    /// The same X copied to row-major memory of its own.
    unfolded packed(std::size_t threads = 0) const
    {
        auto copy = detail::aligned_array<T>(rows() * cols());
        detail::permuted_copy<T>(data_,
                                 {{rows(), static_cast<std::ptrdiff_t>(row_stride_)},
                                  {cols(), static_cast<std::ptrdiff_t>(column_stride_)}},
                                 copy.get(), threads)();
        const T* first = copy.get();
        return {first, cols(), 1, *shape_, std::shared_ptr<T[]>(std::move(copy))};
    }

    /// The same X with every value below `least` set to it, in memory of its own: for methods that
    /// need X >= 0 on dark-subtracted data.
    unfolded clipped(T least) const
    {
        const bool by_row = is_row_major();
        const std::size_t outer = by_row ? rows() : cols(), inner = by_row ? cols() : rows();
        const std::size_t stride = by_row ? row_stride_ : column_stride_;
        auto copy = detail::aligned_array<T>(outer * inner);
        const T* first = copy.get();
        for (std::size_t i = 0; i < outer; ++i)
            std::transform(data_ + i * stride, data_ + i * stride + inner, copy.get() + i * inner,
                           [&](T x) { return x < least ? least : x; });
        return {first, by_row ? inner : 1, by_row ? 1 : inner, *shape_,
                std::shared_ptr<T[]>(std::move(copy))};
    }

    /// A matrix of X's size, position x channel, as a tensor with the axes in the order of the one
    /// unfolded: the way back.
    tensor<T> fold(matrix_ref<const T> x) const
    {
        detail::require<invalid_argument>(
            x.rows == rows() && x.cols == cols(), "fold needs a ", rows(), " x ", cols(),
            " matrix, one row a position, got ", x.rows, " x ", x.cols);
        const auto& axes = shape_->axes;
        std::vector<std::size_t> extents = shape_->positions.shape;
        extents.insert(extents.end(), shape_->channels.shape.begin(), shape_->channels.shape.end());
        std::vector<detail::strided_axis> source(axes.size());
        std::vector<std::size_t> folded(axes.size());
        const std::size_t position_axes = shape_->positions.shape.size();
        std::size_t channel_stride = 1, row_stride = x.stride;
        for (std::size_t a = axes.size(); a-- > 0;)
        {
            auto& stride = a < position_axes ? row_stride : channel_stride;
            source[axes[a]] = {extents[a], static_cast<std::ptrdiff_t>(stride)};
            folded[axes[a]] = extents[a];
            stride *= extents[a];
        }
        auto out = tensor<T>::from_shape(folded);
        detail::permuted_copy<T>(x.data, source, out.data(), 0)();
        return out;
    }

  private:
    template <class E>
    unfolded masked(const E& keep, grid unfolding::*which, const char* what) const
    {
        auto shape = *shape_;
        grid& places = shape.*which;
        const bool fits = std::equal(
            keep.shape().begin(), keep.shape().end(), places.shape.begin(), places.shape.end(),
            [](auto a, auto b) { return static_cast<std::size_t>(a) == b; });
        detail::require<invalid_argument>(fits, "a ", what, " mask must have the shape of the ",
                                          what, "s, ", detail::shape_text(places.shape), ", got ",
                                          detail::shape_text(keep.shape()));
        if (places.keep.empty())
            places.keep.assign(places.size(), 1);
        const tensor<bool>& flags = keep; // evaluated once where it is an expression
        for (std::size_t i = 0; i < places.keep.size(); ++i)
            places.keep[i] = static_cast<std::uint8_t>(places.keep[i] && flags.data()[i]);
        detail::require<invalid_argument>(places.kept() > 0, "the ", what, " mask masks all ",
                                          places.size(), " ", what,
                                          "s; a mask is true where the data counts");
        return {data_, row_stride_, column_stride_, std::move(shape), owner_};
    }

    const T* data_;
    std::size_t row_stride_, column_stride_;
    std::shared_ptr<const unfolding> shape_;
    std::shared_ptr<const void> owner_;
};

namespace detail
{
/// Throws unless `axes` names different axes of a tensor of the given shape and leaves a channel.
inline void check_positions(const std::vector<std::size_t>& axes,
                            std::span<const std::size_t> shape)
{
    const auto rank = shape.size();
    require<invalid_argument>(rank >= 2, "unfolding needs a tensor of at least 2 axes, got ", rank,
                              "; a scan has axes of positions and axes of channels");
    require<invalid_argument>(!axes.empty() && axes.size() < rank, "of the ", rank,
                              " axes at least one must be a position and one a channel, got ",
                              axes.size(), " position axes ", shape_text(axes));
    for (std::size_t a = 0; a < axes.size(); ++a)
    {
        require<invalid_argument>(axes[a] < rank, "position axis ", axes[a],
                                  " is out of range: the tensor ", shape_text(shape),
                                  " has axes 0 to ", rank - 1);
        require<invalid_argument>(std::count(axes.begin(), axes.end(), axes[a]) == 1,
                                  "position axis ", axes[a], " is named twice in ",
                                  shape_text(axes));
    }
    for (std::size_t a = 0; a < rank; ++a)
        require<invalid_argument>(shape[a] > 0, "axis ", a, " of the tensor ", shape_text(shape),
                                  " is empty; every axis needs at least one element");
}

/// The axes of X's rows and columns in memory, and their meaning.
struct arrangement
{
    unfolding how{};
    std::vector<strided_axis> rows{}, cols{};
};

inline arrangement arrange(const std::vector<std::size_t>& shape,
                           const std::vector<std::ptrdiff_t>& strides, const positions& where)
{
    arrangement x{.how = {.positions = {}, .channels = {}, .axes = where.axes}};
    for (std::size_t a = 0; a < shape.size(); ++a)
        if (std::find(where.axes.begin(), where.axes.end(), a) == where.axes.end())
            x.how.axes.push_back(a);
    for (std::size_t i = 0; i < shape.size(); ++i)
    {
        const std::size_t a = x.how.axes[i];
        const bool is_position = i < where.axes.size();
        (is_position ? x.how.positions : x.how.channels).shape.push_back(shape[a]);
        (is_position ? x.rows : x.cols).push_back({shape[a], strides[a]});
    }
    return x;
}

/// The stride with which axes joined into one are walked, if there is one; `none` for one place.
inline std::optional<std::size_t> common_stride(const std::vector<strided_axis>& axes,
                                                std::size_t none)
{
    const auto whole = joined(axes);
    if (whole.empty())
        return none;
    return whole.size() == 1 && whole[0].stride > 0
               ? std::optional(static_cast<std::size_t>(whole[0].stride))
               : std::nullopt;
}

/// The strides of rows and columns with which X is read in place: one of them 1, the other no
/// shorter than what it strides over.
inline std::optional<std::array<std::size_t, 2>> strides_in_place(const arrangement& x)
{
    const std::size_t n = x.how.positions.size(), m = x.how.channels.size();
    const auto row = common_stride(x.rows, m), col = common_stride(x.cols, n);
    if (!row || !col)
        return std::nullopt;
    if ((m == 1 || *col == 1) && *row >= m)
        return {{*row, 1}};
    if ((n == 1 || *row == 1) && *col >= n)
        return {{1, *col}};
    return std::nullopt;
}

template <class T>
unfolded<T> unfold_memory(const T* data, const std::vector<std::size_t>& shape,
                          const std::vector<std::ptrdiff_t>& strides, const positions& where,
                          std::shared_ptr<const void> owner)
{
    check_positions(where.axes, shape);
    auto x = arrange(shape, strides, where);
    if (const auto in_place = strides_in_place(x))
        return {data, (*in_place)[0], (*in_place)[1], std::move(x.how), std::move(owner)};
    const std::size_t n = x.how.positions.size(), m = x.how.channels.size();
    auto copy = aligned_array<T>(n * m);
    x.rows.insert(x.rows.end(), x.cols.begin(), x.cols.end());
    permuted_copy<T>(data, x.rows, copy.get(), 0)();
    const T* first = copy.get();
    return {first, m, 1, std::move(x.how), std::shared_ptr<T[]>(std::move(copy))};
}

template <class E>
auto unfold_container(const E& e, const positions& where, std::shared_ptr<const void> owner)
{
    using T = std::remove_cv_t<typename E::value_type>;
    std::vector<std::size_t> shape(e.shape().begin(), e.shape().end());
    std::vector<std::ptrdiff_t> strides(e.strides().begin(), e.strides().end());
    return unfold_memory<T>(e.data() + e.data_offset(), shape, strides, where, std::move(owner));
}

template <class E>
inline constexpr bool lies_in_memory =
    xt::has_data_interface<E>::value&& xt::has_strides<E>::value &&
    !std::is_same_v<std::remove_cv_t<typename E::value_type>, bool>;
}

/// Unfolds a tensor into X (n x m), X[i, c] = tensor element at position i and channel c.
///
/// A named tensor, adaptor or strided view is viewed where the axes allow (positions and channels
/// each walk with one stride, one of them contiguous) and copied cache block by cache block where
/// they do not; it must outlive the result where it is viewed. A temporary is moved in and owned (a
/// temporary view still refers to its tensor); a lazy expression is evaluated once. Booleans are
/// copied to bytes 0 and 1. Throws invalid_argument for axes that do not exist, are named twice,
/// are empty, or leave no channel.
template <class E>
auto unfold(E&& tensor_like, const positions& where)
{
    using D = std::decay_t<E>;
    if constexpr (!detail::lies_in_memory<D>)
    {
        using V = std::remove_cv_t<typename D::value_type>;
        using T = std::conditional_t<std::is_same_v<V, bool>, std::uint8_t, V>;
        auto held = std::make_shared<const tensor<T>>(std::forward<E>(tensor_like));
        return detail::unfold_container(*held, where, held);
    }
    else if constexpr (std::is_lvalue_reference_v<E>)
        return detail::unfold_container(tensor_like, where, nullptr);
    else
    {
        auto held = std::make_shared<const D>(std::forward<E>(tensor_like));
        return detail::unfold_container(*held, where, held);
    }
}

}
