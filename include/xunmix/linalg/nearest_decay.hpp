// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

// The nearest curves that fall: projections on cones of sequences, in |y - f|^2 = sum w_i (y_i -
// f_i)^2 with weights w > 0.
namespace xunmix::detail
{
/// The nearest sequence f_0 >= f_1 >= ... >= 0, in place: neighbours that rise are pooled to their
/// weighted mean, from the left to the right, until none does (pool adjacent violators; Ayer et al.
/// 1955), and what is below zero is clipped. Clipping gives the nearest point of both sets, because
/// a monotone sequence stays monotone with its positive part scaled. O(n).
inline void pool_rising(std::span<double> y, std::span<const double> weights)
{
    struct block
    {
        double sum, weight;
        std::size_t count;
        double mean() const
        {
            return sum / weight;
        }
    };
    std::vector<block> blocks;
    for (std::size_t i = 0; i < y.size(); ++i)
    {
        block last{weights[i] * y[i], weights[i], 1};
        while (!blocks.empty() && blocks.back().mean() <= last.mean())
        {
            const block& before = blocks.back();
            last = {before.sum + last.sum, before.weight + last.weight, before.count + last.count};
            blocks.pop_back();
        }
        blocks.push_back(last);
    }
    std::size_t i = 0;
    for (const auto& b : blocks)
        for (std::size_t end = i + b.count; i < end; ++i)
            y[i] = std::max(b.mean(), 0.0);
}

/// The nearest convex, non-increasing, non-negative sequence on the places x_0 < x_1 < ...,
///
///     min |y - f|^2,  f = c_0 + sum_(l >= 1) c_l (x_l - x)_+,  c >= 0:
///
/// every such sequence is a constant and hinges, each with a knot x_l, and every sum of them is
/// one. Solved exactly as non-negative least squares with an active set (Lawson & Hanson 1974,
/// ch. 23; for convex curves Fraser & Massam 1989). A set of knots is a polygon, whose fit is a
/// tridiagonal system, and the gradient of all hinges is a double cumulated sum, so a step costs
/// O(n). One knot enters in every gap at once, where the gradient is largest: few steps are
/// needed, and each makes |y - f| smaller, for along the way to the new fit some coefficient that
/// entered grows.
class convex_decay
{
  public:
    convex_decay(std::span<const double> x, std::span<const double> y,
                 std::span<const double> weights)
        : x_(x)
        , y_(y)
        , weights_(weights)
        , coefficient_(x.size(), 0)
        , active_(x.size(), 0)
        , segments_(x.size())
        , fit_(x.size(), 0)
    {
        for (std::size_t i = 0; i < y.size(); ++i)
            size_ += weights[i] * y[i] * y[i];
        size_ = std::sqrt(size_);
    }

    /// f
    const std::vector<double>& solve()
    {
        std::size_t steps = x_.size(); // far more than needed, should rounding go in circles
        while (steps-- > 0 && add_knots() && move_to_fit())
            draw();
        return fit_;
    }

  private:
    /// What the fit needs to know of the points in [left, right).
    struct segment
    {
        std::size_t right = 0;
        double aa = 0, ab = 0, bb = 0; ///< products of the falling and the rising hat
        double ya = 0, yb = 0;         ///< y times either, all with weights
    };

    double hat_width(std::size_t left, std::size_t right) const
    {
        return x_[right] - x_[left];
    }

    const segment& segment_from(std::size_t left, std::size_t right)
    {
        segment& s = segments_[left];
        if (s.right == right)
            return s;
        s = {.right = right};
        for (std::size_t i = left; i < right; ++i)
        {
            const double b = (x_[i] - x_[left]) / hat_width(left, right), a = 1 - b;
            const double w = weights_[i], y = w * y_[i];
            s.aa += w * (a * a), s.ab += w * (a * b), s.bb += w * (b * b);
            s.ya += y * a, s.yb += y * b;
        }
        return s;
    }

    /// Takes into the active set, in each gap between knots, the hinge along which |y - f| falls
    /// most steeply. False where none is left, which is the minimum.
    bool add_knots()
    {
        constexpr double precision = 1e-13;
        double sum = 0, gradient = 0, ones = 0, length = 0, squares = 0, steepest = 0;
        std::size_t best = 0;
        entered_.clear();
        const auto close_gap = [&]
        {
            if (best > 0)
                entered_.push_back(best);
            best = 0, steepest = 0;
        };
        for (std::size_t l = 1; l < x_.size(); ++l)
        {
            const double dx = x_[l] - x_[l - 1];
            const double w = weights_[l - 1];
            sum += w * (y_[l - 1] - fit_[l - 1]), ones += w; // over the points before l
            squares += dx * (2 * length + dx * ones);        // |(x_l - x)_+|^2
            length += dx * ones;
            gradient += dx * sum;
            if (active_[l])
                close_gap();
            else if (gradient > steepest && gradient > precision * size_ * std::sqrt(squares))
                steepest = gradient, best = l;
        }
        close_gap();
        sum += weights_.back() * (y_.back() - fit_.back());
        if (!active_[0] && sum > precision * size_ * std::sqrt(ones + weights_.back()))
            entered_.push_back(0);
        for (const std::size_t l : entered_)
            active_[l] = 1;
        return !entered_.empty();
    }

    /// Moves the coefficients to the fit of the active set; one that would become negative on the
    /// way stops the move and leaves the set. False where rounding alone made a gradient look
    /// steep, and all that entered had to leave at once.
    bool move_to_fit()
    {
        for (bool moved = false;;)
        {
            fit_active();
            const auto share = [&](std::size_t l, double wanted)
            { return wanted > 0 ? 2 : coefficient_[l] / (coefficient_[l] - wanted); };
            double reach = 2;
            for (const auto& [l, wanted] : wanted_)
                reach = std::min(reach, share(l, wanted));
            const double step = std::min(reach, 1.0);
            moved = moved || step > 0;
            for (const auto& [l, wanted] : wanted_)
            {
                const bool leaves = reach < 2 && share(l, wanted) <= reach;
                coefficient_[l] = leaves ? 0 : coefficient_[l] + step * (wanted - coefficient_[l]);
                active_[l] = !leaves;
            }
            if (reach == 2)
                return moved;
        }
    }

    /// The coefficients of the least-squares fit of the active hinges: a polygon whose corners are
    /// the first place and the knots, level from the last knot on, at zero without the constant.
    void fit_active()
    {
        corners_.assign(1, 0);
        for (std::size_t l = 1; l < x_.size(); ++l)
            if (active_[l])
                corners_.push_back(l);
        fit_corners();
        wanted_.clear();
        if (active_[0])
            wanted_.emplace_back(0, value_.back());
        for (std::size_t k = 1; k < corners_.size(); ++k)
            wanted_.emplace_back(corners_[k], slope(k) - slope(k - 1));
    }

    /// Slope of the polygon behind corner k.
    double slope(std::size_t k) const
    {
        return k + 1 == corners_.size()
                   ? 0
                   : (value_[k + 1] - value_[k]) / hat_width(corners_[k], corners_[k + 1]);
    }

    /// Values at the corners: the tridiagonal normal equations of the hat functions, in two passes.
    void fit_corners()
    {
        const std::size_t count = corners_.size();
        const std::size_t unknown = active_[0] ? count : count - 1;
        value_.assign(count, 0);
        diagonal_.assign(count, 0);
        beside_.assign(count, 0);
        for (std::size_t k = 0; k + 1 < count; ++k)
        {
            const segment& s = segment_from(corners_[k], corners_[k + 1]);
            diagonal_[k] += s.aa, diagonal_[k + 1] += s.bb, beside_[k] = s.ab;
            value_[k] += s.ya, value_[k + 1] += s.yb;
        }
        for (std::size_t i = corners_.back(); i < x_.size(); ++i)
            diagonal_.back() += weights_[i], value_.back() += weights_[i] * y_[i];
        for (std::size_t k = 1; k < unknown; ++k)
        {
            const double factor = beside_[k - 1] / diagonal_[k - 1];
            diagonal_[k] -= factor * beside_[k - 1];
            value_[k] -= factor * value_[k - 1];
        }
        if (unknown < count)
            value_.back() = 0;
        for (std::size_t k = unknown; k-- > 0;)
        {
            const double next = k + 1 < unknown ? beside_[k] * value_[k + 1] : 0;
            value_[k] = (value_[k] - next) / diagonal_[k];
        }
    }

    /// f from the corners of the last fit.
    void draw()
    {
        for (std::size_t k = 0; k < corners_.size(); ++k)
        {
            const std::size_t left = corners_[k];
            const std::size_t right = k + 1 < corners_.size() ? corners_[k + 1] : x_.size();
            for (std::size_t i = left; i < right; ++i)
                fit_[i] = value_[k] + slope(k) * (x_[i] - x_[left]);
        }
    }

    std::span<const double> x_, y_, weights_;
    double size_ = 0;
    std::vector<double> coefficient_; ///< c: the constant's, then one a hinge
    std::vector<char> active_;
    std::vector<segment> segments_;
    std::vector<double> fit_;
    std::vector<std::size_t> entered_, corners_;
    std::vector<double> value_, diagonal_, beside_;
    std::vector<std::pair<std::size_t, double>> wanted_;
};
}
