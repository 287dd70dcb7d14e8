// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <type_traits>

#include <xunmix/core/function_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>

namespace xunmix
{
/// What a sweep over X calls for each block of rows, see dense::sweep: with the first row, the
/// block and the number of the worker.
template <class T>
using block_visitor = function_ref<void(std::size_t, factor_ref<T>, std::size_t)>;

/// Up to four rows of X as numbers of the factors' type, for what needs the elements themselves.
template <class T>
struct row_group
{
    static constexpr std::size_t most = 4;

    std::size_t count = 0;
    std::size_t rows[most] = {};       ///< which, in the stored order, see dense
    const T* values[most] = {};        ///< one number a column; under a mask they may be anything
    std::size_t chunk = 0, worker = 0; ///< of the reads that may be under way at once
};

namespace detail
{
/// Chunks of rows that a read shares out.
inline constexpr std::size_t read_chunks = 16;
}

/// What a read of X calls, see dense::read.
template <class T>
using row_visitor = function_ref<void(const row_group<T>&)>;

/// The type factors have for data of type T: what holds T's numbers well, never wider than needed.
/// float for float and for integers up to 32 bits (counts above 2^24 are rounded), else double.
template <class T>
using factor_value_t =
    std::conditional_t<std::is_same_v<T, float> || (std::is_integral_v<T> && sizeof(T) <= 4), float,
                       double>;

/// What X must offer: three verbs, its size, and how it was unfolded. See dense for their meaning.
/// A matrix whose elements have weights offers inner(side) too, see scaled; its verbs then give the
/// sides of the weighted normal equations.
template <class M>
concept data_matrix = requires(const M& x, factor_ref<const typename M::factor_type> in,
                               factor_ref<typename M::factor_type> out, typename M::workspace& work)
{
    x.rows();
    x.cols();
    x.squared_norm();
    x.summary();
    x.shape();
    x.sweep_side();
    x.multiply(in, out, work);
    x.multiply_transposed(in, out, work);
    x.residual_squared_norm(in, in, work);
    x.sweep(
        in, [](std::size_t, factor_ref<typename M::factor_type>, std::size_t) {}, out, work);
};

/// The inner product in which X measures the factor of one side: its own, or the plain one.
template <class M>
inner_product inner_product_of([[maybe_unused]] const M& x, [[maybe_unused]] side s)
{
    if constexpr (requires { x.inner(s); })
        return x.inner(s);
    else
        return {};
}

/// Whether the elements of X count with weights.
template <class M>
bool is_weighted(const M& x)
{
    return inner_product_of(x, side::maps).is_weighted() ||
           inner_product_of(x, side::components).is_weighted();
}

/// A matrix that hands out its elements, a few rows at a time, for losses that need them.
template <class M>
concept readable_matrix = requires(const M& x, row_visitor<typename M::factor_type> visit,
                                   typename M::workspace& work)
{
    x.read(visit, work);
};

/// Whether X hands out its elements, where only running tells, see any_matrix.
template <class M>
bool is_readable([[maybe_unused]] const M& x)
{
    if constexpr (requires { x.is_readable(); })
        return x.is_readable();
    else
        return readable_matrix<M>;
}

/// Whether the verbs of X are only near those of the data whose norm it has, as with compressed
/// ones.
template <class M>
bool is_approximate([[maybe_unused]] const M& x)
{
    if constexpr (requires { x.is_approximate(); })
        return x.is_approximate();
    else
        return false;
}
}
