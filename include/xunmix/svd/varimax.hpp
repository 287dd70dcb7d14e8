// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix
{
/// The orthogonal rotation R (k x k, row-major) that makes loadings L (p x k) simple: it maximises
///
///     sum_j ( sum_i A_ij^4 - gamma / p (sum_i A_ij^2)^2 ),   A = L R,
///
/// each column many small and a few large entries. gamma = 1 is varimax (Kaiser 1958), 0 quartimax.
/// Pairs of columns are turned in their plane by the best angle, in closed form, until no angle
/// exceeds `tolerance`: the criterion never falls. Masked rows do not count. Throws
/// invalid_argument for gamma outside 0 to 1.
template <class T>
std::vector<double> varimax_rotation(factor_ref<T> loadings, double gamma = 1,
                                     double tolerance = 1e-10, std::size_t max_sweeps = 500)
{
    detail::require<invalid_argument>(gamma >= 0 && gamma <= 1,
                                      "varimax needs a gamma between 0 and 1, got ", gamma);
    const std::size_t k = loadings.rank();
    std::vector<std::vector<double>> columns(k);
    for (std::size_t j = 0; j < k; ++j)
        for (std::size_t i = 0; i < loadings.rows(); ++i)
            if (loadings.keeps(i))
                columns[j].push_back(static_cast<double>(loadings(i, j)));
    std::vector<double> rotation(k * k);
    for (std::size_t j = 0; j < k; ++j)
        rotation[j * k + j] = 1;

    const auto best_angle = [&](const std::vector<double>& x, const std::vector<double>& y)
    {
        double a = 0, b = 0, c = 0, d = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
        {
            const double u = x[i] * x[i] - y[i] * y[i], v = 2 * x[i] * y[i];
            a += u;
            b += v;
            c += u * u - v * v;
            d += 2 * u * v;
        }
        const double p = static_cast<double>(x.size());
        return std::atan2(d - 2 * gamma * a * b / p, c - gamma * (a * a - b * b) / p) / 4;
    };
    for (std::size_t sweep = 0; sweep < max_sweeps; ++sweep)
    {
        double largest = 0;
        for (std::size_t a = 0; a < k; ++a)
            for (std::size_t b = a + 1; b < k; ++b)
            {
                const double angle = best_angle(columns[a], columns[b]);
                const double cos = std::cos(angle), sin = std::sin(angle);
                const auto turn = [&](double& x, double& y)
                {
                    const double turned = cos * x + sin * y;
                    y = cos * y - sin * x;
                    x = turned;
                };
                for (std::size_t i = 0; i < columns[a].size(); ++i)
                    turn(columns[a][i], columns[b][i]);
                for (std::size_t i = 0; i < k; ++i)
                    turn(rotation[i * k + a], rotation[i * k + b]);
                largest = std::max(largest, std::abs(angle));
            }
        if (largest <= tolerance)
            break;
    }
    return rotation;
}

/// A model C S^T turned by varimax_rotation of its loadings, the components times their maps'
/// lengths: the same product, as C' S'^T. Components come out with unit length, largest entry
/// positive.
template <class T>
result<T> varimax(const result<T>& model, double gamma = 1)
{
    const auto C = model.maps_matrix(), S = model.components_matrix();
    const std::size_t k = model.rank(), n = C.rows(), m = S.rows();
    factor<T> maps(n, k), loadings(m, k);
    for (std::size_t j = 0; j < k; ++j)
    {
        const double length = std::sqrt(linalg::dot(C.column(j).data(), C.column(j).data(), n));
        for (std::size_t i = 0; i < n && length > 0; ++i)
            maps(i, j) = static_cast<T>(static_cast<double>(C(i, j)) / length);
        for (std::size_t c = 0; c < m; ++c)
            loadings(c, j) = static_cast<T>(static_cast<double>(S(c, j)) * length);
    }
    const auto rotation =
        varimax_rotation(std::as_const(loadings).view(&model.shape().channels), gamma);
    detail::transform_columns(maps.view(), rotation, 0);
    detail::transform_columns(loadings.view(), rotation, 0);
    result<T> out(std::move(maps), std::move(loadings), model.shape());
    out.status = model.status;
    out.mse = model.mse;
    out.objective = model.objective;
    out.rescale(scaling::unit_l2);
    out.make_largest_positive();
    return out;
}
}
