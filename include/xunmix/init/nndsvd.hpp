// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/points.hpp>
#include <xunmix/model/draw.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// What stands in a start by nndsvd where the singular vectors say zero.
enum class nndsvd_fill
{
    zero,  ///< nothing. Not for multiplicative updates, which never leave a zero
    mean,  ///< the mean of X (NNDSVDa)
    random ///< |normal| times a hundredth of the mean of X (NNDSVDar)
};

/// Start from the singular value decomposition X ~ sum_j s_j u_j v_j^T, non-negative double
/// (Boutsidis & Gallopoulos 2008): the first map and component are s_1^(1/2) |u_1| and s_1^(1/2)
/// |v_1|; of each further pair (u, v) the positive parts or the negative ones, whichever product of
/// norms m is larger, as unit vectors times (s_j m)^(1/2). Entries below 1e-6 of a factor's largest
/// are zero.
///
/// The fills are those of the paper and of scikit-learn, in units of X though a factor has those of
/// its root: with data of a mean far above 1 a fill by the mean drowns the rest. Eight reads of X.
struct nndsvd
{
    nndsvd_fill fill = nndsvd_fill::zero;

    /// Throws invalid_argument where X has a lower rank than is asked for, invalid_data where a
    /// fill is asked for and the mean of X is not positive.
    template <class M, class T>
    void operator()(const M& x, factor_ref<T> maps, factor_ref<T> components, random_engine& engine,
                    typename M::workspace& work) const
    {
        const std::size_t k = maps.rank();
        const double mean = x.summary().sum / static_cast<double>(x.summary().entries);
        detail::require<invalid_data>(fill == nndsvd_fill::zero || mean > 0,
                                      "nndsvd fills zeros from the mean of X, which must be "
                                      "positive, got ",
                                      mean, "; take nndsvd_fill::zero");
        const auto svd =
            detail::leading_directions(detail::evenly_weighted<M>(x), k, engine, work.threads);
        detail::require_rank(svd, k, "nndsvd");
        for (std::size_t j = 0; j < k; ++j)
            split(svd, j, maps.column(j), components.column(j));
        detail::weigh_by_root(inner_product_of(x, side::maps), maps, true);
        detail::weigh_by_root(inner_product_of(x, side::components), components, true);
        for (auto f : {maps, components})
            fill_zeros(f, mean, engine(), work.threads);
    }

  private:
    /// Norms of the positive and of the negative part.
    template <class T>
    static std::array<double, 2> norms(std::span<const T> values)
    {
        double plus = 0, minus = 0;
        for (const T x : values)
        {
            const auto value = static_cast<double>(x);
            (value > 0 ? plus : minus) += value * value;
        }
        return {std::sqrt(plus), std::sqrt(minus)};
    }

    /// Component j. v carries the length s_j, so that s_j m is the product of our norms.
    template <class T>
    static void split(const truncated_svd<T>& svd, std::size_t j, std::span<T> map,
                      std::span<T> component)
    {
        const auto u = svd.left.column(j), v = svd.right.column(j);
        const auto of_u = norms(u), of_v = norms(v);
        const bool minus = of_u[1] * of_v[1] > of_u[0] * of_v[0];
        const double all_u = j == 0 ? 1 : of_u[minus],
                     all_v = j == 0 ? std::sqrt(svd.squared_lengths[0]) : of_v[minus];
        // For data of both signs neither pair of parts may have anything.
        const bool any = all_u * all_v > 0;
        const double to_map = any ? std::sqrt(all_v / all_u) : 0,
                     to_component = any ? std::sqrt(all_u / all_v) : 0;
        const auto part = [&](T value, double scale)
        {
            const double x = (minus ? -1 : 1) * static_cast<double>(value);
            return static_cast<T>(scale * (j == 0 ? std::abs(x) : std::max(x, 0.0)));
        };
        for (std::size_t i = 0; i < u.size(); ++i)
            map[i] = part(u[i], to_map);
        for (std::size_t c = 0; c < v.size(); ++c)
            component[c] = part(v[c], to_component);
    }

    /// Sets what is zero to what `fill` says, and the masked rows to zero.
    template <class T>
    void fill_zeros(factor_ref<T> f, double mean, std::uint64_t key, std::size_t threads) const
    {
        T largest{0};
        for (auto column : f.columns())
            largest = std::max(largest, *std::max_element(column.begin(), column.end()));
        const T least = T(1e-6) * largest;
        if (fill == nndsvd_fill::random)
        {
            draw_by_rows(f, key, threads, normal01,
                         [&](T& value, double normal)
                         {
                             if (value <= least)
                                 value = static_cast<T>(std::abs(normal) * mean / 100);
                         });
            return;
        }
        for (auto column : f.columns())
            for (T& value : column)
                if (value <= least)
                    value = static_cast<T>(fill == nndsvd_fill::mean ? mean : 0);
        clear_masked(f);
    }
};
}
