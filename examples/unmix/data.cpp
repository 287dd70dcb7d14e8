// SPDX-License-Identifier: BSD-3-Clause
#include "data.hpp"

#include <type_traits>

#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace unmix
{
namespace
{
/// Whether the scan consists of spectra that were counted.
bool is_counted_spectra(const input& in)
{
    const bool is_counted = std::visit(
        []<class T>(const xunmix::tensor<T>&) { return std::is_integral_v<T>; }, in.scan.data);
    return is_counted && in.channel_axes.size() == 1;
}
}

any_data unfold(const input& in, const arguments& a)
{
    return std::visit(
        [&]<class T>(const xunmix::tensor<T>& scan) -> any_data
        {
            auto unfolded = xunmix::unfold(scan, xunmix::positions(in.positions));
            if (in.keep)
                unfolded = unfolded.mask_channels(*in.keep);
            if (a.clip_negative)
                unfolded = unfolded.clipped(T{0});
            return xunmix::detail::as_any_matrix(xunmix::dense<T>(unfolded, a.threads));
        },
        in.scan.data);
}

weighted_data weigh(const input& in, const arguments& a)
{
    const bool is_poisson = a.noise == "poisson" || (a.noise == "auto" && is_counted_spectra(in));
    auto x = unfold(in, a);
    if (!is_poisson)
        return {std::move(x), "gaussian"};
    return {std::visit(
                [&](auto matrix) -> any_data {
                    return xunmix::detail::as_any_matrix(
                        xunmix::poisson_scaled(std::move(matrix), a.threads));
                },
                std::move(x)),
            "poisson"};
}
}
