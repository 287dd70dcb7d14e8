// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tuple>
#include <utility>

#include <xunmix/contract/constraint.hpp>

namespace xunmix
{
/// Several constraints on one factor. Penalties add up. Hard constraints are applied one after the
/// other in the order given, so only the last is sure to hold exactly: one pass of alternating
/// projections, not the projection on the intersection. Two cases are exact: entrywise constraints,
/// and non_negative before one whose set lies in the orthant (sum_to_one). Members may be lists
/// themselves.
template <class... Cs>
class all_of
{
  public:
    explicit all_of(Cs... members)
        : members_(std::move(members)...)
    {
    }
    template <class Visit>
    constexpr void for_each_member(Visit&& visit) const
    {
        std::apply([&](const Cs&... m) { (xunmix::for_each_member(m, visit), ...); }, members_);
    }
    template <class Visit>
    constexpr void for_each_member(Visit&& visit)
    {
        std::apply([&](Cs&... m) { (xunmix::for_each_member(m, visit), ...); }, members_);
    }

  private:
    std::tuple<Cs...> members_;
};
}
