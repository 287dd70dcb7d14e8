// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/matrix/marginal_sums.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// X - 1 mu^T, mu the mean of each channel over the unmasked positions, weighted where X has
/// weights, which are this matrix's too: what a decomposition reads, never written down. Offers
/// what range_finder and exact_svd use of a data matrix.
template <class M>
class centred
{
  public:
    using factor_type = typename M::factor_type;
    using F = factor_type;
    using workspace = typename M::workspace;

    /// Reads X once, for the means.
    explicit centred(M x, std::size_t threads = 0)
        : x_(std::move(x))
    {
        workspace work{.threads = threads};
        mean_ = detail::marginal_sums(x_, side::components, work);
        double count = 0;
        for (std::size_t i = 0; i < rows(); ++i)
            count += shape().positions.keeps(i) ? weight(side::maps, i) : 0;
        for (F& mu : mean_)
            mu = count > 0 ? static_cast<F>(static_cast<double>(mu) / count) : F{0};
    }

    std::size_t rows() const
    {
        return x_.rows();
    }
    std::size_t cols() const
    {
        return x_.cols();
    }
    const unfolding& shape() const
    {
        return x_.shape();
    }
    /// X
    const M& base() const
    {
        return x_;
    }
    inner_product inner(side s) const
    {
        return inner_product_of(x_, s);
    }
    /// mu, one number a channel, 0 where masked.
    const std::vector<F>& mean() const
    {
        return mean_;
    }

    /// out = X S - 1 (mu^T S), with weights X V S - 1 (mu^T V S)
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        x_.multiply(S, out, work);
        for (std::size_t j = 0; j < S.rank(); ++j)
        {
            double sum = 0;
            for (std::size_t c = 0; c < S.rows(); ++c)
                if (S.keeps(c))
                    sum += weight(side::components, c) * static_cast<double>(mean_[c]) *
                           static_cast<double>(S(c, j));
            for (std::size_t i = 0; i < out.rows(); ++i)
                out(i, j) -= shape().positions.keeps(i) ? static_cast<F>(sum) : F{0};
        }
    }
    /// out = X^T C - mu (1^T C), with weights X^T W C - mu (1^T W C)
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        x_.multiply_transposed(C, out, work);
        for (std::size_t j = 0; j < C.rank(); ++j)
        {
            double sum = 0;
            for (std::size_t i = 0; i < C.rows(); ++i)
                if (shape().positions.keeps(i))
                    sum += weight(side::maps, i) * static_cast<double>(C(i, j));
            for (std::size_t c = 0; c < out.rows(); ++c)
                out(c, j) -= static_cast<F>(sum * static_cast<double>(mean_[c]));
        }
    }

  private:
    double weight(side s, std::size_t i) const
    {
        const auto weights = inner(s).weights();
        return weights.empty() ? 1 : weights[i];
    }

    M x_;
    std::vector<F> mean_;
};
}
