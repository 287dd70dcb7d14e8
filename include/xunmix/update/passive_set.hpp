// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <xunmix/core/simd.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

// The linear algebra of active-set methods on a small system: a Gram matrix that any of its sets of
// columns can be solved with, and the factorization of one such set.
namespace xunmix::passive
{
/// Some of a factor's columns, a bit each.
using column_set = std::uint64_t;
inline constexpr std::size_t most_columns = 64;

/// As many rows are solved at once, each in a lane of its own: what happens to a row does not
/// depend on its neighbours, not even in the last bit.
inline constexpr std::size_t lanes = 8;
using lane_values = double[lanes];

/// x += factor y, in registers: no lane's product is fused with its sum unless all are.
inline void add_product(lane_values& x, double factor, const lane_values& y)
{
    using pack = simd::pack<double>;
    static_assert(lanes % simd::lanes<double> == 0);
    for (std::size_t l = 0; l < lanes; l += simd::lanes<double>)
    {
        pack sum = pack::load(x + l);
        sum.add_product(pack::broadcast(factor), pack::load(y + l));
        sum.store(x + l);
    }
}

/// Whether column j is in the set.
constexpr bool holds(column_set set, std::size_t j)
{
    return (set >> j & 1U) != 0;
}

/// H = D G D + ridge I for a Gram matrix G, where D scales the diagonal to 1: with f = z D and
/// c = b D, 1/2 f G f^T - f b^T is 1/2 z H z^T - z c^T up to the ridge. Columns whose curvature
/// G_jj is at most `least` have D_jj = 0. Keeps its memory.
class unit_gram
{
  public:
    /// Throws nothing but bad_alloc, and that only for a rank that it has not had before.
    void assign(matrix_ref<const double> gram, double least, double ridge)
    {
        const std::size_t k = gram.rows;
        ridge_ = ridge;
        used_ = 0;
        scale_.resize(k);
        values_.resize(k * k);
        for (std::size_t j = 0; j < k; ++j)
        {
            const bool curved = !(gram(j, j) <= least); // NaN shall not go unseen
            scale_[j] = curved ? 1 / std::sqrt(gram(j, j)) : 0;
            used_ |= column_set{curved} << j;
        }
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t l = 0; l < k; ++l)
                values_[j * k + l] = gram(j, l) * scale_[j] * scale_[l];
        // std::fma leaves compilers no choice: a product and a sum may round once or twice,
        // depending on which version of a loop the addresses let run.
        for (std::size_t j = 0; j < k; ++j)
            values_[j * k + j] = std::fma(gram(j, j) * scale_[j], scale_[j], ridge_);
    }

    std::size_t rank() const
    {
        return scale_.size();
    }
    double operator()(std::size_t j, std::size_t l) const
    {
        return values_[j * rank() + l];
    }
    /// D_jj
    double scale(std::size_t j) const
    {
        return scale_[j];
    }
    double ridge() const
    {
        return ridge_;
    }
    /// The columns with curvature.
    column_set used() const
    {
        return used_;
    }

  private:
    std::vector<double> values_, scale_;
    double ridge_ = 0;
    column_set used_ = 0;
};

/// R^T R = H_FF for a set F of columns, R upper triangular (Cholesky). Its memory is its own, so
/// that it can lie on the stack.
class root
{
  public:
    /// A pivot that rounding brings below the ridge is taken for the ridge.
    void assign(const unit_gram& H, column_set set)
    {
        count_ = 0;
        for (column_set rest = set; rest != 0; rest &= rest - 1)
            columns_[count_++] = static_cast<std::size_t>(std::countr_zero(rest));
        for (std::size_t p = 0; p < count_; ++p)
            for (std::size_t q = p; q < count_; ++q)
                row(p)[q] = H(columns_[p], columns_[q]);
        for (std::size_t p = 0; p < count_; ++p)
        {
            double* pivot = row(p);
            inverse_[p] = 1 / std::sqrt(std::max(pivot[p], H.ridge()));
            for (std::size_t q = p + 1; q < count_; ++q)
                pivot[q] *= inverse_[p];
            for (std::size_t i = p + 1; i < count_; ++i)
                for (std::size_t q = i; q < count_; ++q)
                    row(i)[q] -= pivot[i] * pivot[q];
        }
    }

    std::size_t count() const
    {
        return count_;
    }
    /// The p-th column of the set, ascending.
    std::size_t column(std::size_t p) const
    {
        return columns_[p];
    }

    /// z <- z H_FF^-1 for `lanes` rows z; z[p] belongs to column(p).
    void solve(lane_values* z) const
    {
        for (std::size_t p = 0; p < count_; ++p)
        {
            multiply(z[p], inverse_[p]);
            for (std::size_t q = p + 1; q < count_; ++q)
                add_product(z[q], -row(p)[q], z[p]);
        }
        for (std::size_t p = count_; p-- > 0;)
        {
            for (std::size_t q = p + 1; q < count_; ++q)
                add_product(z[p], -row(p)[q], z[q]);
            multiply(z[p], inverse_[p]);
        }
    }

  private:
    static void multiply(lane_values& x, double factor)
    {
        for (std::size_t l = 0; l < lanes; ++l)
            x[l] *= factor;
    }
    double* row(std::size_t p)
    {
        return values_ + p * count_;
    }
    const double* row(std::size_t p) const
    {
        return values_ + p * count_;
    }

    std::size_t count_ = 0;
    std::size_t columns_[most_columns];
    double inverse_[most_columns];
    double values_[most_columns * most_columns];
};
}
