// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/entry_weights.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
template <class F>
class any_matrix;

namespace detail
{
template <class M>
any_matrix<typename M::factor_type> as_any_matrix(const M& x);
template <class F>
any_matrix<F> as_any_matrix(const any_matrix<F>& x);
}

/// Any data matrix with factors of type F, whatever its own type: what solvers work on, so that
/// they are compiled once and not once for every kind of data. Costs a virtual call a verb. Copies
/// share the matrix.
template <class F>
class any_matrix
{
  public:
    using factor_type = F;

    /// The memory that the verbs of the matrix held need: made at first use.
    struct workspace
    {
        std::size_t threads = 0; ///< at most so many; 0: what OpenMP takes
        std::shared_ptr<void> held{};
        const void* kind = nullptr; ///< of the matrix that it was made for
    };

    template <data_matrix M>
        requires(std::is_same_v<typename M::factor_type, F> && !std::is_same_v<M, any_matrix>)
    explicit any_matrix(M x)
        : held_(std::make_shared<const holder<M>>(std::move(x)))
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
        return held_->squared_norm();
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
    inner_product inner(side s) const
    {
        return held_->inner(s);
    }
    /// Whether the verbs are near those of other data, whose norm this matrix has, see compressed.
    bool is_approximate() const
    {
        return held_->is_approximate();
    }
    /// Whether it hands out its elements by read().
    bool is_readable() const
    {
        return held_->is_readable();
    }

    /// Whether it can be swept in interleaved groups of blocks.
    bool is_interleavable() const
    {
        return held_->is_interleavable();
    }

    /// The matrix whose elements the verbs are made from, without weights: what decompositions read
    /// directly. Itself where there is no other.
    const any_matrix& elements() const
    {
        const any_matrix* inner = held_->elements();
        return inner ? inner->elements() : *this;
    }

    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        held_->multiply(S, out, work);
    }
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        held_->multiply_transposed(C, out, work);
    }
    /// Throws invalid_argument for groups unless is_interleavable().
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work, interleaving which = {}) const
    {
        held_->sweep(O, visit, product, work, which);
    }
    static constexpr std::size_t read_chunks = detail::read_chunks;
    /// Throws invalid_argument unless is_readable().
    void read(row_visitor<F> visit, workspace& work) const
    {
        held_->read(visit, work);
    }
    /// Throws invalid_argument for weights where the matrix held cannot take any.
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                 const entry_weights* weights = nullptr) const
    {
        return held_->residual_squared_norm(C, S, work, weights);
    }

  private:
    struct base
    {
        virtual ~base() = default;
        virtual double squared_norm() const = 0;
        virtual const data_summary& summary() const = 0;
        virtual const unfolding& shape() const = 0;
        virtual side sweep_side() const = 0;
        virtual inner_product inner(side) const = 0;
        virtual bool is_approximate() const = 0;
        virtual bool is_readable() const = 0;
        virtual bool is_interleavable() const = 0;
        virtual const any_matrix* elements() const = 0;
        virtual void multiply(factor_ref<const F>, factor_ref<F>, workspace&) const = 0;
        virtual void multiply_transposed(factor_ref<const F>, factor_ref<F>, workspace&) const = 0;
        virtual void sweep(factor_ref<const F>, block_visitor<F>, factor_ref<F>, workspace&,
                           interleaving) const = 0;
        virtual void read(row_visitor<F>, workspace&) const = 0;
        virtual double residual_squared_norm(factor_ref<const F>, factor_ref<const F>, workspace&,
                                             const entry_weights*) const = 0;
    };

    template <class M>
    class holder final : public base
    {
      public:
        explicit holder(M matrix)
            : x_(std::move(matrix))
        {
            if constexpr (has_weights)
                elements_.emplace(detail::as_any_matrix(x_.unweighted()));
        }
        double squared_norm() const override
        {
            return x_.squared_norm();
        }
        const data_summary& summary() const override
        {
            return x_.summary();
        }
        const unfolding& shape() const override
        {
            return x_.shape();
        }
        side sweep_side() const override
        {
            return x_.sweep_side();
        }
        inner_product inner(side s) const override
        {
            return inner_product_of(x_, s);
        }
        bool is_approximate() const override
        {
            return xunmix::is_approximate(x_);
        }
        bool is_readable() const override
        {
            return readable_matrix<M>;
        }
        bool is_interleavable() const override
        {
            return xunmix::is_interleavable(x_);
        }
        const any_matrix* elements() const override
        {
            return elements_ ? &*elements_ : nullptr;
        }
        void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const override
        {
            x_.multiply(S, out, own(work));
        }
        void multiply_transposed(factor_ref<const F> C, factor_ref<F> out,
                                 workspace& work) const override
        {
            x_.multiply_transposed(C, out, own(work));
        }
        void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
                   workspace& work, interleaving which) const override
        {
            if constexpr (interleavable_matrix<M>)
                x_.sweep(O, visit, product, own(work), which);
            else
            {
                detail::require<invalid_argument>(which.groups == 1,
                                                  "this data matrix is swept as a whole, got ",
                                                  which.groups, " groups");
                x_.sweep(O, visit, product, own(work));
            }
        }
        void read(row_visitor<F> visit, workspace& work) const override
        {
            if constexpr (readable_matrix<M>)
                x_.read(visit, own(work));
            else
                throw invalid_argument("this data matrix does not hand out its elements; take it "
                                       "unfolded or dense, neither weighted nor compressed");
        }
        double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S, workspace& work,
                                     const entry_weights* weights) const override
        {
            if constexpr (weighable_matrix<M>)
                return x_.residual_squared_norm(C, S, own(work), weights);
            else
            {
                detail::require<invalid_argument>(weights == nullptr,
                                                  "this data matrix takes no weights; take it "
                                                  "dense");
                return x_.residual_squared_norm(C, S, own(work));
            }
        }

      private:
        static auto& own(workspace& work)
        {
            static constexpr char kind = 0; // one address for each M
            if (work.kind != &kind)
            {
                work.held = std::make_shared<typename M::workspace>();
                work.kind = &kind;
            }
            auto& out = *static_cast<typename M::workspace*>(work.held.get());
            out.threads = work.threads;
            return out;
        }

        static constexpr bool has_weights = requires(const M& x)
        {
            x.unweighted();
        };

        M x_;
        std::optional<any_matrix> elements_{};
    };

    std::shared_ptr<const base> held_;
};

namespace detail
{
template <class M>
any_matrix<typename M::factor_type> as_any_matrix(const M& x)
{
    return any_matrix<typename M::factor_type>(x);
}
template <class F>
any_matrix<F> as_any_matrix(const any_matrix<F>& x)
{
    return x;
}
}
}
