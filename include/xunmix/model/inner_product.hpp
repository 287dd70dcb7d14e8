// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include <xunmix/core/parallel.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// How two columns of one factor are multiplied: <a, b> = sum_i a_i b_i, or with a weight for each
/// row sum_i w_i a_i b_i. Each side of a data matrix has one; Gram matrices and objectives go
/// through it, so nothing else asks whether the data have weights. A view of the weights, which the
/// data matrix keeps.
class inner_product
{
  public:
    /// The plain one.
    inner_product() = default;
    /// The weighted one; empty weights: the plain one.
    explicit inner_product(std::span<const double> weights)
        : weights_(weights)
    {
    }

    bool is_weighted() const
    {
        return !weights_.empty();
    }
    /// A number a row; empty where all are 1.
    std::span<const double> weights() const
    {
        return weights_;
    }

    /// gram = F^T W F (k x k), summed in double in an order that does not depend on the threads.
    template <class T>
    void gram(factor_ref<const T> f, matrix_ref<double> out, std::size_t threads) const
    {
        constexpr std::size_t worth_threads = 65536;
        const std::size_t k = f.rank();
        parallel_for(k, f.rows() * k < worth_threads ? 1 : threads,
                     [&](std::size_t j, std::size_t)
                     {
                         for (std::size_t l = 0; l <= j; ++l)
                             out(j, l) = out(l, j) = of_columns(f, j, f, l);
                     });
    }
    /// <A, W B>, the sum over the columns of two factors of one shape.
    template <class T>
    double operator()(factor_ref<const T> a, factor_ref<const T> b) const
    {
        double sum = 0;
        for (std::size_t j = 0; j < a.rank(); ++j)
            sum += of_columns(a, j, b, j);
        return sum;
    }

  private:
    template <class T>
    double of_columns(factor_ref<const T> a, std::size_t j, factor_ref<const T> b,
                      std::size_t l) const
    {
        if (!is_weighted())
            return linalg::dot(a.column(j).data(), b.column(l).data(), a.rows());
        double sum = 0;
        for (std::size_t i = 0; i < a.rows(); ++i)
            sum += weights_[i] * static_cast<double>(a(i, j)) * static_cast<double>(b(i, l));
        return sum;
    }

    std::span<const double> weights_{};
};
}
