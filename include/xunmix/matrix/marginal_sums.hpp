// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// X 1, a sum for each position, or X^T 1, a sum for each channel, over what is not masked; 0 where
/// masked. One read of X.
template <class M>
std::vector<typename M::factor_type> marginal_sums(const M& x, side s, typename M::workspace& work)
{
    using F = typename M::factor_type;
    const grid &places = x.shape().of(s), &summed = x.shape().of(other(s));
    std::vector<F> ones(summed.size(), F{1}), sums(places.size());
    const factor_ref<F> one(ones.data(), ones.size(), 1, ones.size(), &summed);
    clear_masked(one);
    const factor_ref<F> sum(sums.data(), sums.size(), 1, sums.size(), &places);
    s == side::maps ? x.multiply(one, sum, work) : x.multiply_transposed(one, sum, work);
    return sums;
}
}
