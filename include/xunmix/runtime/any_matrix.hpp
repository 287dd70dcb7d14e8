// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// A dense matrix whose element type is known only at run time, for factors of type F: what
/// programs that open any file use, so that a solver is compiled once for F and not once for every
/// element type. Costs a virtual call a verb.
template <class F>
class any_matrix
{
  public:
    using factor_type = F;
    using workspace = dense_workspace<F>;

    template <class T>
        requires std::is_same_v<factor_value_t<T>, F>
    explicit any_matrix(dense<T> x)
        : held_(std::make_shared<const holder<T>>(std::move(x)))
    {
    }

    std::size_t rows() const
    {
        return shape().positions.size();
    }
    std::size_t cols() const
    {
        return shape().channels.size();
    }
    double squared_norm() const
    {
        return summary().squared_norm;
    }
    const data_summary& summary() const
    {
        return held_->summary();
    }
    const unfolding& shape() const
    {
        return held_->shape();
    }
    side sweep_side() const
    {
        return held_->sweep_side();
    }
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        held_->multiply(S, out, work);
    }
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        held_->multiply_transposed(C, out, work);
    }
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work) const
    {
        held_->sweep(O, visit, product, work);
    }
    static constexpr std::size_t read_chunks = dense<F>::read_chunks;
    void read(row_visitor<F> visit, workspace& work) const
    {
        held_->read(visit, work);
    }
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                 const entry_weights* weights = nullptr) const
    {
        return held_->residual_squared_norm(C, S, work, weights);
    }

  private:
    struct base
    {
        virtual ~base() = default;
        virtual const data_summary& summary() const = 0;
        virtual const unfolding& shape() const = 0;
        virtual side sweep_side() const = 0;
        virtual void multiply(factor_ref<const F>, factor_ref<F>, workspace&) const = 0;
        virtual void multiply_transposed(factor_ref<const F>, factor_ref<F>, workspace&) const = 0;
        virtual void sweep(factor_ref<const F>, block_visitor<F>, factor_ref<F>,
                           workspace&) const = 0;
        virtual void read(row_visitor<F>, workspace&) const = 0;
        virtual double residual_squared_norm(factor_ref<const F>, factor_ref<const F>, workspace&,
                                             const entry_weights*) const = 0;
    };

    template <class T>
    struct holder final : base
    {
        explicit holder(dense<T> matrix)
            : x(std::move(matrix))
        {
        }
        const data_summary& summary() const override
        {
            return x.summary();
        }
        const unfolding& shape() const override
        {
            return x.shape();
        }
        side sweep_side() const override
        {
            return x.sweep_side();
        }
        void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const override
        {
            x.multiply(S, out, work);
        }
        void multiply_transposed(factor_ref<const F> C, factor_ref<F> out,
                                 workspace& work) const override
        {
            x.multiply_transposed(C, out, work);
        }
        void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
                   workspace& work) const override
        {
            x.sweep(O, visit, product, work);
        }
        void read(row_visitor<F> visit, workspace& work) const override
        {
            x.read(visit, work);
        }
        double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                     const entry_weights* weights) const override
        {
            return x.residual_squared_norm(C, S, work, weights);
        }
        dense<T> x;
    };

    std::shared_ptr<const base> held_;
};
}
