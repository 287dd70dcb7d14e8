// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Singular value decompositions by one-sided Jacobi rotations, in double: slow, simple, and none of
// the library's own.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "../support.hpp"

namespace jacobi
{
using support::matrix;

/// X = U diag(lengths) V^T, the longest first; columns of U that belong to zeros are zero.
struct svd
{
    matrix U, V;
    std::vector<double> lengths;

    /// The k leading components.
    matrix leading(std::size_t k) const
    {
        matrix out(U.rows, V.rows);
        for (std::size_t i = 0; i < U.rows; ++i)
            for (std::size_t c = 0; c < V.rows; ++c)
                for (std::size_t j = 0; j < k; ++j)
                    out(i, c) += U(i, j) * lengths[j] * V(c, j);
        return out;
    }
};

/// Turns the columns of W, and of V alike, until those of W are orthogonal (Hestenes 1958).
inline void orthogonalize(matrix& W, matrix& V)
{
    const auto rotate = [](matrix& a, std::size_t p, std::size_t q, double c, double s)
    {
        for (std::size_t i = 0; i < a.rows; ++i)
        {
            const double x = a(i, p), y = a(i, q);
            a(i, p) = c * x - s * y;
            a(i, q) = s * x + c * y;
        }
    };
    for (bool moved = true; moved;)
    {
        moved = false;
        for (std::size_t p = 0; p < W.cols; ++p)
            for (std::size_t q = p + 1; q < W.cols; ++q)
            {
                double pp = 0, qq = 0, pq = 0;
                for (std::size_t i = 0; i < W.rows; ++i)
                {
                    pp += W(i, p) * W(i, p);
                    qq += W(i, q) * W(i, q);
                    pq += W(i, p) * W(i, q);
                }
                if (!(std::abs(pq) > 1e-15 * std::sqrt(pp * qq)) || std::abs(pq) < 1e-280)
                    continue;
                moved = true;
                const double zeta = (qq - pp) / (2 * pq);
                const double t =
                    std::copysign(1 / (std::abs(zeta) + std::sqrt(1 + zeta * zeta)), zeta);
                const double c = 1 / std::sqrt(1 + t * t);
                rotate(W, p, q, c, c * t);
                rotate(V, p, q, c, c * t);
            }
    }
}

inline svd decompose(const matrix& X)
{
    if (X.rows < X.cols)
    {
        svd t = decompose(support::transposed(X));
        std::swap(t.U, t.V);
        return t;
    }
    matrix W = X, V(X.cols, X.cols);
    for (std::size_t j = 0; j < X.cols; ++j)
        V(j, j) = 1;
    orthogonalize(W, V);
    std::vector<double> size(X.cols);
    for (std::size_t j = 0; j < X.cols; ++j)
    {
        for (std::size_t i = 0; i < X.rows; ++i)
            size[j] += W(i, j) * W(i, j);
        size[j] = std::sqrt(size[j]);
    }
    std::vector<std::size_t> order(X.cols);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
    svd out{matrix(X.rows, X.cols), matrix(X.cols, X.cols), {}};
    for (std::size_t j = 0; j < X.cols; ++j)
    {
        const std::size_t from = order[j];
        out.lengths.push_back(size[from]);
        for (std::size_t i = 0; i < X.rows; ++i)
            out.U(i, j) = size[from] > 0 ? W(i, from) / size[from] : 0;
        for (std::size_t c = 0; c < X.cols; ++c)
            out.V(c, j) = V(c, from);
    }
    return out;
}
}
