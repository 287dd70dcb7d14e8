// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/fit.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Each component is the mean of what was measured at `average` positions drawn at random, all of
/// them different; the maps are the clipped least-squares fit. Averaging beats the noise of counts
/// down and keeps multiplicative updates from starting at zeros. Two reads of X.
struct random_positions
{
    std::size_t average = 1;

    /// Throws invalid_argument where there are not rank * average unmasked positions.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        std::vector<std::size_t> choice;
        for (std::size_t i = 0; i < maps.rows(); ++i)
            if (maps.keeps(i))
                choice.push_back(i);
        detail::require<invalid_argument>(average > 0 && average <= choice.size() / maps.rank(),
                                          "random_positions draws rank x average different "
                                          "positions: needs 1 to ",
                                          choice.size(), ", got ", maps.rank(), " x ", average);
        for (auto column : maps.columns())
            std::fill(column.begin(), column.end(), T{0});
        for (std::size_t d = 0; d < maps.rank() * average; ++d)
        {
            std::swap(choice[d], choice[d + uniform_below(engine, choice.size() - d)]);
            maps(choice[d], d % maps.rank()) = T{1} / static_cast<T>(average);
        }
        x.multiply_transposed(maps, components, work);
        detail::fit_clipped(x, side::maps, factor_ref<const T>(components), maps, work);
    }
};
}
