// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <xunmix/core/function_ref.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/entry_weights.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// What a sweep over X calls for each block of rows: with the first row, the block and the number
/// of the worker.
template <class T>
using block_visitor = function_ref<void(std::size_t, factor_ref<T>, std::size_t)>;

/// Every `groups`-th of the blocks that a sweep visits, from number `group` on: all the groups
/// together are one sweep, and each passes over the whole of X thinly.
struct interleaving
{
    std::size_t group = 0, groups = 1;
};

/// Up to four rows of X as numbers of the factors' type, for what needs the elements themselves.
template <class T>
struct row_group
{
    static constexpr std::size_t most = 4;

    std::size_t count = 0;
    std::size_t rows[most] = {};       ///< which, in the stored order
    const T* values[most] = {};        ///< one number a column; under a mask they may be anything
    std::size_t chunk = 0, worker = 0; ///< of the reads that may be under way at once
};

namespace detail
{
/// Chunks of rows that a read shares out.
inline constexpr std::size_t read_chunks = 16;
}

/// What a read of X calls, see readable_matrix.
template <class T>
using row_visitor = function_ref<void(const row_group<T>&)>;

/// The type factors have for data of type T: what holds T's numbers well, never wider than needed.
/// float for float and for integers up to 32 bits (counts above 2^24 are rounded), else double.
template <class T>
using factor_value_t =
    std::conditional_t<std::is_same_v<T, float> || (std::is_integral_v<T> && sizeof(T) <= 4), float,
                       double>;

/// X (n x m) as iterations, starts and decompositions see it: its size, how it was unfolded, and
/// the products that read it. All is const and may be called from several threads at once, each
/// with a workspace of its own; copies are cheap and refer to the same numbers. It has
///
///   factor_type                        float or double: what its factors consist of
///   workspace                          the memory that one caller needs; `threads` in it is how
///                                      many may be used, 0 what OpenMP takes
///   rows(), cols()                     n and m, masked places included
///   shape()                            how it was unfolded, and which places are masked
///   summary()                          what is to be known of its elements before any work
///   squared_norm()                     |X|^2 over the unmasked elements
///   sweep_side()                       the factor P whose rows a sweep visits; O is the other
///   multiply(S, out, work)             out = X S (n x k)
///   multiply_transposed(C, out, work)  out = X^T C (m x k)
///   sweep(O, visit, product, work)     for each block of rows of P, visit(first_row, block,
///                                      worker) gets X_b O in `block` and leaves the new rows P_b
///                                      there; afterwards product = X^T P. (X as seen from P: X^T
///                                      where P are the components.) Blocks are visited
///                                      concurrently, each by one worker
///   residual_squared_norm(C, S, work)  |X - C S^T|^2 over the unmasked elements, in double
///
/// Masked rows of `out` and of blocks are zero. A matrix whose elements have weights offers
/// inner(side) too, see scaled; its verbs then give the sides of the weighted normal equations.
template <class M>
concept data_matrix = std::default_initializable<typename M::workspace> &&
    std::floating_point<typename M::factor_type> &&
    requires(const M& x, factor_ref<const typename M::factor_type> in,
             factor_ref<typename M::factor_type> out, typename M::workspace& work,
             block_visitor<typename M::factor_type> visit)
{
    {
        x.rows()
        } -> std::convertible_to<std::size_t>;
    {
        x.cols()
        } -> std::convertible_to<std::size_t>;
    {
        x.squared_norm()
        } -> std::convertible_to<double>;
    {
        x.summary()
        } -> std::same_as<const data_summary&>;
    {
        x.shape()
        } -> std::same_as<const unfolding&>;
    {
        x.sweep_side()
        } -> std::same_as<side>;
    work.threads = std::size_t{};
    x.multiply(in, out, work);
    x.multiply_transposed(in, out, work);
    x.sweep(in, visit, out, work);
    {
        x.residual_squared_norm(in, in, work)
        } -> std::convertible_to<double>;
};

/// A data matrix whose elements can be given weights, see scaled:
///
///   residual_squared_norm(C, S, work, weights)  sum w_i v_c (X - C S^T)_ic^2; factors of rank 0
///                                               give the weighted norm
template <class M>
concept weighable_matrix = data_matrix<M> &&
    requires(const M& x, factor_ref<const typename M::factor_type> in, typename M::workspace& work,
             const entry_weights* weights)
{
    x.residual_squared_norm(in, in, work, weights);
};

/// A data matrix that can be swept in interleaved groups of blocks, between which the factor held
/// may change:
///
///   sweep(O, visit, product, work, {group, groups})  the same for one of the groups alone; every
///                                                    row is in the same group each time
template <class M>
concept interleavable_matrix = data_matrix<M> &&
    requires(const M& x, factor_ref<const typename M::factor_type> in,
             factor_ref<typename M::factor_type> out, typename M::workspace& work,
             block_visitor<typename M::factor_type> visit)
{
    x.sweep(in, visit, out, work, interleaving{});
};

/// Whether X can be swept in groups, where only running tells, see any_matrix.
template <class M>
bool is_interleavable([[maybe_unused]] const M& x)
{
    if constexpr (requires { x.is_interleavable(); })
        return x.is_interleavable();
    else
        return interleavable_matrix<M>;
}

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

/// A matrix that hands out its elements, for losses that need each one:
///
///   read(visit, work)  visit(rows) for all stored rows that are not masked, up to four at a time;
///                      groups of one of the 16 chunks come one after the other, chunks
///                      concurrently
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
