// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/buffer.hpp>
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
        std::copy(s.maps.begin(), s.maps.end(), maps_.get(s.maps.size()));
        std::copy(s.components.begin(), s.components.end(), components_.get(s.components.size()));
        std::copy(s.product.begin(), s.product.end(), product_.get(s.product.size()));
        objective_ = std::min(s.objective, s.best_objective);
    }
    /// Moves on the factor that the coming sweep holds, if it may and the last sweep left one to
    /// come from.
    void advance(solver_state<T>& s, factor_ref<T> held, const factor_part<T>& part, bool may_move)
    {
        auto& last = s.extrapolated;
        const std::size_t count = held.rows() * held.rank();
        moves_ = may_move && last.size() == count;
        last.resize(count);
        const T b = moves_ ? static_cast<T>(s.momentum) : T{0};
        for (std::size_t i = 0; i < count; ++i)
        {
            const T now = held.data()[i];
            held.data()[i] += b * (now - last[i]);
            last[i] = now;
        }
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
        std::copy_n(maps_.data(), s.maps.size(), s.maps.begin());
        std::copy_n(components_.data(), s.components.size(), s.components.begin());
        std::copy_n(product_.data(), s.product.size(), s.product.begin());
        s.extrapolated.clear();
        return false;
    }

  private:
    static constexpr double growth = 1.05, limit_growth = 1.01, shrinkage = 1.5;

    buffer<T> maps_, components_, product_;
    double objective_ = 0;
    bool moves_ = false;
};
}
