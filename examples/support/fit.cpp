// SPDX-License-Identifier: BSD-3-Clause
#include "fit.hpp"
#include "fit_families.hpp"
#include "model.hpp"

#include <xunmix/core/error.hpp>

namespace support
{
namespace
{
template <class T>
outcome fit_weighted(const matrix<T>& data, const arguments& a, const interrupt_test& stop)
{
    if (is_multiplicative(a.algorithm))
        return fit_ratios(data, a, stop);
    if (a.algorithm == "hals" || a.algorithm == "soft_orthogonal" || a.algorithm == "ard")
        return fit_columns(data, a, stop);
    return fit_whole_factors(data, a, stop);
}
}

outcome fit(const xunmix::any_tensor& scan, const std::vector<std::size_t>& positions,
            const std::optional<xunmix::tensor<bool>>& keep, const arguments& a,
            const std::function<bool()>& interrupted)
{
    if (a.beta)
    {
        auto out = with_elements(scan, positions, keep, a,
                                 [&](const auto& data, bool)
                                 {
                                     const xunmix::beta_divergence loss{*a.beta};
                                     return fit_ratios(data, loss, a, interrupted);
                                 });
        out.noise = xunmix::detail::text("beta divergence ", *a.beta);
        return out;
    }
    return with_matrix(scan, positions, keep, a,
                       [&](const auto& data, const char* noise)
                       {
                           auto out = fit_weighted(data, a, interrupted);
                           out.noise = noise;
                           return out;
                       });
}
}
