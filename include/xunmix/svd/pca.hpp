// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <xunmix/core/factor.hpp>
#include <xunmix/core/small.hpp>
#include <xunmix/svd/range_finder.hpp>

// How well a principal component analysis with k components reproduces X, from a truncated singular
// value decomposition X ~ U V^T and without another read of X.
namespace xunmix
{
/// |X - (the k leading singular components)|^2 for k = 0 ... r: the least that any model of rank k
/// can leave (Eckart & Young 1936), as far as U V^T holds the leading components.
template <class F>
std::vector<double> pca_residuals(const truncated_svd<F>& svd, double squared_norm)
{
    std::vector<double> out{squared_norm};
    for (double s : svd.squared_lengths)
        out.push_back(std::max(0.0, out.back() - s));
    return out;
}

namespace detail
{
/// Column sums of the model, U V^T 1 or V U^T 1.
template <class F>
std::vector<double> model_sums(const std::vector<F>& rows, const std::vector<F>& others,
                               std::size_t r)
{
    const std::size_t n = rows.size() / r, m = others.size() / r;
    std::vector<double> out(n);
    for (std::size_t j = 0; j < r; ++j)
    {
        double sum = 0;
        for (std::size_t c = 0; c < m; ++c)
            sum += static_cast<double>(others[j * m + c]);
        for (std::size_t i = 0; i < n; ++i)
            out[i] += sum * static_cast<double>(rows[j * n + i]);
    }
    return out;
}

/// F^T diag(1 / weights) F, rows without a positive weight left out.
template <class F>
std::vector<double> scaled_gram(const std::vector<F>& factor, const std::vector<double>& weights)
{
    const std::size_t n = weights.size(), r = factor.size() / n;
    std::vector<double> scaled(factor.size()), out(r * r);
    for (std::size_t j = 0; j < r; ++j)
        for (std::size_t i = 0; i < n; ++i)
            if (weights[i] > 0)
                scaled[j * n + i] = static_cast<double>(factor[j * n + i]) / std::sqrt(weights[i]);
    small::gram(factor_ref<const double>(scaled.data(), n, r, n), matrix_ref<double>(out.data(), r),
                1);
    return out;
}

/// A B of two r x r matrices.
inline std::vector<double> multiplied(const std::vector<double>& a, const std::vector<double>& b,
                                      std::size_t r)
{
    std::vector<double> out(r * r);
    for (std::size_t i = 0; i < r; ++i)
        for (std::size_t l = 0; l < r; ++l)
            for (std::size_t j = 0; j < r; ++j)
                out[i * r + j] += a[i * r + l] * b[l * r + j];
    return out;
}

/// G^p for a symmetric non-negative definite G; what is nothing but rounding stays zero.
inline std::vector<double> powered(const std::vector<double>& g, std::size_t r, double p)
{
    const symmetric_spectrum s(g, r);
    std::vector<double> out(r * r);
    for (std::size_t e = 0; e < r; ++e)
        if (s.values[e] > 1e-13 * s.values[0])
            for (std::size_t i = 0; i < r; ++i)
                for (std::size_t j = 0; j < r; ++j)
                    out[i * r + j] +=
                        std::pow(s.values[e], p) * s.vectors[i * r + e] * s.vectors[j * r + e];
    return out;
}
}

/// |X - X_k|^2 for k = 0 ... r, where X_k is what a principal component analysis for counts
/// reproduces: the k leading components of G^(-1/2) X H^(-1/2), G and H the sums over channels and
/// over positions (Keenan & Kotula 2004), scaled back. It spends its components on what stands out
/// of the counting noise, not on what is bright, so it can leave more than a non-negative model of
/// the same rank: the crossing of Uesugi et al. 2021, Fig. 5.
///
/// With A = G^(-1/2) U and B = H^(-1/2) V, X_k = U N_k V^T for the r x r matrix
/// N_k = (A^T A)^(-1/2) Y Y^T (A^T A)^(1/2), Y the k leading eigenvectors of
/// (A^T A)^(1/2) (B^T B) (A^T A)^(1/2).
template <class F>
std::vector<double> scaled_pca_residuals(const truncated_svd<F>& svd, double squared_norm)
{
    using namespace detail;
    const std::size_t r = svd.size();
    const auto a = scaled_gram(svd.left, model_sums(svd.left, svd.right, r));
    const auto b = scaled_gram(svd.right, model_sums(svd.right, svd.left, r));
    const auto root = powered(a, r, 0.5), inverse_root = powered(a, r, -0.5);
    const symmetric_spectrum s(multiplied(multiplied(root, b, r), root, r), r);
    const auto left = multiplied(inverse_root, s.vectors, r),
               right = multiplied(root, s.vectors, r);
    std::vector<double> missing(r * r), out;
    for (std::size_t i = 0; i < r; ++i)
        missing[i * r + i] = 1; // I - N_k
    for (std::size_t k = 0; k <= r; ++k)
    {
        double sum = std::max(0.0, squared_norm - svd.captured());
        for (std::size_t i = 0; i < r; ++i)
            for (std::size_t j = 0; j < r; ++j)
            {
                sum += missing[i * r + j] * missing[i * r + j] * svd.squared_lengths[j];
                if (k < r)
                    missing[i * r + j] -= left[i * r + k] * right[j * r + k];
            }
        out.push_back(sum);
    }
    return out;
}
}
