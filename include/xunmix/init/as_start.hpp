// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

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
        : rank_(from.rank())
        , maps_(numbers(from.maps_matrix()))
        , components_(numbers(from.components_matrix()))
    {
    }
    explicit as_start(solver_state<T> from)
        : rank_(from.rank)
        , maps_(std::move(from.maps))
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
    static std::vector<T> numbers(factor_ref<const T> f)
    {
        std::vector<T> out(f.rows() * f.rank());
        copy_factor(f, factor_ref<T>(out.data(), f.rows(), f.rank(), f.rows()));
        return out;
    }
    void copy(const std::vector<T>& from, factor_ref<T> to, const char* what) const
    {
        detail::require<invalid_argument>(
            rank_ == to.rank() && from.size() == to.rows() * to.rank(), "the ", what,
            " to start from are ", rank_ ? from.size() / rank_ : 0, " x ", rank_,
            "; these data and this rank need ", to.rows(), " x ", to.rank());
        copy_factor(factor_ref<const T>(from.data(), to.rows(), rank_, to.rows()), to);
    }

    std::size_t rank_;
    std::vector<T> maps_, components_;
};
}
