// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

// The only place that names xtensor-blas's headers. Used through its typed BLAS calls on memory we
// own: xt::linalg copies its operands and throws for blocks of columns.
#include <xtensor-blas/xblas.hpp>

#include <xunmix/core/error.hpp>

#ifndef HAVE_CBLAS
#error "xunmix needs a CBLAS: link xunmix::xunmix, or define HAVE_CBLAS=1 and link OpenBLAS"
#endif

namespace xunmix::blas
{
/// `extent` as a BLAS integer; throws invalid_argument where it does not fit.
inline xt::blas_index_t index(std::size_t extent)
{
    detail::require<invalid_argument>(
        extent <= static_cast<std::size_t>(std::numeric_limits<xt::blas_index_t>::max()),
        "a BLAS call takes at most ", std::numeric_limits<xt::blas_index_t>::max(),
        " rows or columns, got ", extent);
    return static_cast<xt::blas_index_t>(extent);
}

/// C = op(A) op(B), row-major; op transposes where asked. C is m x n, op(A) m x k, op(B) k x n; ld:
/// numbers from one row of the stored matrix to the next. In pieces so small that OpenBLAS computes
/// each on the calling thread (below 64^3 multiply-adds): its bits depend on the number of threads
/// otherwise.
template <class T>
void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
              const T* a, std::size_t lda, const T* b, std::size_t ldb, T* c, std::size_t ldc)
{
    const auto op = [](bool transposed) { return transposed ? cxxblas::Trans : cxxblas::NoTrans; };
    constexpr std::size_t most = 64 * 64 * 64, width = 64;
    const std::size_t columns = std::min(n, width),
                      depth = std::min(k, most / 4 / std::max<std::size_t>(columns, 1)),
                      rows = most / std::max<std::size_t>(columns * depth, 1);
    for (std::size_t i = 0; i < m; i += rows)
        for (std::size_t j = 0; j < n; j += columns)
            for (std::size_t l = 0; l < k; l += depth)
                cxxblas::gemm<xt::blas_index_t>(
                    cxxblas::RowMajor, op(transpose_a), op(transpose_b),
                    index(std::min(rows, m - i)), index(std::min(columns, n - j)),
                    index(std::min(depth, k - l)), T{1},
                    a + (transpose_a ? l * lda + i : i * lda + l), index(lda),
                    b + (transpose_b ? j * ldb + l : l * ldb + j), index(ldb), l == 0 ? T{0} : T{1},
                    c + i * ldc + j, index(ldc));
}
}
