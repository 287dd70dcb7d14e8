// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>

// Singular vectors are orthonormal in the plain inner product, and weights define another one.
namespace xunmix::detail
{
/// F <- W^(1/2) F or, inverse, W^(-1/2) F with zero for what weighs nothing; nothing where there
/// are no weights.
template <class F>
void weigh_by_root(const inner_product& product, factor_ref<F> f, bool inverse)
{
    if (!product.is_weighted())
        return;
    for (std::size_t i = 0; i < f.rows(); ++i)
    {
        const double root = std::sqrt(product.weights()[i]);
        const auto by = static_cast<F>(!inverse ? root : root > 0 ? 1 / root : 0);
        for (std::size_t j = 0; j < f.rank(); ++j)
            f(i, j) *= by;
    }
}

/// A copy of F in `memory`, weighed like that; F itself where there are no weights.
template <class F>
factor_ref<const F> weighed_by_root(const inner_product& product, factor_ref<const F> f,
                                    bool inverse, buffer<F>& memory)
{
    if (!product.is_weighted())
        return f;
    const factor_ref<F> copy(memory.get(f.rows() * f.rank()), f.rows(), f.rank(), f.rows(),
                             f.places());
    copy_factor(f, copy);
    weigh_by_root(product, copy, inverse);
    return copy;
}

/// W^(1/2) X V^(1/2) as a matrix in the plain inner product, for singular vectors; X itself where
/// it has no weights.
template <class M>
class evenly_weighted
{
  public:
    using factor_type = typename M::factor_type;
    using F = factor_type;
    struct workspace
    {
        std::size_t threads = 0;
        typename M::workspace inner{};
        buffer<F> copy{};
    };

    explicit evenly_weighted(const M& x)
        : x_(&x)
    {
    }
    std::size_t rows() const
    {
        return x_->rows();
    }
    std::size_t cols() const
    {
        return x_->cols();
    }
    const unfolding& shape() const
    {
        return x_->shape();
    }
    /// X
    const M& base() const
    {
        return *x_;
    }
    /// |W^(1/2) X V^(1/2)|^2
    double squared_norm() const
    {
        return x_->squared_norm();
    }
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        work.inner.threads = work.threads;
        x_->multiply(weighed_by_root(inner_product_of(*x_, side::components), S, true, work.copy),
                     out, work.inner);
        weigh_by_root(inner_product_of(*x_, side::maps), out, false);
    }
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        work.inner.threads = work.threads;
        x_->multiply_transposed(
            weighed_by_root(inner_product_of(*x_, side::maps), C, true, work.copy), out,
            work.inner);
        weigh_by_root(inner_product_of(*x_, side::components), out, false);
    }

  private:
    const M* x_;
};
}
