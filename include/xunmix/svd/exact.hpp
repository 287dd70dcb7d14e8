// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/svd/gram.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix
{
namespace detail
{
/// A smaller side up to which exact_svd is taken where the number of components matters: sums of so
/// many products take as long as the reads of a randomized decomposition do.
inline constexpr std::size_t worth_exact = 512;

/// The spectrum of the rows and columns that a mask leaves of a matrix.
inline symmetric_spectrum kept_spectrum(std::vector<double> matrix, const grid& places)
{
    const std::size_t size = places.size(), kept = places.kept();
    std::size_t to = 0;
    for (std::size_t i = 0; kept < size && i < size; ++i)
        for (std::size_t j = 0; j < size; ++j)
            if (places.keeps(i) && places.keeps(j))
                matrix[to++] = matrix[i * size + j];
    matrix.resize(kept * kept);
    return {std::move(matrix), kept};
}
}

/// The leading r singular vectors of X from the eigenvectors of its smaller Gram matrix, X^T X or
/// X X^T, whatever the spectrum looks like. The Gram matrix, of a side of 4096 at most, is summed
/// in double from the elements in one read of X (more for a side of over 1000); where a matrix
/// only multiplies, from its products, 64 columns at two reads. One read more for the other
/// vectors. Singular values below 1e-7 of the largest drown in its rounding (of products in float,
/// those below 3e-4). The same bits for any number of threads. Throws invalid_argument unless 1 <=
/// r <= min(n, m) unmasked <= 4096.
template <class M>
truncated_svd<typename M::factor_type> exact_svd(const M& x, std::size_t r, std::size_t threads = 0)
{
    using F = typename M::factor_type;
    constexpr std::size_t most = 4096;
    const bool by_channels = x.shape().channels.kept() <= x.shape().positions.kept();
    const side smaller = by_channels ? side::components : side::maps;
    const grid &narrow = x.shape().of(smaller), &wide = x.shape().of(other(smaller));
    detail::require<invalid_argument>(narrow.kept() <= most, "an exact decomposition takes up to ",
                                      most, " positions or up to as many channels, got at least ",
                                      narrow.kept(), " of both; use the randomized one");
    detail::require<invalid_argument>(r >= 1 && r <= narrow.kept(),
                                      "a decomposition takes 1 to min(positions, channels) = ",
                                      narrow.kept(), " components, got ", r);
    auto spectrum = detail::kept_spectrum(detail::gram_matrix(x, smaller, threads), narrow);

    truncated_svd<F> out{.left = factor<F>(x.rows(), r), .right = factor<F>(x.cols(), r)};
    const auto short_side = (by_channels ? out.right : out.left).view(&narrow),
               long_side = (by_channels ? out.left : out.right).view(&wide);
    // Divided by their lengths, they give unit vectors on the other side.
    for (std::size_t j = 0; j < r; ++j)
    {
        const double length = std::sqrt(spectrum.values[j]);
        for (std::size_t i = 0, place = 0; length > 0 && i < narrow.size(); ++i)
            if (narrow.keeps(i))
                short_side(i, j) =
                    static_cast<F>(spectrum.vectors[place++ * narrow.kept() + j] / length);
    }
    typename M::workspace work{};
    work.threads = threads;
    if (by_channels)
        x.multiply(short_side, long_side, work);
    else
        x.multiply_transposed(short_side, long_side, work);
    for (std::size_t j = 0; j < r; ++j)
    {
        double squared = spectrum.values[j], correction = 1;
        if constexpr (std::is_same_v<F, double>) // the Gram matrix has half of double's digits
            correction = squared > 0 ? linalg::dot(long_side.column(j).data(),
                                                   long_side.column(j).data(), long_side.rows())
                                     : 1;
        const double length = std::sqrt(squared), corrected = std::sqrt(squared * correction);
        out.squared_lengths.push_back(squared * correction);
        // The columns of V carry the lengths.
        const double near_by = length * (by_channels ? corrected : 1),
                     far_by = (by_channels ? 1 : corrected) / std::sqrt(correction);
        for (F& v : short_side.column(j))
            v = static_cast<F>(static_cast<double>(v) * near_by);
        if (far_by != 1)
            for (F& v : long_side.column(j))
                v = static_cast<F>(static_cast<double>(v) * far_by);
    }
    return out;
}
}
