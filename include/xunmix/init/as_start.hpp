// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// A start from the factors that another factorization ended with, by whatever update, under
/// whatever constraints, on whatever data of the same size. Only the factors go over: to go on as
/// if nothing had happened, use solver::resume.
template <class T>
class as_start
{
  public:
    explicit as_start(const result<T>& from)
        : maps_(from.maps_matrix())
        , components_(from.components_matrix())
    {
    }
    explicit as_start(solver_state<T> from)
        : maps_(std::move(from.maps))
        , components_(std::move(from.components))
    {
    }

    /// Throws invalid_argument where the factors are of another size.
    template <class M>
    void operator()(const M&, factor_ref<T> maps, factor_ref<T> components, random_engine&,
                    typename M::workspace&) const
    {
        copy(maps_, maps, "maps");
        copy(components_, components, "components");
    }

  private:
    static void copy(const factor<T>& from, factor_ref<T> to, const char* what)
    {
        detail::require<invalid_argument>(from.rank() == to.rank() && from.rows() == to.rows(),
                                          "the ", what, " to start from are ", from.rows(), " x ",
                                          from.rank(), "; these data and this rank need ",
                                          to.rows(), " x ", to.rank());
        copy_factor(from.view(), to);
    }

    factor<T> maps_, components_;
};
}
