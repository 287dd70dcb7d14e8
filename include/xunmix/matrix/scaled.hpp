// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/marginal_sums.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// Another data matrix in which element (i, c) counts with the weight w_i v_c: factorizing it
/// minimises
///
///     sum_ic w_i v_c (X - C S^T)_ic^2
///
/// over factors in X's own units, so constraints, starts and results need no conversion. The verbs
/// give the sides of the weighted normal equations (X V S and X^T W C; W and V, the weights of the
/// row solved for, cancel), inner() their inner products. No copy of X.
///
/// Penalties on a factor (sparse, ridge) are not divided by the weights that cancel; they no longer
/// make a descent pair.
template <class M>
class scaled
{
  public:
    using factor_type = typename M::factor_type;
    using F = factor_type;

    struct workspace
    {
        std::size_t threads = 0;
        typename M::workspace inner{};
        buffer<F> weighted{}; ///< a factor times its weights, unless they are all 1
    };

    /// Weights must be non-negative, one a position and one a channel. Throws invalid_argument.
    /// Reads X once.
    scaled(M x, entry_weights weights, std::size_t threads = 0)
        : x_(std::move(x))
        , weights_(std::make_shared<const entry_weights>(std::move(weights)))
        , summary_(x_.summary())
    {
        for (side s : {side::maps, side::components})
        {
            validate(s);
            const auto& w = weights_->of(s);
            even_[s == side::maps ? 0 : 1] =
                std::ranges::all_of(w, [](double weight) { return weight == 1; });
        }
        typename M::workspace work{.threads = threads};
        const factor_ref<const F> none_c(nullptr, x_.rows(), 0, 0),
            none_s(nullptr, x_.cols(), 0, 0);
        summary_.squared_norm = x_.residual_squared_norm(none_c, none_s, work, weights_.get());
    }

    std::size_t rows() const
    {
        return x_.rows();
    }
    std::size_t cols() const
    {
        return x_.cols();
    }
    /// sum w_i v_c X_ic^2 over the unmasked elements.
    double squared_norm() const
    {
        return summary_.squared_norm;
    }
    const data_summary& summary() const
    {
        return summary_;
    }
    const unfolding& shape() const
    {
        return x_.shape();
    }
    side sweep_side() const
    {
        return x_.sweep_side();
    }
    const entry_weights& weights() const
    {
        return *weights_;
    }
    /// X without its weights.
    const M& unweighted() const
    {
        return x_;
    }

    /// out = X V S
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        x_.multiply(weighted(side::components, S, work), out, inner(work));
    }
    /// out = X^T W C
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        x_.multiply_transposed(weighted(side::maps, C, work), out, inner(work));
    }
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work) const
    {
        sweep_some(O, visit, product, work);
    }
    void sweep(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
               workspace& work, interleaving which) const requires interleavable_matrix<M>
    {
        sweep_some(O, visit, product, work, which);
    }
    double residual_squared_norm(factor_ref<const F> C, factor_ref<const F> S,
                                 workspace& work) const
    {
        return x_.residual_squared_norm(C, S, inner(work), weights_.get());
    }

    /// <A, W B>, or <A, V B> for components; plain where all weights of a side are 1.
    inner_product inner(side s) const
    {
        return even_[s == side::maps ? 0 : 1] ? inner_product() : inner_product(weights_->of(s));
    }

  private:
    static typename M::workspace& inner(workspace& work)
    {
        work.inner.threads = work.threads;
        return work.inner;
    }
    void validate(side s) const
    {
        const auto& w = weights_->of(s);
        const auto& places = x_.shape().of(s);
        detail::require<invalid_argument>(w.size() == places.size(),
                                          "scaled needs one weight for "
                                          "each of the ",
                                          places.size(), " rows of the ", name(s), ", got ",
                                          w.size());
        const auto bad =
            std::find_if(w.begin(), w.end(), [](double x) { return !(x >= 0) || !is_finite(x); });
        detail::require<invalid_argument>(bad == w.end(),
                                          "weights must be finite and not negative; "
                                          "number ",
                                          bad - w.begin(), " of the ", name(s), "' is ",
                                          bad == w.end() ? 0 : *bad);
    }
    /// A sweep, or one of its interleaved groups.
    template <class... Which>
    void sweep_some(factor_ref<const F> O, block_visitor<F> visit, factor_ref<F> product,
                    workspace& work, const Which&... which) const
    {
        const auto w = inner(sweep_side()).weights();
        auto visit_and_weigh = [&](std::size_t first, factor_ref<F> block, std::size_t worker)
        {
            visit(first, block, worker);
            for (auto column : block.columns())
                for (std::size_t i = 0; i < column.size(); ++i)
                    column[i] *= static_cast<F>(w[first + i]);
        };
        const auto held = weighted(other(sweep_side()), O, work);
        x_.sweep(held, w.empty() ? visit : block_visitor<F>(visit_and_weigh), product, inner(work),
                 which...);
    }
    factor_ref<const F> weighted(side s, factor_ref<const F> f, workspace& work) const
    {
        const auto w = inner(s).weights();
        if (w.empty())
            return f;
        const factor_ref<F> out(work.weighted.get(f.rows() * f.rank()), f.rows(), f.rank(),
                                f.rows(), f.places());
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                out(i, j) = f(i, j) * static_cast<F>(w[i]);
        return out;
    }
    M x_;
    std::shared_ptr<const entry_weights> weights_;
    data_summary summary_;
    bool even_[2] = {}; ///< whether all weights of the maps, of the components are 1
};

/// All weights 1: scaled to no effect, for programs that decide at run time.
template <class M>
scaled<M> unscaled(M x, std::size_t threads = 0)
{
    entry_weights ones{std::vector<double>(x.rows(), 1.0), std::vector<double>(x.cols(), 1.0)};
    return scaled<M>(std::move(x), std::move(ones), threads);
}

/// Weights for counts (Keenan & Kotula 2004): each element is weighed with the inverse of its
/// variance as the rank-1 model (position mean x channel mean / mean) estimates it. A model that
/// explains all but the counting noise then has an mse of about 1. Positions and channels without
/// any count get weight 0. Throws invalid_data for negative values, NaN and infinities. Three reads
/// of X.
template <class M>
scaled<M> poisson_scaled(M x, std::size_t threads = 0)
{
    detail::check_finite(x.summary());
    detail::require<invalid_data>(x.summary().negative == 0,
                                  "Poisson scaling is for counts, X >= 0: it holds ",
                                  x.summary().negative, " negative values, the smallest ",
                                  x.summary().minimum, "; clip them with unfold(...).clipped(0)");
    typename M::workspace work{.threads = threads};
    const double mean = x.summary().sum / static_cast<double>(x.summary().entries);
    auto inverse_means = [&](side s)
    {
        const auto sums = detail::marginal_sums(x, s, work);
        const double count = static_cast<double>(x.shape().of(other(s)).kept());
        std::vector<double> weights(sums.size());
        for (std::size_t i = 0; i < sums.size(); ++i)
            weights[i] = sums[i] > 0 ? count / static_cast<double>(sums[i]) : 0;
        return weights;
    };
    entry_weights weights{inverse_means(side::maps), inverse_means(side::components)};
    for (double& w : weights.positions)
        w *= mean;
    return scaled<M>(std::move(x), std::move(weights), threads);
}
}

#define XUNMIX_SCALED(prefix, T)                                                                   \
    prefix template xunmix::scaled<xunmix::any_matrix<T>> xunmix::poisson_scaled(                  \
        xunmix::any_matrix<T>, std::size_t);                                                       \
    prefix template xunmix::any_matrix<T> xunmix::detail::as_any_matrix(                           \
        const xunmix::scaled<xunmix::any_matrix<T>>&);
#ifdef XUNMIX_COMPILED
XUNMIX_SCALED(extern, float)
XUNMIX_SCALED(extern, double)
#endif
