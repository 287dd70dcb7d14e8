// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// The sums X^T P of a factor P that changes group by group of its rows while X is read: each group
/// adds X_g^T (P_new - P_old), where P_old is zero for rows that no group has come to yet. In
/// double, so that a pass of many groups rounds no more than one sum does.
template <class T>
class interleaved_sums
{
  public:
    /// Before the groups of a pass: `product` is X^T P, or nothing is summed yet.
    void begin(factor_ref<const T> P, factor_ref<const T> product, bool is_summed)
    {
        if (counted_.rows() != P.rows() || counted_.rank() != P.rank())
            counted_ = factor<T>(P.rows(), P.rank());
        sums_.resize(product.rows() * product.rank());
        group_.resize(sums_.size());
        if (is_summed)
        {
            copy_factor(P, counted_.view());
            std::copy_n(product.data(), sums_.size(), sums_.begin());
            return;
        }
        for (auto column : counted_.view().columns())
            std::fill(column.begin(), column.end(), T{0});
        std::fill(sums_.begin(), sums_.end(), 0.0);
    }
    /// The rows that the sums hold.
    factor_ref<const T> counted(const grid* places) const
    {
        return counted_.view(places);
    }
    /// Leaves P_new - P_old in `block`: what the sweep sums.
    void visit(std::size_t first, factor_ref<const T> P_new, factor_ref<T> block)
    {
        const auto old = counted_.view().block(first, P_new.rows());
        for (std::size_t j = 0; j < P_new.rank(); ++j)
            for (std::size_t i = 0; i < P_new.rows(); ++i)
            {
                block(i, j) = P_new(i, j) - old(i, j);
                old(i, j) = P_new(i, j);
            }
    }
    /// Where the sweep of a group leaves its sums: as many numbers as the product has.
    T* group()
    {
        return group_.data();
    }
    /// Adds a group's sums; product = what is summed so far.
    void add(factor_ref<T> product)
    {
        for (std::size_t e = 0; e < sums_.size(); ++e)
        {
            sums_[e] += static_cast<double>(group_[e]);
            product.data()[e] = static_cast<T>(sums_[e]);
        }
    }
    /// Follows a change of scale: entries of column j of P have become op(x, scale_j).
    template <class Op>
    void rescale(std::span<const double> scale, Op op)
    {
        const std::size_t rows = sums_.size() / scale.size();
        for (std::size_t j = 0; j < scale.size(); ++j)
        {
            for (T& x : counted_.view().column(j))
                x = static_cast<T>(op(static_cast<double>(x), scale[j]));
            for (std::size_t i = 0; i < rows; ++i)
                sums_[j * rows + i] = op(sums_[j * rows + i], scale[j]);
        }
    }

  private:
    factor<T> counted_;
    std::vector<double> sums_;
    std::vector<T> group_;
};
}
