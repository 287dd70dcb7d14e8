// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include <xunmix/model/factor.hpp>
#include <xunmix/update/passive_set.hpp>

namespace xunmix::passive
{
/// What sums of k products lose, with something to spare.
inline double rounding(std::size_t k)
{
    return 4 * static_cast<double>(k) * std::numeric_limits<double>::epsilon();
}

/// One row's search for its positive columns (Kim & Park 2011, Algorithm 1).
struct search
{
    column_set set = 0;                    ///< the columns taken for positive
    std::size_t fewest = most_columns + 1; ///< least number of wrong columns so far
    int chances = 3;                       ///< exchanges of all of them that may yet fail to help
    bool is_over = false;

    /// All wrong columns change sides; only the last one where that has not helped for a while,
    /// which leads to the solution for sure.
    void exchange(column_set wrong)
    {
        const auto count = static_cast<std::size_t>(std::popcount(wrong));
        if (count < fewest)
        {
            fewest = count;
            chances = 3;
        }
        else if (chances > 0)
            --chances;
        else
            wrong = std::bit_floor(wrong);
        set ^= wrong;
    }
};

/// Rows f <- argmin_{f >= 0} 1/2 f G f^T - f b^T by block principal pivoting, starting from the
/// columns that are positive in f. All its memory is its own, so that it can lie on the stack.
template <class T>
class block_pivoting
{
  public:
    /// Rows that it takes at most.
    static constexpr std::size_t tile = 64;

    /// H is G in units of its own; b are the rows of rhs.
    block_pivoting(const unit_gram& H, factor_ref<T> f, factor_ref<const T> rhs)
        : H_(H)
        , f_(f)
        , rhs_(rhs)
    {
    }

    /// Rows that have no solution after so many exchanges go down by coordinate descent.
    void solve(std::size_t rounds)
    {
        for (std::size_t i = 0; i < f_.rows(); ++i)
        {
            order_[i] = i;
            for (std::size_t j = 0; j < f_.rank(); ++j)
                searches_[i].set |= column_set{f_(i, j) > T{0}} << j;
            searches_[i].set &= H_.used();
        }
        std::span<std::size_t> rows(order_, f_.rows());
        for (std::size_t round = 0; !rows.empty() && round < rounds; ++round)
        {
            try_sets(rows);
            const auto end = std::remove_if(rows.begin(), rows.end(),
                                            [&](std::size_t i) { return searches_[i].is_over; });
            rows = rows.first(static_cast<std::size_t>(end - rows.begin()));
        }
        for (const std::size_t i : rows)
            descend(i);
    }

  private:
    /// Every row solved with its set, rows of one set together.
    void try_sets(std::span<std::size_t> rows)
    {
        std::sort(rows.begin(), rows.end(),
                  [&](std::size_t a, std::size_t b)
                  { return searches_[a].set < searches_[b].set; });
        for (std::size_t from = 0, to = 0; from < rows.size(); from = to)
        {
            const column_set set = searches_[rows[from]].set;
            while (to < rows.size() && searches_[rows[to]].set == set)
                ++to;
            root_.assign(H_, set);
            for (std::size_t i = from; i < to; i += lanes)
                try_set(set, rows.subspan(i, std::min(lanes, to - i)));
        }
    }

    /// At most `lanes` rows: those that have their solution are done, the others exchange columns.
    void try_set(column_set set, std::span<const std::size_t> rows)
    {
        lane_values c[most_columns], z[most_columns];
        for (std::size_t j = 0; j < f_.rank(); ++j)
            for (std::size_t l = 0; l < lanes; ++l)
                c[j][l] = l < rows.size() ? static_cast<double>(rhs_(rows[l], j)) * H_.scale(j) : 0;
        for (std::size_t p = 0; p < root_.count(); ++p)
            std::copy_n(c[root_.column(p)], lanes, z[p]);
        root_.solve(z);
        column_set wrong[lanes] = {};
        find_wrong(set, c, z, wrong);
        for (std::size_t l = 0; l < rows.size(); ++l)
        {
            searches_[rows[l]].is_over = wrong[l] == 0;
            if (wrong[l] != 0)
                searches_[rows[l]].exchange(wrong[l]);
            else
                write(rows[l], z, l);
        }
    }

    /// Adds column j to the sets of the lanes where x is negative.
    static void add_negative(const lane_values& x, std::size_t j, column_set* sets)
    {
        for (std::size_t l = 0; l < lanes; ++l)
            sets[l] |= x[l] < 0 ? column_set{1} << j : 0;
    }

    /// The columns that break z >= 0 in the set, or z H - c >= 0 by more than rounding outside.
    void find_wrong(column_set set, const lane_values* c, const lane_values* z,
                    column_set* wrong) const
    {
        lane_values slack = {};
        for (std::size_t p = 0; p < root_.count(); ++p)
        {
            add_negative(z[p], root_.column(p), wrong);
            for (std::size_t l = 0; l < lanes; ++l)
                slack[l] = std::max(slack[l], std::abs(z[p][l]));
        }
        for (std::size_t j = 0; j < H_.rank(); ++j)
            for (std::size_t l = 0; l < lanes; ++l)
                slack[l] = std::max(slack[l], std::abs(c[j][l]));
        for (std::size_t j = 0; j < H_.rank(); ++j)
        {
            if (!holds(H_.used() & ~set, j))
                continue;
            lane_values slope;
            for (std::size_t l = 0; l < lanes; ++l)
                slope[l] = -c[j][l];
            add_product(slope, rounding(H_.rank()), slack);
            for (std::size_t p = 0; p < root_.count(); ++p)
                add_product(slope, H_(j, root_.column(p)), z[p]);
            add_negative(slope, j, wrong);
        }
    }

    void write(std::size_t i, const lane_values* z, std::size_t lane)
    {
        for (std::size_t j = 0; j < f_.rank(); ++j)
            f_(i, j) = T{0};
        for (std::size_t p = 0; p < root_.count(); ++p)
            f_(i, root_.column(p)) = static_cast<T>(z[p][lane] * H_.scale(root_.column(p)));
    }

    /// Coordinate descent from what the row holds.
    void descend(std::size_t i)
    {
        constexpr int sweeps = 20;
        double z[most_columns];
        for (std::size_t j = 0; j < f_.rank(); ++j)
            z[j] = holds(H_.used(), j) ? std::max(static_cast<double>(f_(i, j)), 0.0) / H_.scale(j)
                                       : 0;
        for (int sweep = 0; sweep < sweeps; ++sweep)
            for (std::size_t j = 0; j < f_.rank(); ++j)
            {
                double slope = -static_cast<double>(rhs_(i, j)) * H_.scale(j);
                for (std::size_t l = 0; l < f_.rank(); ++l)
                    slope += H_(j, l) * z[l];
                z[j] = std::max(z[j] - slope / H_(j, j), 0.0); // 0 where H_jj is the ridge alone
            }
        for (std::size_t j = 0; j < f_.rank(); ++j)
            f_(i, j) = static_cast<T>(z[j] * H_.scale(j));
    }

    const unit_gram& H_;
    factor_ref<T> f_;
    factor_ref<const T> rhs_;
    search searches_[tile];
    std::size_t order_[tile];
    root root_;
};
}
