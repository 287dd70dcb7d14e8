// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// A hard constraint that is applied at some iterations only: from iteration `from` on, at every
/// `every`-th.
///
///     on_components(non_negative{}, scheduled(no_downward_convex_peak{}, 50, 5))
///
/// Where the best iterate is the result (options.keep), only iterates of those iterations are
/// candidates; where none of them is reached, it is the last. A factorization does not converge at
/// other iterations. The objective may rise when the constraint sets in.
template <class C>
class scheduled
{
  public:
    static constexpr bool row_separable = traits<C>::row_separable;
    static constexpr bool scale_free = traits<C>::scale_free;
    static constexpr bool keeps_order = traits<C>::keeps_order;
    static constexpr bool moves = traits<C>::moves;
    using wrapped = C;

    explicit scheduled(C constraint, std::size_t from = 1, std::size_t every = 1)
        : constraint_(std::move(constraint))
        , from_(from)
        , every_(every)
    {
    }

    /// Whether the constraint holds after this iteration, the first being 1.
    bool is_due(std::size_t iteration) const
    {
        return iteration >= from_ && (iteration - from_) % every_ == 0;
    }
    template <class T>
    void prepare(factor_ref<const T> f, const surroundings& around)
    {
        now_ = is_due(around.iteration);
        xunmix::prepare<T>(constraint_, f, around);
    }
    std::vector<double>& memory() requires hook::memory<C>
    {
        return constraint_.memory();
    }
    std::size_t memory_size(const grid& places, std::size_t rank) const requires hook::memory<C>
    {
        return constraint_.memory_size(places, rank);
    }

    /// Throws invalid_argument for iteration 0, no step, and what the constraint itself refuses.
    void validate(const grid& places, std::size_t rank) const
    {
        detail::require<invalid_argument>(from_ >= 1 && every_ >= 1,
                                          "scheduled counts iterations from 1 and needs a step of "
                                          "at least 1, got from ",
                                          from_, " every ", every_);
        if constexpr (requires { constraint_.validate(places, rank); })
            constraint_.validate(places, rank);
    }

    template <class T>
        requires hook::project<C, T>
    void project(factor_ref<T> f) const
    {
        if (now_)
            xunmix::project(constraint_, f);
    }

  private:
    C constraint_;
    std::size_t from_, every_;
    bool now_ = false;
};
}
