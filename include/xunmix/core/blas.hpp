// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

// The only place that names xtensor-blas's headers. Used through its typed BLAS and LAPACK calls
// on memory we own: xt::linalg copies its operands, throws for blocks of columns, and its
// Cholesky solver solves one right-hand side only.
#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

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
/// numbers from one row of the stored matrix to the next.
template <class T>
void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
              const T* a, std::size_t lda, const T* b, std::size_t ldb, T* c, std::size_t ldc)
{
    const auto op = [](bool transposed) { return transposed ? cxxblas::Trans : cxxblas::NoTrans; };
    cxxblas::gemm<xt::blas_index_t>(cxxblas::RowMajor, op(transpose_a), op(transpose_b), index(m),
                                    index(n), index(k), T{1}, a, index(lda), b, index(ldb), T{0}, c,
                                    index(ldc));
}

/// Eigenvalues (ascending) and eigenvectors (one a row, in place) of a symmetric k x k matrix.
/// Throws error where LAPACK's dsyev does not converge, as it does for NaN.
inline void symmetric_eigen(std::size_t k, double* matrix, double* values, double* work,
                            std::size_t work_size)
{
    const auto info = cxxlapack::syev<xt::blas_index_t>('V', 'U', index(k), matrix, index(k),
                                                        values, work, index(work_size));
    detail::require<error>(info == 0, "the eigenvalues of a ", k, " x ", k,
                           " Gram matrix did not converge (dsyev info ", info, ")");
}
}
