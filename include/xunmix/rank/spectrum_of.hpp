// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <xunmix/core/function_ref.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/svd/compressed.hpp>
#include <xunmix/svd/exact.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix
{
namespace detail
{
/// out = A v for a symmetric A.
using symmetric_operator = function_ref<void(std::span<const double>, std::span<double>)>;

/// The `count` largest eigenvalues of a symmetric, non-negative definite operator on `side`
/// numbers, by the method of Lanczos with all directions kept orthogonal. Where noise ends, values
/// lie close together: 60 steps more than four for each value find them to about 1e-4.
inline std::vector<double> leading_eigenvalues(std::size_t side, std::size_t count,
                                               symmetric_operator apply)
{
    const std::size_t steps = std::min(side, 4 * count + 60);
    random_engine engine(1);
    std::vector<double> v(side), basis, diagonal, beside;
    basis.reserve(steps * side);
    fill_normal(factor_ref<double>(v.data(), side, 1, side), engine);
    double length = std::sqrt(linalg::dot(v.data(), v.data(), side));
    const double smallest = 1e-12;
    double size = 0;
    while (diagonal.size() < steps && length > smallest * size)
    {
        for (const double x : v)
            basis.push_back(x / length);
        const auto direction = std::span(basis).last(side);
        apply(direction, v);
        diagonal.push_back(linalg::dot(v.data(), direction.data(), side));
        size = std::max(size, diagonal.back());
        length = linalg::project_out(v, basis);
        beside.push_back(length);
    }
    const std::size_t done = diagonal.size();
    std::vector<double> tridiagonal(done * done);
    for (std::size_t j = 0; j < done; ++j)
    {
        tridiagonal[j * done + j] = diagonal[j];
        if (j + 1 < done)
            tridiagonal[j * done + j + 1] = tridiagonal[(j + 1) * done + j] = beside[j];
    }
    auto values = symmetric_spectrum(std::move(tridiagonal), done).values;
    values.resize(count);
    return values;
}

/// The leading r singular vectors of X, of W^(1/2) X V^(1/2) where it has weights.
template <class M>
auto decompose_weighted(const M& x, std::size_t r, std::uint64_t seed, std::size_t threads)
{
    constexpr std::size_t power_iterations = 4;
    const evenly_weighted<M> y(x);
    return x.shape().smaller_side() <= worth_exact
               ? exact_svd(y, r, threads)
               : range_finder(y, r, power_iterations, seed, threads);
}

/// F <- diag(by) F; nothing where `by` is empty.
template <class F>
void multiply_rows(factor_ref<F> f, const std::vector<double>& by)
{
    for (auto column : f.columns())
        for (std::size_t i = 0; i < by.size(); ++i)
            column[i] *= static_cast<F>(by[i]);
}

/// A spectrum without its values.
template <class M>
spectrum size_of(const M& x)
{
    const auto& about = x.summary();
    return {.values = {},
            .total = x.squared_norm(),
            .positions = x.shape().positions.kept() - about.dark_positions,
            .channels = x.shape().channels.kept() - about.dark_channels};
}

/// The leading eigenvalues of Y^T Y, or of Y Y^T where that is smaller, Y = W^(1/2) X V^(1/2), the
/// rows and columns of Y multiplied by `more` where that is not empty: two reads of X a step.
template <class M>
std::vector<double> squared_singular_values(const M& x, std::size_t count, std::size_t threads,
                                            const entry_weights& more = {})
{
    using F = typename M::factor_type;
    const evenly_weighted<M> y(x);
    const bool by_channels = x.shape().channels.kept() <= x.shape().positions.kept();
    const side nearer = by_channels ? side::components : side::maps;
    const grid &first = x.shape().of(nearer), &second = x.shape().of(other(nearer));
    std::vector<F> in(first.size()), between(second.size());
    const factor_ref<F> a(in.data(), in.size(), 1, in.size(), &first),
        b(between.data(), between.size(), 1, between.size(), &second);
    typename evenly_weighted<M>::workspace work{.threads = threads};
    const auto apply = [&](std::span<const double> v, std::span<double> out)
    {
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = static_cast<F>(v[i]);
        clear_masked(a);
        multiply_rows(a, more.of(nearer));
        by_channels ? y.multiply(a, b, work) : y.multiply_transposed(a, b, work);
        for (int twice = 0; twice < 2; ++twice)
            multiply_rows(b, more.of(other(nearer)));
        by_channels ? y.multiply_transposed(b, a, work) : y.multiply(b, a, work);
        multiply_rows(a, more.of(nearer));
        for (std::size_t i = 0; i < in.size(); ++i)
            out[i] = static_cast<double>(in[i]);
    };
    return leading_eigenvalues(first.size(), count, apply);
}
}

/// The `count` leading squared singular values of X, of W^(1/2) X V^(1/2) where it has weights,
/// with the rest of what criteria need. Throws invalid_argument unless 1 <= count <= min(n, m)
/// unmasked.
template <class M>
spectrum spectrum_of(const M& x, std::size_t count, std::size_t threads = 0)
{
    const std::size_t least = x.shape().smaller_side();
    detail::require<invalid_argument>(count >= 1 && count <= least,
                                      "a spectrum has 1 to min(positions, channels) = ", least,
                                      " values, got ", count);
    spectrum out = detail::size_of(x);
    out.values = detail::squared_singular_values(x, count, threads);
    return out;
}
}
