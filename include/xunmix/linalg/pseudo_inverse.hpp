// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/linalg/symmetric_eigen.hpp>

namespace xunmix::linalg
{
/// What solves normal equations whose symmetric non-negative definite Gram matrix G may be
/// singular: D (D G D)^+ D, where D scales the diagonal to 1, so that unlike scales of the columns
/// do not count as singular, and ^+ leaves out eigenvectors whose eigenvalue is at most `tolerance`
/// times the largest. The inverse of a regular G; for a singular one, G A G = G and A G A = A.
/// Columns of zeros give zeros. Keeps its workspace.
class pseudo_inverse
{
  public:
    matrix_ref<const double> operator()(matrix_ref<const double> gram, double tolerance)
    {
        const std::size_t k = gram.rows;
        resize(k);
        for (std::size_t j = 0; j < k; ++j)
            scale_[j] = gram(j, j) > 0 ? 1 / std::sqrt(gram(j, j)) : 0;
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t l = 0; l < k; ++l)
                vectors_[j * k + l] = gram(j, l) * scale_[j] * scale_[l];
        eigen_(vectors_, k);
        const auto values = eigen_.values();
        const double least = tolerance * std::max(values[k - 1], 0.0);
        std::fill(inverse_.begin(), inverse_.end(), 0.0);
        for (std::size_t e = 0; e < k; ++e)
            if (values[e] > least)
                for (std::size_t j = 0; j < k; ++j)
                    for (std::size_t l = 0; l < k; ++l)
                        inverse_[j * k + l] += vectors_[e * k + j] * vectors_[e * k + l] /
                                               values[e] * scale_[j] * scale_[l];
        return {inverse_.data(), k};
    }

    matrix_ref<const double> last() const
    {
        return {inverse_.data(), scale_.size()};
    }

  private:
    void resize(std::size_t k)
    {
        scale_.resize(k);
        vectors_.resize(k * k);
        inverse_.resize(k * k);
    }
    symmetric_eigen eigen_;
    std::vector<double> scale_, vectors_, inverse_;
};
}
