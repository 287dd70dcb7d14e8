// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// How a tensor was unfolded: what is needed to fold factors back.
struct unfolding
{
    grid positions;
    grid channels;
    std::vector<std::size_t> axes{}; ///< axes of the tensor: the positions', then the channels'

    const grid& of(side s) const
    {
        return s == side::maps ? positions : channels;
    }
    /// min(n, m) unmasked: no rank of X is higher.
    std::size_t smaller_side() const
    {
        return std::min(positions.kept(), channels.kept());
    }
};

/// A factor as a tensor (k, places...), masked places set to `fill`: maps fold to (k, y, x),
/// components to (k, v, u). Throws invalid_argument unless the factor has a row for every place.
template <class T>
tensor<std::remove_const_t<T>> fold(factor_ref<T> factor, const grid& places, double fill = 0)
{
    using V = std::remove_const_t<T>;
    detail::require<invalid_argument>(
        factor.rows() == places.size(), "fold needs a factor with one row a place of ",
        detail::shape_text(places.shape), ", got ", factor.rows(), " rows");
    std::vector<std::size_t> shape{factor.rank()};
    shape.insert(shape.end(), places.shape.begin(), places.shape.end());
    auto out = tensor<V>::from_shape(shape);
    for (std::size_t j = 0; j < factor.rank(); ++j)
        for (std::size_t i = 0; i < factor.rows(); ++i)
            out.data()[j * factor.rows() + i] =
                places.keeps(i) ? factor(i, j) : static_cast<V>(fill);
    return out;
}
}
