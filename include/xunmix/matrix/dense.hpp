// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>

#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/row_matrix.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// The rows of an unfolded tensor, read in place: a row_supply.
template <class T>
class rows_in_memory
{
  public:
    using value_type = T;
    static constexpr bool in_place = true;

    explicit rows_in_memory(unfolded<T> x)
        : x_(std::move(x))
        , stride_(x_.is_row_major() ? x_.row_stride() : x_.column_stride())
    {
    }
    const unfolding& shape() const
    {
        return x_.shape();
    }
    side stored_side() const
    {
        return x_.is_row_major() ? side::maps : side::components;
    }
    const T* row(std::size_t i, T*) const
    {
        return x_.data() + i * stride_;
    }

  private:
    unfolded<T> x_;
    std::size_t stride_;
};

/// X in memory, in whatever type and order it was measured, read in place. For its verbs see
/// row_matrix.
template <class T>
class dense : public row_matrix<rows_in_memory<T>>
{
  public:
    /// Reads X once, for summary(). `threads` limits that read.
    explicit dense(unfolded<T> x, std::size_t threads = 0)
        : row_matrix<rows_in_memory<T>>(rows_in_memory<T>(std::move(x)), threads)
    {
    }
};

template <class T>
dense(unfolded<T>) -> dense<T>;
template <class T>
dense(unfolded<T>, std::size_t) -> dense<T>;
}

#define XUNMIX_DENSE(prefix, T, F)                                                                 \
    prefix template class xunmix::row_matrix<xunmix::rows_in_memory<T>>;                           \
    prefix template class xunmix::dense<T>;                                                        \
    prefix template xunmix::any_matrix<F> xunmix::detail::as_any_matrix<xunmix::dense<T>>(         \
        const xunmix::dense<T>&);                                                                  \
    prefix template xunmix::data_summary xunmix::summarize(const xunmix::rows_in_memory<T>&,       \
                                                           std::size_t);
#ifdef XUNMIX_COMPILED
XUNMIX_FOR_EACH_ELEMENT(XUNMIX_DENSE, extern)
#endif
