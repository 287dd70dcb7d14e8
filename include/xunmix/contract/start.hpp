// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/core/random.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Where the factors come from before the first iteration.
template <class I, class M>
concept init_policy = requires(const I& init, const M& x, factor_ref<typename M::factor_type> f,
                               random_engine& engine, typename M::workspace& work)
{
    init(x, f, f, engine, work);
};
}
