// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/linalg/pseudo_inverse.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// X S for the maps' side, X^T C for the components'.
template <class M, class T>
void multiply_for(const M& x, side s, factor_ref<const T> other, factor_ref<T> out,
                  typename M::workspace& work)
{
    s == side::maps ? x.multiply(other, out, work) : x.multiply_transposed(other, out, work);
}

/// Least-squares fit of one factor to X and the other, negative values set to zero. One read of X.
template <class M, class T>
void fit_clipped(const M& x, side s, factor_ref<const T> by, factor_ref<T> out,
                 typename M::workspace& work)
{
    const std::size_t k = out.rank();
    buffer<T> memory;
    const factor_ref<T> rhs(memory.get(out.rows() * k), out.rows(), k, out.rows());
    multiply_for(x, s, by, rhs, work);
    buffer<double> gram_memory;
    const matrix_ref<double> gram(gram_memory.get(k * k), k);
    inner_product_of(x, other(s)).gram(by, gram, work.threads);
    linalg::pseudo_inverse invert;
    const auto inverse = invert(gram, static_cast<double>(k) *
                                          static_cast<double>(std::numeric_limits<T>::epsilon()));
    constexpr std::size_t block = 4096;
    const auto fit_rows = [&](std::size_t b, std::size_t)
    {
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t i = b * block; i < std::min(out.rows(), (b + 1) * block); ++i)
            {
                double sum = 0;
                for (std::size_t l = 0; l < k; ++l)
                    sum += inverse(j, l) * static_cast<double>(rhs(i, l));
                out(i, j) = static_cast<T>(std::max(sum, 0.0));
            }
    };
    parallel_for((out.rows() + block - 1) / block, work.threads, fit_rows);
}
}
