// SPDX-License-Identifier: BSD-3-Clause
#include "data.hpp"

#include <utility>

#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>

namespace unmix
{
any_data unfold(const input& in, const arguments& a)
{
    return std::visit(
        [&]<class T>(const xunmix::tensor<T>& scan) -> any_data
        { return xunmix::detail::as_any_matrix(xunmix::dense<T>(unfold(scan, in, a), a.threads)); },
        in.scan.data);
}

weighted_data weigh(const input& in, const arguments& a)
{
    const bool is_counted_spectra = holds_integers(in) && in.channel_axes.size() == 1;
    const bool is_poisson = a.noise == "poisson" || (a.noise == "auto" && is_counted_spectra);
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
