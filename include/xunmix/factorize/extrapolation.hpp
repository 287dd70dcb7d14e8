// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/factorize/factor_part.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix::detail
{
/// Goes further in the direction of the last iteration, and takes it back where that was too far
/// (E-A-HALS, Ang & Gillis 2019): before each sweep the factor O that is held becomes
///
///     O + b (O - O of the last sweep),   moved to where its hard constraints hold.
///
/// b grows while the objective falls; where it rose, the iteration is undone and b shrinks. Their
/// scheme with one of the two factors extrapolated: the swept one follows from the held one.
template <class T>
class extrapolation
{
  public:
    /// Remembers the factors, to take an iteration back.
    void remember(const solver_state<T>& s)
    {
        maps_ = s.maps;
        components_ = s.components;
        product_ = s.product;
        objective_ = std::min(s.objective, s.best_objective);
    }
    /// Moves on the factor that the coming sweep holds, if it may and the last sweep left one to
    /// come from.
    void advance(solver_state<T>& s, factor_ref<T> held, const factor_part<T>& part, bool may_move)
    {
        auto& last = s.extrapolated;
        moves_ = may_move && !last.empty();
        if (!last.empty())
            go_on(last, held, moves_ ? static_cast<T>(s.momentum) : T{0});
        else
            last = s.swept == side::maps ? s.components : s.maps;
        part.project(held);
        clear_masked(held);
    }
    /// Whether the iteration stands. Where the objective rose above the least so far, everything is
    /// as remembered, and the next sweep starts afresh; that one stands where rounding may be all
    /// that rose.
    bool accept(solver_state<T>& s) const
    {
        if (!(s.objective > objective_ + (moves_ ? 0 : s.rounding)))
        {
            s.momentum = std::min(s.momentum_limit, growth * s.momentum);
            s.momentum_limit = std::min(1.0, limit_growth * s.momentum_limit);
            return true;
        }
        s.momentum_limit = s.momentum;
        s.momentum /= shrinkage;
        s.maps = maps_;
        s.components = components_;
        s.product = product_;
        s.extrapolated.keep_first(0);
        return false;
    }

  private:
    /// O <- O + b (O - last), last <- O as it was.
    static void go_on(factor<T>& last, factor_ref<T> held, T b)
    {
        for (std::size_t j = 0; j < held.rank(); ++j)
            for (std::size_t i = 0; i < held.rows(); ++i)
            {
                const T now = held(i, j);
                held(i, j) += b * (now - last(i, j));
                last(i, j) = now;
            }
    }

    static constexpr double growth = 1.05, limit_growth = 1.01, shrinkage = 1.5;

    factor<T> maps_, components_;
    std::vector<T> product_;
    double objective_ = 0;
    bool moves_ = false;
};
}
