// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/evenly_weighted.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/svd/range_finder.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// Another data matrix as the product of two small ones, X ~ U V^T with r columns each (Erichson et
/// al. 2018): an iteration costs O((n + m) r k) and reads X not at all. Every update and constraint
/// works on it; what it finds is near what X itself would give, and factorizing X from there
/// ("polishing") takes the difference away. squared_norm() is that of X, and so the objective
/// counts what was left out as residual: right up to 2 <X - U V^T, C S^T>. residual_squared_norm()
/// is exact, with one read of X. Where X has weights, they count in the compression too: U V^T is
/// then near W^(1/2) X V^(1/2), and keeps what the weighted model needs.
template <class M>
class compressed
{
  public:
    using factor_type = typename M::factor_type;
    using F = factor_type;

    struct workspace
    {
        std::size_t threads = 0;
        typename M::workspace whole{};
        sweep_workspace<F> left{}, right{};
        buffer<F> reduced{};  ///< r x k
        buffer<F> product{};  ///< n x k
        buffer<F> weighted{}; ///< a factor times the roots of its weights
    };

    /// 2 + 2 power_iterations reads of X. Throws invalid_argument unless 1 <= r <= min(n, m).
    compressed(M x, std::size_t r, std::size_t power_iterations = 1, std::uint64_t seed = 0,
               std::size_t threads = 0)
        : compressed(
              x, range_finder(detail::evenly_weighted<M>(x), r, power_iterations, seed, threads),
              threads)
    {
    }
    /// From a decomposition of x, of W^(1/2) x V^(1/2) where it has weights, made before.
    compressed(M x, truncated_svd<F> svd, std::size_t threads = 0)
        : x_(std::move(x))
        , pair_(std::make_shared<const factors>(std::move(svd), x_.shape(), threads))
    {
    }

    std::size_t rows() const
    {
        return x_.rows();
    }
    std::size_t cols() const
    {
        return x_.cols();
    }
    double squared_norm() const
    {
        return x_.squared_norm();
    }
    const auto& summary() const
    {
        return x_.summary();
    }
    const unfolding& shape() const
    {
        return x_.shape();
    }
    side sweep_side() const
    {
        return side::maps;
    }
    /// An iteration does not read X, and so its objective is not that of X.
    static constexpr bool is_approximate()
    {
        return true;
    }
    const truncated_svd<F>& svd() const
    {
        return pair_->svd;
    }
    /// What to mind of a model of rank k on this data; empty if nothing. The directions left out
    /// are weaker than the last one kept; where that one comes near the k-th, which the model
    /// cannot do without, they may matter.
    std::string warning(std::size_t rank) const
    {
        constexpr double close = 0.25;
        const auto& squared = svd().squared_lengths;
        const double last = squared.back(), needed = squared[std::min(rank, squared.size()) - 1];
        if (squared.size() == shape().smaller_side() || last <= close * needed)
            return "";
        return detail::text("compression to ", squared.size(), " directions may lose signal: the ",
                            "last has ", last / needed, " of the energy of number ", rank,
                            ", the weakest that ", rank,
                            " components need; keep more (compression.size), take fewer "
                            "components, or go without compression");
    }
    /// |X - U V^T|^2, weighted where X has weights, from the elements. One read of X.
    double left_out(std::size_t threads = 0) const
    {
        buffer<F> maps, components;
        const auto in_units = [&](side s, const factor<F>& f, buffer<F>& to)
        { return detail::weighed_by_root(inner(s), f.view(), true, to); };
        typename M::workspace work{.threads = threads};
        return x_.residual_squared_norm(in_units(side::maps, svd().left, maps),
                                        in_units(side::components, svd().right, components), work);
    }
    /// The matrix that was compressed.
    const M& whole() const
    {
        return x_;
    }

    /// out = U V^T S
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        const auto vs = reduced(S.rank(), work);
        pair_->right.multiply(
            detail::weighed_by_root(inner(side::components), S, false, work.weighted), vs,
            limited(work.right, work));
        pair_->left.multiply_transposed(vs, out, limited(work.left, work));
        detail::weigh_by_root(inner(side::maps), out, true);
    }
    /// out = V U^T C
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        const auto uc = reduced(C.rank(), work);
        pair_->left.multiply(detail::weighed_by_root(inner(side::maps), C, false, work.weighted),
                             uc, limited(work.left, work));
        pair_->right.multiply_transposed(uc, out, limited(work.right, work));
        detail::weigh_by_root(inner(side::components), out, true);
    }
    /// See data_matrix. The rows are visited in blocks, though nothing is read meanwhile.
    void sweep(factor_ref<const F> S, block_visitor<F> visit, factor_ref<F> product,
               workspace& work) const
    {
        constexpr std::size_t block = 256;
        const std::size_t n = rows(), k = S.rank();
        const factor_ref<F> C(work.product.get(n * k), n, k, n, &shape().positions);
        multiply(S, C, work);
        parallel_for((n + block - 1) / block, work.threads,
                     [&](std::size_t b, std::size_t worker)
                     {
                         const std::size_t first = b * block;
                         const auto rows = C.block(first, std::min(block, n - first));
                         clear_masked(rows);
                         visit(first, rows, worker);
                     });
        clear_masked(C);
        multiply_transposed(C, product, work);
    }
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S,
                                 workspace& work) const
    {
        return x_.residual_squared_norm(C, S, limited(work.whole, work));
    }

    inner_product inner(side s) const
    {
        return inner_product_of(x_, s);
    }

  private:
    /// U^T and V^T as matrices of r long rows.
    struct factors
    {
        factors(truncated_svd<F> decomposition, const unfolding& shape, std::size_t threads)
            : svd(std::move(decomposition))
            , left(rows_of(svd.left, shape.positions), threads)
            , right(rows_of(svd.right, shape.channels), threads)
        {
        }
        unfolded<F> rows_of(const factor<F>& columns, const grid& places) const
        {
            unfolding shape;
            shape.positions.shape = {svd.size()};
            shape.channels = places;
            return {columns.values().data(), columns.rows(), 1, std::move(shape), nullptr};
        }
        truncated_svd<F> svd;
        dense<F> left, right;
    };

    template <class W>
    static W& limited(W& part, const workspace& work)
    {
        part.threads = work.threads;
        return part;
    }
    factor_ref<F> reduced(std::size_t rank, workspace& work) const
    {
        const std::size_t r = pair_->svd.size();
        return {work.reduced.get(r * rank), r, rank, r};
    }

    M x_;
    std::shared_ptr<const factors> pair_;
};
}
