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
    double least = 0; ///< see vca: what multiplicative updates want, which never leave a zero

    template <class M, class T>
    void operator()(const M& x, xunmix::factor_ref<T> maps, xunmix::factor_ref<T> components,
                    xunmix::random_engine& engine, typename M::workspace& work) const
    {
        const auto start = [&](const auto& init) { init(x, maps, components, engine, work); };
        using xunmix::nndsvd_fill;
        if (name == "positions")
            start(xunmix::random_positions{});
        else if (name == "vca")
            start(xunmix::vca{.least = least});
        else if (name == "spa")
            start(xunmix::spa{.least = least});
        else if (name == "signal_subspace")
            start(xunmix::signal_subspace{.least = least});
        else if (name.starts_with("nndsvd"))
            start(xunmix::nndsvd{.fill = name.ends_with("ar")  ? nndsvd_fill::random
                                         : name.ends_with("a") ? nndsvd_fill::mean
                                                               : nndsvd_fill::zero});
        else
            start(xunmix::random_uniform{});
    }
};

/// Whether these updates multiply, so that a zero stays zero.
bool is_multiplicative(const std::string& algorithm);
/// Whether they find the number of components themselves.
bool finds_rank(const std::string& algorithm);
/// Whether such a start is the same for every seed.
bool is_the_same_for_all_seeds(const std::string& init);

chosen_start start_of(const arguments& a);

/// The weight of soft orthogonality; 0 for algorithms that have none.
double orthogonality_of(const arguments& a);

/// The constraints' names that `a` stands for, defaults filled in.
std::vector<std::string> constraint_names(const arguments& a, xunmix::side side);

/// use(X, whether its elements are counted spectra) for a scan of whatever type. `keep` masks
/// channels where it is false.
template <class Use>
auto with_elements(const xunmix::any_tensor& scan, const std::vector<std::size_t>& positions,
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
            const bool is_counted =
                std::is_integral_v<T> && unfolded.shape().channels.shape.size() == 1;
            return use(xunmix::any_matrix<xunmix::factor_value_t<T>>(
                           xunmix::dense<T>(unfolded, a.threads)),
                       is_counted);
        },
        scan);
}

/// use(X, name of the noise model), X weighted as --noise says.
template <class Use>
auto with_matrix(const xunmix::any_tensor& scan, const std::vector<std::size_t>& positions,
                 const std::optional<xunmix::tensor<bool>>& keep, const arguments& a, Use&& use)
{
    return with_elements(scan, positions, keep, a,
                         [&]<class F>(xunmix::any_matrix<F> data, bool is_counted)
                         {
                             if (a.noise == "poisson" || (a.noise == "auto" && is_counted))
                                 return use(xunmix::poisson_scaled(std::move(data), a.threads),
                                            "poisson");
                             return use(xunmix::unscaled(std::move(data), a.threads), "gaussian");
                         });
}

/// use(update) with the update that --algorithm names, among those that keep all components.
template <class Use>
auto with_update(const arguments& a, Use&& use)
{
    if (a.algorithm == "als")
        return use(xunmix::als{});
    if (a.algorithm == "mals")
        return use(xunmix::mals{});
    if (a.algorithm == "mu")
        return use(xunmix::multiplicative{});
    if (a.algorithm == "bpp")
        return use(xunmix::bpp{});
    if (a.algorithm == "soft_orthogonal")
        return use(xunmix::soft_orthogonal{.weight = orthogonality_of(a), .on = a.orthogonal_side});
    return use(xunmix::hals{});
}
}
