// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid_laplacian.hpp>

namespace xunmix
{
/// Spatial smoothing: weight sum_j sum_(i ~ i') (F_ij - F_i'j)^2 = weight tr(F^T L F) in the
/// objective, over all pairs of neighbours along each axis of the factor's image; L = D - A is the
/// grid's Laplacian (Cai et al. 2011), borders are Neumann's, and a masked place is nobody's
/// neighbour. For maps of a line, an area or a volume, and along the channels for components.
///
/// With hals each column goes down by exact coordinate descent, the even and the odd places of the
/// checkerboard in turn:
///
///     F_ij <- prox( (r_ij + weight sum_(i' ~ i) F_i'j) / (gram_jj + weight d_i) ),
///
/// r_ij = rhs_ij - sum_(l != j) F_il gram_lj, d_i the number of neighbours. multiplicative splits
/// the gradient into weight D F and weight A F. als and bpp solve the small systems of a bound that
/// touches the penalty at the F they start from: weight c I beside the Gram matrix and
/// weight (c F - L F) beside the right-hand sides, c >= the largest eigenvalue of L.
///
/// The weight is in the units of |X|^2 / F^2, so it means something only where the other factor's
/// scale is held: give that unit_norm.
struct smooth
{
    static constexpr bool scale_free = true, keeps_order = false;

    double weight = 0;

    /// Throws invalid_argument unless 0 <= weight < infinity, and for a factor without neighbours.
    void validate(const grid& places, std::size_t) const
    {
        detail::require<invalid_argument>(
            weight >= 0 && is_finite(weight),
            "smooth needs a weight that is not negative and finite, got ", weight);
        detail::require<invalid_argument>(grid_laplacian::largest_eigenvalue(places) > 0,
                                          "smooth needs a factor that is an image of at least two "
                                          "places, this one has the shape ",
                                          detail::shape_text(places.shape));
    }
    template <class T>
    double value(factor_ref<const T> f) const
    {
        double sum = 0;
        for (auto column : f.columns())
            sum += grid_laplacian::inner(*f.places(), column);
        return weight * sum;
    }

    void add_to_gram(matrix_ref<double> gram, const grid& places) const
    {
        for (std::size_t j = 0; j < gram.rows; ++j)
            gram(j, j) += weight * grid_laplacian::largest_eigenvalue(places);
    }
    template <class T>
    void add_to_rhs(factor_ref<T> rhs, factor_ref<const T> f) const
    {
        const grid& places = *f.places();
        const T w = static_cast<T>(weight),
                c = static_cast<T>(weight * grid_laplacian::largest_eigenvalue(places));
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            for (std::size_t i = 0; i < f.rows(); ++i)
                rhs(i, j) += c * f(i, j);
            grid_laplacian::add_by_degree(places, -w, f.column(j), rhs.column(j));
            grid_laplacian::add_neighbours(places, w, f.column(j), rhs.column(j));
        }
    }

    /// curvature_i += weight d_i
    template <class T>
    void add_curvature(const grid& places, std::size_t, std::span<T> curvature) const
    {
        grid_laplacian::add_degrees(places, static_cast<T>(weight), curvature);
    }
    /// pull += weight A f
    template <class T>
    void add_pull(const grid& places, std::size_t, std::span<const T> f, std::span<T> pull) const
    {
        grid_laplacian::add_neighbours(places, static_cast<T>(weight), f, pull);
    }

    template <class T>
    void split_gradient(factor_ref<const T> f, factor_ref<T> plus, factor_ref<T> minus) const
    {
        const T w = static_cast<T>(weight);
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            grid_laplacian::add_by_degree(*f.places(), w, f.column(j), plus.column(j));
            grid_laplacian::add_neighbours(*f.places(), w, f.column(j), minus.column(j));
        }
    }
};
}
