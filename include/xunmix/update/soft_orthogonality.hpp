// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/update/column_descent.hpp>

namespace xunmix::column_descent
{
/// Turns the columns of a whole factor away from each other, softly (Muto & Shiga 2020, Eq. 13):
///
///     F_j <- F_j - w (o . F_j) / (o . o) o,    o = sum of the other columns,
///
/// between the step of hals along F_j and its constraint; then F_j gets the length at which it fits
/// X best, since what is clipped of the turned column makes it fainter. Room for it is kept.
template <class T>
class soft_orthogonality
{
  public:
    /// How columns count in o: each at unit length, so that the result does not depend on how scale
    /// is shared between the factors; or as they are, so that small ones hardly count.
    enum class sum
    {
        of_unit_lengths,
        as_they_are
    };

    void reserve(std::size_t rows, std::size_t rank)
    {
        total_.get(rows);
        others_.get(rows);
        turned_.get(rows);
        shares_.get(rank);
    }

    /// `rounds` rounds of step, soft_orthogonality by weight w, and the constraint, column after
    /// column. The overlap that the last round found: the sum of the cosines between each column
    /// and the sum of the others.
    template <class C>
    double sweep(factor_ref<T> f, const normal_equations<T>& eq, const C& c, std::size_t rounds,
                 double w, sum how) const
    {
        double overlap = 0;
        for (std::size_t round = 0; round < rounds; ++round)
        {
            overlap = 0;
            add_up(f, how);
            for (std::size_t j = 0; j < f.rank(); ++j)
            {
                leave_out(f, j);
                const T step = move_column(f, eq, j);
                const deflected d = deflect(f, j, w);
                overlap += d.cosine;
                constrain(c, f, j, step, d.share);
                put_back(f, j, how);
            }
        }
        return overlap;
    }

  private:
    static T share_of(factor_ref<T> f, std::size_t j, sum how)
    {
        if (how == sum::as_they_are)
            return T{1};
        const T* column = f.column(j).data();
        const double norm = std::sqrt(linalg::dot(column, column, f.rows()));
        return norm > std::numeric_limits<T>::min() ? static_cast<T>(1 / norm) : T{0};
    }
    void add_up(factor_ref<T> f, sum how) const
    {
        T* total = total_.data();
        std::fill_n(total, f.rows(), T{0});
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            const T scale = shares_.data()[j] = share_of(f, j, how);
            const T* column = f.column(j).data();
            for (std::size_t i = 0; i < f.rows(); ++i)
                total[i] += scale * column[i];
        }
    }
    void leave_out(factor_ref<T> f, std::size_t j) const
    {
        const T *total = total_.data(), *column = f.column(j).data();
        T* others = others_.data();
        const T scale = shares_.data()[j];
        for (std::size_t i = 0; i < f.rows(); ++i)
            others[i] = total[i] - scale * column[i];
    }
    struct deflected
    {
        double cosine = 0; ///< between F_j and the sum of the others, as it was
        T share = 0;       ///< of that sum, taken off F_j
    };
    deflected deflect(factor_ref<T> f, std::size_t j, double w) const
    {
        const T* others = others_.data();
        T* column = f.column(j).data();
        const double length = linalg::dot(others, others, f.rows()),
                     own = linalg::dot<T>(column, column, f.rows());
        if (!(length > std::numeric_limits<T>::min())) // there are no others
            return {};
        const double product = linalg::dot<T>(others, column, f.rows());
        const auto share = static_cast<T>(w * product / length);
        for (std::size_t i = 0; i < f.rows(); ++i)
            column[i] -= share * others[i];
        return {own > 0 ? product / std::sqrt(own * length) : 0, share};
    }
    /// F_j <- prox(F_j), then prox(a F_j) with the a for which a prox(F_j) is nearest to prox(F_j)
    /// + share o.
    template <class C>
    void constrain(const C& c, factor_ref<T> f, std::size_t j, T step, T share) const
    {
        if (share == T{0})
            return prox_column(c, f, j, step);
        T* column = f.column(j).data();
        T* turned = turned_.data();
        std::copy_n(column, f.rows(), turned);
        prox_column(c, f, j, step);
        const double own = linalg::dot<T>(column, column, f.rows()),
                     along = linalg::dot<T>(column, others_.data(), f.rows());
        if (!(own > std::numeric_limits<T>::min()))
            return;
        const auto a = static_cast<T>(1 + static_cast<double>(share) * along / own);
        for (std::size_t i = 0; i < f.rows(); ++i)
            column[i] = a * turned[i];
        prox_column(c, f, j, step);
    }
    void put_back(factor_ref<T> f, std::size_t j, sum how) const
    {
        const T *others = others_.data(), *column = f.column(j).data();
        T* total = total_.data();
        const T scale = shares_.data()[j] = share_of(f, j, how);
        for (std::size_t i = 0; i < f.rows(); ++i)
            total[i] = others[i] + scale * column[i];
    }

    buffer<T> total_, others_, turned_, shares_;
};
}
