// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <type_traits>

namespace xunmix
{
/// A small matrix or a block of one, row-major: k x k Gram matrices and the like.
template <class T>
struct matrix_ref
{
    T* data = nullptr;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::size_t stride = 0;

    matrix_ref() = default;
    matrix_ref(T* first, std::size_t row_count, std::size_t col_count, std::size_t row_stride)
        : data(first)
        , rows(row_count)
        , cols(col_count)
        , stride(row_stride)
    {
    }
    matrix_ref(T* first, std::size_t extent)
        : matrix_ref(first, extent, extent, extent)
    {
    }

    T& operator()(std::size_t i, std::size_t j) const
    {
        return data[i * stride + j];
    }
    operator matrix_ref<const T>() const requires(!std::is_const_v<T>)
    {
        return {data, rows, cols, stride};
    }
};
}
