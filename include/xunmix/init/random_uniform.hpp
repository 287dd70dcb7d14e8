// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include <xunmix/core/compiled.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/start.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/draw.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Both factors U(0, 1) (Uesugi 2021, step 2), then scaled alike so that C S^T fits X best, which
/// als does not notice and the others need. What a place gets depends on the seed and its number
/// alone (draw_by_rows). One read of X.
struct random_uniform
{
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        fill_uniform(maps, engine(), work.threads);
        fill_uniform(components, engine(), work.threads);
        detail::scale_to_fit(x, maps, components, work);
    }
};
}

#define XUNMIX_RANDOM_START(prefix, F)                                                             \
    prefix template void xunmix::fill_uniform(xunmix::factor_ref<F>, std::uint64_t, std::size_t);  \
    prefix template void xunmix::detail::scale_to_fit(                                             \
        const xunmix::any_matrix<F>&, xunmix::factor_ref<F>, xunmix::factor_ref<F>,                \
        xunmix::any_matrix<F>::workspace&);
#ifdef XUNMIX_COMPILED
XUNMIX_RANDOM_START(extern, float)
XUNMIX_RANDOM_START(extern, double)
#endif
