// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/centred.hpp>
#include <xunmix/matrix/evenly_weighted.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/inner_product.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/svd/exact.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix
{
struct pca_options
{
    std::size_t rank = 0; ///< components to return
    /// Whether the mean pattern is taken off first. Centred, the components say what varies; not
    /// centred (a truncated singular value decomposition), they are the best model X ~ C S^T of
    /// their rank, which is what a factorization compares with.
    bool centred = true;
    /// exact_svd whatever the smaller side; otherwise it is taken up to a side of 512, and from
    /// there on range_finder, to which components weaker than the noise are not quite the strongest
    /// that there are.
    bool exact = false;
    std::size_t oversampling = 10;    ///< directions that the range finder takes beyond the rank
    std::size_t power_iterations = 2; ///< and its rounds of X X^T
    std::uint64_t seed = 1;
    std::size_t threads = 0; ///< at most; 0: what OpenMP takes
};

/// A principal component analysis X ~ 1 mu^T + C S^T.
template <class F>
struct pca_result
{
    /// Scores C as maps and loadings S as components of unit length, the strongest first, signs
    /// such that the largest entry of each component is positive. Its mse is that of all
    /// components.
    result<F> model;
    tensor<F> mean; ///< mu folded to (channels...); zeros where not centred
    /// Eigenvalues of the covariance X^T X / n (of X - 1 mu^T where centred): the scree.
    std::vector<double> variances;
    std::vector<double> mse; ///< |X - model of k components|^2 / (n m), k = 0 ... rank
};

/// |X - (the k leading singular components)|^2 for k = 0 ... r: the least that any model of rank k
/// can leave (Eckart & Young 1936), as far as U V^T holds the leading components. `rest` is what
/// all r leave, |X - U V^T|^2: summed up from there no digits are lost.
template <class F>
std::vector<double> pca_residuals(const truncated_svd<F>& svd, double rest)
{
    std::vector<double> out(svd.size() + 1, rest);
    for (std::size_t k = svd.size(); k-- > 0;)
        out[k] = out[k + 1] + svd.squared_lengths[k];
    return out;
}

namespace detail
{
/// Column sums of the model, U V^T 1 or V U^T 1.
template <class F>
std::vector<double> model_sums(const factor<F>& rows, const factor<F>& others)
{
    std::vector<double> out(rows.rows());
    for (std::size_t j = 0; j < rows.rank(); ++j)
    {
        double sum = 0;
        for (const F x : others.column(j))
            sum += static_cast<double>(x);
        for (std::size_t i = 0; i < rows.rows(); ++i)
            out[i] += sum * static_cast<double>(rows(i, j));
    }
    return out;
}

/// F^T diag(1 / weights) F, rows without a positive weight left out.
template <class F>
std::vector<double> scaled_gram(const factor<F>& f, const std::vector<double>& weights)
{
    const std::size_t r = f.rank();
    factor<double> scaled(f.rows(), r);
    for (std::size_t j = 0; j < r; ++j)
        for (std::size_t i = 0; i < f.rows(); ++i)
            if (weights[i] > 0)
                scaled(i, j) = static_cast<double>(f(i, j)) / std::sqrt(weights[i]);
    std::vector<double> out(r * r);
    inner_product().gram(factor_ref<const double>(scaled.view()), matrix_ref<double>(out.data(), r),
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
/// (A^T A)^(1/2) (B^T B) (A^T A)^(1/2). `rest` is |X - U V^T|^2.
template <class F>
std::vector<double> scaled_pca_residuals(const truncated_svd<F>& svd, double rest)
{
    using namespace detail;
    const std::size_t r = svd.size();
    const auto a = scaled_gram(svd.left, model_sums(svd.left, svd.right));
    const auto b = scaled_gram(svd.right, model_sums(svd.right, svd.left));
    const auto root = powered(a, r, 0.5), inverse_root = powered(a, r, -0.5);
    const symmetric_spectrum s(multiplied(multiplied(root, b, r), root, r), r);
    const auto left = multiplied(inverse_root, s.vectors, r),
               right = multiplied(root, s.vectors, r);
    std::vector<double> missing(r * r), out;
    for (std::size_t i = 0; i < r; ++i)
        missing[i * r + i] = 1; // I - N_k
    for (std::size_t k = 0; k <= r; ++k)
    {
        double sum = rest;
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

namespace detail
{
/// |X - 1 mu^T - C S^T|^2, weighted where X has weights, from the elements. One read of X.
template <class M, class F>
double squared_distance(const M& x, const std::vector<F>& mean, const result<F>& model,
                        std::size_t threads)
{
    factor<F> maps(std::vector<F>(x.rows(), F{1}), x.rows()), components(mean, x.cols());
    maps.append(model.maps_matrix());
    components.append(model.components_matrix());
    typename M::workspace work{.threads = threads};
    return x.residual_squared_norm(maps.view(), components.view(), work);
}

template <class M>
truncated_svd<typename M::factor_type> decompose(const M& x, const pca_options& o)
{
    if (o.exact || x.shape().smaller_side() <= worth_exact)
        return exact_svd(x, o.rank, o.threads);
    return range_finder(x, std::min(o.rank + o.oversampling, x.shape().smaller_side()),
                        o.power_iterations, o.seed, o.threads);
}

/// The leading components of Y = X - 1 mu^T, in the inner products that X's weights define, as
/// factors in X's own units.
template <class M, class Y, class F>
pca_result<F> analyse(const M& x, const Y& y, const std::vector<F>& mean, const pca_options& o)
{
    auto svd = decompose(evenly_weighted<Y>(y), o);
    svd.keep_first(o.rank);
    weigh_by_root(inner_product_of(y, side::maps), svd.left.view(), true);
    weigh_by_root(inner_product_of(y, side::components), svd.right.view(), true);
    const grid &positions = x.shape().positions, &channels = x.shape().channels;
    const double kept = static_cast<double>(positions.kept()),
                 entries = kept * static_cast<double>(channels.kept());
    pca_result<F> out{result<F>(std::move(svd.left), std::move(svd.right), x.shape()),
                      fold(factor_ref<const F>(mean.data(), mean.size(), 1, mean.size()), channels),
                      {},
                      {}};
    out.model.rescale(scaling::unit_l2);
    out.model.make_largest_positive();
    for (const double rest : pca_residuals(svd, squared_distance(x, mean, out.model, o.threads)))
        out.mse.push_back(rest / entries);
    for (const double s : svd.squared_lengths)
        out.variances.push_back(s / kept);
    out.model.mse = out.mse.back();
    out.model.objective = out.mse.back() * entries;
    out.model.status = status::converged;
    return out;
}
}

/// Principal component analysis of X (n x m), exact through the smaller Gram matrix (two reads of
/// X) or randomized (range_finder: 2 + 2 power_iterations reads); one read more for the mse, and
/// one where centred. Where X has weights, that is the analysis of W^(1/2) X V^(1/2), of W^(1/2) (X
/// - 1 mu^T) V^(1/2) where centred, with scores, loadings and mean in X's own units and a weighted
/// mse. Throws invalid_argument unless 1 <= rank <= min(n, m) unmasked, invalid_data as factorize
/// does.
template <class M>
pca_result<typename M::factor_type> pca(const M& x, const pca_options& options)
{
    const std::size_t least = x.shape().smaller_side();
    detail::require<invalid_argument>(
        options.rank >= 1 && options.rank <= least,
        "pca takes a rank from 1 to min(positions, channels) = ", least, ", got ", options.rank);
    detail::check_data(x, false);
    if (!options.centred)
        return detail::analyse(x, x, std::vector<typename M::factor_type>(x.cols()), options);
    const centred<M> y(x, options.threads);
    return detail::analyse(x, y, y.mean(), options);
}
}

#define XUNMIX_PCA(prefix, T)                                                                      \
    prefix template xunmix::pca_result<T> xunmix::pca<xunmix::any_matrix<T>>(                      \
        const xunmix::any_matrix<T>&, const xunmix::pca_options&);
#ifdef XUNMIX_COMPILED
XUNMIX_PCA(extern, float)
XUNMIX_PCA(extern, double)
#endif
