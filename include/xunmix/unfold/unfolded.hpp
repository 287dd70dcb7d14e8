// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/permute.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// X as a view of memory: element (i, c) at data[i * row_stride + c * column_stride], one of the
/// strides 1. Keeps alive what it owns; copying it copies no data.
template <class T>
class unfolded
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>,
                  "a scan holds float, double or integers");

  public:
    using value_type = T;

    /// Keeps `owner` alive, where there is one. `is_view` says whether these are the numbers that
    /// were unfolded and not a copy of them.
    unfolded(const T* data, std::size_t row_stride, std::size_t column_stride, unfolding shape,
             std::shared_ptr<const void> owner, bool is_view = false)
        : data_(data)
        , row_stride_(row_stride)
        , column_stride_(column_stride)
        , shape_(std::make_shared<unfolding>(std::move(shape)))
        , owner_(std::move(owner))
        , is_view_(is_view)
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
    /// Whether X is read where the tensor lies, without a copy of its numbers.
    bool is_view() const
    {
        return is_view_;
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
        return {data_, row_stride_, column_stride_, std::move(shape), owner_, is_view_};
    }

    const T* data_;
    std::size_t row_stride_, column_stride_;
    std::shared_ptr<const unfolding> shape_;
    std::shared_ptr<const void> owner_;
    bool is_view_;
};
}
