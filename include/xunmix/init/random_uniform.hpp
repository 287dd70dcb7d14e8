// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/core/compiled.hpp>
#include <xunmix/init/start.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Both factors U(0, 1) (Uesugi 2021, step 2), then scaled alike so that C S^T fits X best, which
/// als does not notice and the others need. One read of X.
struct random_uniform
{
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        detail::fill_uniform(maps, engine);
        detail::fill_uniform(components, engine);
        detail::scale_to_fit(x, maps, components, work);
    }
};
}

#define XUNMIX_RANDOM_START(prefix, F)                                                             \
    prefix template void xunmix::detail::fill_uniform(xunmix::factor_ref<F>,                       \
                                                      xunmix::random_engine&);                     \
    prefix template void xunmix::detail::scale_to_fit(                                             \
        const xunmix::any_matrix<F>&, xunmix::factor_ref<F>, xunmix::factor_ref<F>,                \
        xunmix::any_matrix<F>::workspace&);
#ifdef XUNMIX_COMPILED
XUNMIX_RANDOM_START(extern, float)
XUNMIX_RANDOM_START(extern, double)
#endif
