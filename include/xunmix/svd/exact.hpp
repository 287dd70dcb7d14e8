// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/factor.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix
{
/// The leading r singular vectors of X from the eigenvectors of its smaller Gram matrix, X^T X or
/// X X^T, whatever the spectrum looks like. The Gram matrix comes in blocks of 64 columns at two
/// reads of X each, and its side is at most 4096. Singular values below 1e-7 of the largest (for
/// float data 3e-4) drown in its rounding. Throws invalid_argument unless 1 <= r <= min(n, m)
/// unmasked <= 4096.
template <class M>
truncated_svd<typename M::factor_type> exact_svd(const M& x, std::size_t r, std::size_t threads = 0)
{
    using F = typename M::factor_type;
    constexpr std::size_t most = 4096, width = 64;
    const bool by_channels = x.shape().channels.kept() <= x.shape().positions.kept();
    const grid &small = by_channels ? x.shape().channels : x.shape().positions,
               &large = by_channels ? x.shape().positions : x.shape().channels;
    std::vector<std::size_t> kept; // places of the smaller side, one a row of the Gram matrix
    for (std::size_t i = 0; i < small.size(); ++i)
        if (small.keeps(i))
            kept.push_back(i);
    const std::size_t side = kept.size();
    detail::require<invalid_argument>(side <= most, "an exact decomposition takes up to ", most,
                                      " positions or up to as many channels, got at least ", side,
                                      " of both; use the randomized one");
    detail::require<invalid_argument>(
        r >= 1 && r <= side, "a decomposition takes 1 to min(positions, channels) = ", side,
        " components, got ", r);
    typename M::workspace work{.threads = threads};
    const auto along = [&](factor_ref<const F> in, factor_ref<F> out)
    { by_channels ? x.multiply(in, out, work) : x.multiply_transposed(in, out, work); };
    const auto back = [&](factor_ref<const F> in, factor_ref<F> out)
    { by_channels ? x.multiply_transposed(in, out, work) : x.multiply(in, out, work); };
    const auto factor = [](std::vector<F>& values, const grid& places)
    {
        const std::size_t rows = places.size();
        return factor_ref<F>(values.data(), rows, values.size() / rows, rows, &places);
    };

    std::vector<double> gram(side * side);
    std::vector<F> unit, seen, columns; // a block: of the identity, X or X^T of it, and back
    for (std::size_t first = 0; first < side; first += width)
    {
        const std::size_t count = std::min(width, side - first);
        unit.assign(small.size() * count, F{0});
        seen.resize(large.size() * count);
        columns.resize(small.size() * count);
        for (std::size_t j = 0; j < count; ++j)
            unit[j * small.size() + kept[first + j]] = F{1};
        along(factor(unit, small), factor(seen, large));
        back(factor(seen, large), factor(columns, small));
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t i = 0; i < side; ++i)
                gram[i * side + first + j] =
                    static_cast<double>(columns[j * small.size() + kept[i]]);
    }
    for (std::size_t i = 0; i < side; ++i)
        for (std::size_t j = 0; j < i; ++j)
            gram[i * side + j] = gram[j * side + i] = (gram[i * side + j] + gram[j * side + i]) / 2;
    const detail::symmetric_spectrum spectrum(std::move(gram), side);

    truncated_svd<F> out{.rows = x.rows(), .cols = x.cols()};
    auto &vectors = by_channels ? out.right : out.left,
         &others = by_channels ? out.left : out.right;
    vectors.assign(small.size() * r, F{0});
    others.assign(large.size() * r, F{0});
    for (std::size_t j = 0; j < r; ++j)
        for (std::size_t i = 0; i < side; ++i)
            vectors[j * small.size() + kept[i]] = static_cast<F>(spectrum.vectors[i * side + j]);
    along(factor(vectors, small), factor(others, large)); // of length sigma_j
    for (std::size_t j = 0; j < r; ++j)
    {
        const double sigma = std::sqrt(spectrum.values[j]);
        out.squared_lengths.push_back(spectrum.values[j]);
        // V carries the lengths: moved there from U, or there already.
        for (std::size_t i = 0; by_channels && i < small.size(); ++i)
            vectors[j * small.size() + i] *= static_cast<F>(sigma);
        for (std::size_t i = 0; by_channels && i < large.size(); ++i)
            others[j * large.size() + i] *= sigma > 0 ? static_cast<F>(1 / sigma) : F{0};
    }
    return out;
}
}
