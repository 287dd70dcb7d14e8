// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <xunmix/io/scan_file.hpp>
#include <xunmix/xunmix.hpp>

// From what the user typed to what the library takes.
namespace support
{
/// X of any element type, its elements weighted or not.
template <class F>
using matrix = xunmix::scaled<xunmix::any_matrix<F>>;

/// The start that --init names.
struct chosen_start
{
    std::string name;

    template <class M, class T>
    void operator()(const M& x, xunmix::factor_ref<T> maps, xunmix::factor_ref<T> components,
                    xunmix::random_engine& engine, typename M::workspace& work) const
    {
        if (name == "positions")
            xunmix::random_positions{}(x, maps, components, engine, work);
        else
            xunmix::random_uniform{}(x, maps, components, engine, work);
    }
};

/// The constraints' names that `a` stands for, defaults filled in.
std::vector<std::string> constraint_names(const arguments& a, xunmix::side side);

/// use(X, name of the noise model) for a scan of whatever type. `keep` masks channels where it is
/// false.
template <class Use>
auto with_matrix(const xunmix::any_tensor& scan, const std::vector<std::size_t>& positions,
                 const std::optional<xunmix::tensor<bool>>& keep, const arguments& a, Use&& use)
{
    return std::visit(
        [&]<class T>(const xunmix::tensor<T>& values)
        {
            auto unfolded = xunmix::unfold(values, xunmix::positions(positions));
            if (keep)
                unfolded = unfolded.mask_channels(*keep);
            if (a.clip_negative)
                unfolded = unfolded.clipped(T{0});
            xunmix::any_matrix<xunmix::factor_value_t<T>> data(
                xunmix::dense<T>(unfolded, a.threads));
            const bool is_counted =
                std::is_integral_v<T> && unfolded.shape().channels.shape.size() == 1;
            if (a.noise == "poisson" || (a.noise == "auto" && is_counted))
                return use(xunmix::poisson_scaled(std::move(data), a.threads), "poisson");
            return use(xunmix::unscaled(std::move(data), a.threads), "gaussian");
        },
        scan);
}

/// use(update) with the update that --algorithm names.
template <class Use>
auto with_update(const arguments& a, Use&& use)
{
    if (a.algorithm == "als")
        return use(xunmix::als{});
    if (a.algorithm == "mu")
        return use(xunmix::multiplicative{});
    if (a.algorithm == "bpp")
        return use(xunmix::bpp{});
    return use(xunmix::hals{});
}
}
