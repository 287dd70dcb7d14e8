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
