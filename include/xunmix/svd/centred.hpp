// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/core/factor.hpp>
#include <xunmix/core/small.hpp>
#include <xunmix/matrix/line_sums.hpp>

namespace xunmix
{
/// X - 1 mu^T, mu the mean of each channel over the unmasked positions: what a decomposition reads,
/// never written down. Offers what range_finder and exact_svd use of a data matrix.
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
        mean_ = detail::line_sums(x_, side::components, work);
        const double count = static_cast<double>(x_.shape().positions.kept());
        squared_norm_ = x_.squared_norm();
        for (F& mu : mean_)
        {
            const double mean = static_cast<double>(mu) / count;
            squared_norm_ -= count * mean * mean;
            mu = static_cast<F>(mean);
        }
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
    double squared_norm() const
    {
        return squared_norm_;
    }
    /// mu, one number a channel, 0 where masked.
    const std::vector<F>& mean() const
    {
        return mean_;
    }

    /// out = X S - 1 (mu^T S)
    void multiply(factor_ref<const F> S, factor_ref<F> out, workspace& work) const
    {
        x_.multiply(S, out, work);
        for (std::size_t j = 0; j < S.rank(); ++j)
        {
            const double sum = small::dot(mean_.data(), S.column(j).data(), S.rows());
            for (std::size_t i = 0; i < out.rows(); ++i)
                out(i, j) -= shape().positions.keeps(i) ? static_cast<F>(sum) : F{0};
        }
    }
    /// out = X^T C - mu (1^T C)
    void multiply_transposed(factor_ref<const F> C, factor_ref<F> out, workspace& work) const
    {
        x_.multiply_transposed(C, out, work);
        for (std::size_t j = 0; j < C.rank(); ++j)
        {
            double sum = 0;
            for (std::size_t i = 0; i < C.rows(); ++i)
                sum += shape().positions.keeps(i) ? static_cast<double>(C(i, j)) : 0.0;
            for (std::size_t c = 0; c < out.rows(); ++c)
                out(c, j) -= static_cast<F>(sum * static_cast<double>(mean_[c]));
        }
    }

  private:
    M x_;
    std::vector<F> mean_;
    double squared_norm_ = 0;
};
}
