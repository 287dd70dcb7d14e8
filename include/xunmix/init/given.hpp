// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/init/fit.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Start from known maps (k, positions...), known components (k, channels...) or both; the one that
/// is not given is the clipped least-squares fit to the other. The values are a start only: to hold
/// them, use fixed.
struct given
{
    std::optional<tensor<double>> maps{};
    std::optional<tensor<double>> components{};

    /// Throws invalid_argument where nothing is given or a shape does not fit.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> c, factor_ref<T> s, random_engine&,
                    typename M::workspace& work) const
    {
        detail::require<invalid_argument>(maps || components,
                                          "given needs maps, components or both; neither was set");
        if (maps)
            copy(*maps, c, x.shape().positions, "maps");
        if (components)
            copy(*components, s, x.shape().channels, "components");
        if (!maps)
            detail::fit_clipped(x, side::maps, factor_ref<const T>(s), c, work);
        if (!components)
            detail::fit_clipped(x, side::components, factor_ref<const T>(c), s, work);
    }

  private:
    template <class T>
    static void copy(const tensor<double>& values, factor_ref<T> to, const grid& places,
                     const char* what)
    {
        std::vector<std::size_t> wanted{to.rank()};
        wanted.insert(wanted.end(), places.shape.begin(), places.shape.end());
        const std::vector<std::size_t> found(values.shape().begin(), values.shape().end());
        detail::require<invalid_argument>(found == wanted, "given ", what, " must have the shape ",
                                          detail::shape_text(wanted), ", got ",
                                          detail::shape_text(found));
        for (std::size_t j = 0; j < to.rank(); ++j)
            for (std::size_t i = 0; i < to.rows(); ++i)
                to(i, j) = static_cast<T>(values.data()[j * to.rows() + i]);
        clear_masked(to);
    }
};
}
