// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/linalg/symmetric_eigen.hpp>
#include <xunmix/model/draw.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>

namespace xunmix
{
/// X ~ U V^T, the leading part of its singular value decomposition: U (n x r) has orthonormal
/// columns, V (m x r) orthogonal ones of length sigma_j, the longest first.
template <class F>
struct truncated_svd
{
    factor<F> left{}, right{};             ///< U and V
    std::vector<double> squared_lengths{}; ///< sigma_j^2

    std::size_t size() const
    {
        return squared_lengths.size();
    }
    /// Keeps the first k of the directions, of which there are as many at least.
    void keep_first(std::size_t k)
    {
        left.keep_first(k);
        right.keep_first(k);
        squared_lengths.resize(k);
    }
    /// |U V^T|^2
    double captured() const
    {
        double sum = 0;
        for (double s : squared_lengths)
            sum += s;
        return sum;
    }
};

namespace detail
{
/// Independent numbers of the standard normal distribution, all from one engine.
template <class F>
void fill_normal(factor_ref<F> f, random_engine& engine)
{
    for (auto column : f.columns())
        for (F& x : column)
            x = static_cast<F>(normal01(engine));
}

/// F <- F T for a r x r matrix T, blocks of rows at once.
template <class F>
void transform_columns(factor_ref<F> f, const std::vector<double>& t, std::size_t threads)
{
    constexpr std::size_t block = 64;
    const std::size_t r = f.rank();
    parallel_for((f.rows() + block - 1) / block, threads,
                 [&](std::size_t b, std::size_t)
                 {
                     const auto rows = f.block(b * block, std::min(block, f.rows() - b * block));
                     std::vector<double> sums(r * block);
                     for (std::size_t j = 0; j < r; ++j)
                         for (std::size_t l = 0; l < r; ++l)
                             for (std::size_t i = 0; i < rows.rows(); ++i)
                                 sums[j * block + i] +=
                                     t[l * r + j] * static_cast<double>(rows(i, l));
                     for (std::size_t j = 0; j < r; ++j)
                         for (std::size_t i = 0; i < rows.rows(); ++i)
                             rows(i, j) = static_cast<F>(sums[j * block + i]);
                 });
}

/// Eigenvalues of a symmetric non-negative definite r x r matrix, the largest first, and its
/// eigenvectors as the columns of another.
struct symmetric_spectrum
{
    std::vector<double> values, vectors;

    symmetric_spectrum(std::vector<double> matrix, std::size_t r)
        : values(r)
        , vectors(r * r)
    {
        linalg::symmetric_eigen eigen;
        eigen(matrix, r);
        for (std::size_t j = 0; j < r; ++j)
        {
            values[j] = std::max(0.0, eigen.values()[r - 1 - j]);
            for (std::size_t l = 0; l < r; ++l)
                vectors[l * r + j] = matrix[(r - 1 - j) * r + l];
        }
    }
};

template <class F>
symmetric_spectrum gram_spectrum(factor_ref<const F> f, std::size_t threads)
{
    std::vector<double> gram(f.rank() * f.rank());
    inner_product().gram(f, matrix_ref<double>(gram.data(), f.rank()), threads);
    return {std::move(gram), f.rank()};
}

/// Turns the columns of F into orthonormal ones that span the same space; what is nothing but
/// rounding becomes zero. The Gram matrix squares the condition, so precision takes two rounds.
template <class F>
void orthonormalize(factor_ref<F> f, std::size_t threads)
{
    constexpr double rounding = 1e-14;
    const std::size_t r = f.rank();
    for (int round = 0; round < 2; ++round)
    {
        auto s = gram_spectrum(factor_ref<const F>(f), threads);
        for (std::size_t j = 0; j < r; ++j)
        {
            const bool is_null = !(s.values[j] > rounding * s.values[0]);
            for (std::size_t l = 0; l < r; ++l)
                s.vectors[l * r + j] *= is_null ? 0 : 1 / std::sqrt(s.values[j]);
        }
        transform_columns(f, s.vectors, threads);
    }
}
}

/// The leading r singular vectors of X by a randomized range finder (Halko, Martinsson & Tropp
/// 2011, Algorithms 4.4 and 5.1): r random combinations of the channels, `power_iterations` rounds
/// of X X^T on them, and the exact decomposition of what X is in the space they span. 2 + 2
/// power_iterations reads of X. The same bits for any number of threads. Throws invalid_argument
/// unless 1 <= r <= min(n, m) unmasked.
template <class M>
truncated_svd<typename M::factor_type> range_finder(const M& x, std::size_t r,
                                                    std::size_t power_iterations,
                                                    std::uint64_t seed, std::size_t threads = 0)
{
    using F = typename M::factor_type;
    const std::size_t least = x.shape().smaller_side();
    detail::require<invalid_argument>(
        r >= 1 && r <= least, "a range finder takes 1 to min(positions, channels) = ", least,
        " directions, got ", r);
    truncated_svd<F> out{.left = factor<F>(x.rows(), r), .right = factor<F>(x.cols(), r)};
    const auto u = out.left.view(&x.shape().positions), v = out.right.view(&x.shape().channels);
    typename M::workspace work{.threads = threads};
    fill_normal(v, seed, threads);
    for (std::size_t round = 0;; ++round)
    {
        x.multiply(v, u, work);
        detail::orthonormalize(u, threads);
        x.multiply_transposed(u, v, work);
        if (round == power_iterations)
            break;
        detail::orthonormalize(v, threads);
    }
    // U V^T = (U T) (V T)^T for the rotation T that makes the columns of V orthogonal.
    auto spectrum = detail::gram_spectrum(factor_ref<const F>(v), threads);
    detail::transform_columns(u, spectrum.vectors, threads);
    detail::transform_columns(v, spectrum.vectors, threads);
    out.squared_lengths = std::move(spectrum.values);
    return out;
}
}
