// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

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
    /// Columns `first` to `first + count - 1`.
    factor_ref columns_from(std::size_t first, std::size_t count) const
    {
        return {data_ + first * stride_, rows_, count, stride_, places_, first_row_};
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

/// A factor with memory of its own, one column after the other.
template <class T>
class factor
{
  public:
    factor() = default;
    /// Zeros.
    factor(std::size_t rows, std::size_t rank)
        : values_(rows * rank)
        , rows_(rows)
        , rank_(rank)
    {
    }
    /// These numbers, of as many columns as they fill.
    factor(std::vector<T> values, std::size_t rows)
        : values_(std::move(values))
        , rows_(rows)
        , rank_(rows == 0 ? 0 : values_.size() / rows)
    {
    }
    /// A copy.
    explicit factor(factor_ref<const T> from)
        : factor(from.rows(), from.rank())
    {
        copy_factor(from, view());
    }

    std::size_t rows() const
    {
        return rows_;
    }
    std::size_t rank() const
    {
        return rank_;
    }
    /// Whether it holds no numbers.
    bool empty() const
    {
        return values_.empty();
    }
    /// Whether both have the same numbers in the same shape.
    bool operator==(const factor&) const = default;
    /// All numbers, column by column.
    const std::vector<T>& values() const
    {
        return values_;
    }
    T& operator()(std::size_t row, std::size_t column)
    {
        return values_[column * rows_ + row];
    }
    const T& operator()(std::size_t row, std::size_t column) const
    {
        return values_[column * rows_ + row];
    }
    /// The factor as everything takes it; `places`, which must outlive the view, are its rows'.
    factor_ref<T> view(const grid* places = nullptr)
    {
        return {values_.data(), rows_, rank_, rows_, places};
    }
    factor_ref<const T> view(const grid* places = nullptr) const
    {
        return {values_.data(), rows_, rank_, rows_, places};
    }
    std::span<T> column(std::size_t j)
    {
        return view().column(j);
    }
    std::span<const T> column(std::size_t j) const
    {
        return view().column(j);
    }
    /// Adds columns after its own. As many rows, or the first columns of an empty factor.
    void append(factor_ref<const T> columns)
    {
        rows_ = columns.rows();
        rank_ += columns.rank();
        for (const auto column : columns.columns())
            values_.insert(values_.end(), column.begin(), column.end());
    }
    /// Keeps the first `count` columns, of which it has as many at least; its memory stays.
    void keep_first(std::size_t count)
    {
        values_.resize(rows_ * count);
        rank_ = count;
    }
    /// Keeps the columns `which`, in that order.
    void keep_columns(const std::vector<std::size_t>& which)
    {
        factor out;
        out.values_.reserve(which.size() * rows_);
        for (const std::size_t j : which)
            out.append(view().columns_from(j, 1));
        *this = std::move(out);
    }

  private:
    std::vector<T> values_;
    std::size_t rows_ = 0, rank_ = 0;
};

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
