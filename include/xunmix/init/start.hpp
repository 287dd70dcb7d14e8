// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

// What the starts have in common. An init policy is called as
//
//   init(const M& x, factor_ref<F> maps, factor_ref<F> components, random_engine&, M::workspace&)
//
// and fills both factors; masked rows may get anything.
namespace xunmix::detail
{
/// Scales both factors alike so that C S^T fits X best: by the root of <X S, C> / <C^T C, S^T S>
/// (Gillis & Glineur 2012). One read of X.
template <class M, class T>
void scale_to_fit(const M& x, factor_ref<T> maps, factor_ref<T> components,
                  typename M::workspace& work)
{
    const std::size_t k = maps.rank();
    buffer<T> memory;
    const factor_ref<T> product(memory.get(maps.rows() * k), maps.rows(), k, maps.rows());
    x.multiply(components, product, work);
    buffer<double> grams;
    const matrix_ref<double> a(grams.get(2 * k * k), k), b(a.data + k * k, k);
    inner_product_of(x, side::maps).gram(factor_ref<const T>(maps), a, work.threads);
    inner_product_of(x, side::components).gram(factor_ref<const T>(components), b, work.threads);
    const double fit =
        inner_product_of(x, side::maps)(factor_ref<const T>(product), factor_ref<const T>(maps)) /
        linalg::inner(matrix_ref<const double>(a), matrix_ref<const double>(b));
    const auto root = static_cast<T>(is_finite(fit) ? std::sqrt(std::abs(fit)) : 1);
    for (auto f : {maps, components})
        for (auto column : f.columns())
            for (T& value : column)
                value *= root;
}
}
