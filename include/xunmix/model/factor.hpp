// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// The columns of a factor, to loop over: each a span.
template <class T>
class column_range
{
  public:
    class iterator
    {
      public:
        iterator(T* data, std::size_t rows, std::size_t stride)
            : data_(data)
            , rows_(rows)
            , stride_(stride)
        {
        }
        std::span<T> operator*() const
        {
            return {data_, rows_};
        }
        iterator& operator++()
        {
            data_ += stride_;
            return *this;
        }
        bool operator==(const iterator& o) const
        {
            return data_ == o.data_;
        }

      private:
        T* data_;
        std::size_t rows_, stride_;
    };

    column_range(T* data, std::size_t rows, std::size_t count, std::size_t stride)
        : first_(data, rows, stride)
        , last_(data + count * stride, rows, stride)
    {
    }
    iterator begin() const
    {
        return first_;
    }
    iterator end() const
    {
        return last_;
    }

  private:
    iterator first_, last_;
};

/// A factor, or a block of its rows: rows() x rank() numbers in which every column (one map or one
/// component) is contiguous. It knows the tensor shape of the whole factor and its mask, so image
/// constraints need no extra arguments. A view: copying it copies no numbers.
template <class T>
class factor_ref
{
  public:
    using value_type = std::remove_const_t<T>;

    factor_ref() = default;
    factor_ref(T* data, std::size_t rows, std::size_t rank, std::size_t stride,
               const grid* places = nullptr, std::size_t first_row = 0)
        : data_(data)
        , rows_(rows)
        , rank_(rank)
        , stride_(stride)
        , places_(places)
        , first_row_(first_row)
    {
    }
    operator factor_ref<const T>() const requires(!std::is_const_v<T>)
    {
        return {data_, rows_, rank_, stride_, places_, first_row_};
    }

    std::size_t rows() const
    {
        return rows_;
    }
    std::size_t rank() const
    {
        return rank_;
    }
    /// Distance between two columns.
    std::size_t stride() const
    {
        return stride_;
    }
    T* data() const
    {
        return data_;
    }
    T& operator()(std::size_t row, std::size_t column) const
    {
        return data_[column * stride_ + row];
    }
    std::span<T> column(std::size_t j) const
    {
        return {data_ + j * stride_, rows_};
    }
    /// All columns in turn, each a span: `for (auto component : f.columns()) ...`.
    column_range<T> columns() const
    {
        return {data_, rows_, rank_, stride_};
    }
    /// Rows `first` to `first + count - 1` of this block.
    factor_ref block(std::size_t first, std::size_t count) const
    {
        return {data_ + first, count, rank_, stride_, places_, first_row_ + first};
    }
    /// Number of the block's first row in the whole factor.
    std::size_t first_row() const
    {
        return first_row_;
    }
    /// Whether this is the whole factor, as image constraints need it.
    bool is_whole() const
    {
        return places_ == nullptr || (first_row_ == 0 && rows_ == places_->size());
    }
    /// Tensor shape of the whole factor's rows, e.g. (128, 128); empty for a factor without one.
    std::span<const std::size_t> shape() const
    {
        return places_ ? std::span<const std::size_t>(places_->shape)
                       : std::span<const std::size_t>();
    }
    /// Whether row `row` of this block counts; masked rows are held at zero.
    bool keeps(std::size_t row) const
    {
        return places_ == nullptr || places_->keeps(first_row_ + row);
    }
    bool is_masked() const
    {
        return places_ != nullptr && !places_->keep.empty();
    }
    const grid* places() const
    {
        return places_;
    }

  private:
    T* data_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t rank_ = 0;
    std::size_t stride_ = 0;
    const grid* places_ = nullptr;
    std::size_t first_row_ = 0;
};

/// Copies a factor, or a block of one, to another of its size.
template <class T>
void copy_factor(factor_ref<const std::type_identity_t<T>> from, factor_ref<T> to)
{
    for (std::size_t j = 0; j < from.rank(); ++j)
        std::copy_n(from.column(j).data(), from.rows(), to.column(j).data());
}

/// Sets the masked rows to zero.
template <class T>
void clear_masked(factor_ref<T> f)
{
    if (!f.is_masked())
        return;
    for (auto column : f.columns())
        for (std::size_t i = 0; i < column.size(); ++i)
            if (!f.keeps(i))
                column[i] = T{0};
}
}
