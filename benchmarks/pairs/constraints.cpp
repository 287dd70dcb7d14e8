// SPDX-License-Identifier: BSD-3-Clause
// What constraints and weights cost an iteration of hals.
#include "rows.hpp"

namespace pairs
{
namespace
{
template <class Maps, class Components>
measurement with(const Maps& maps, const Components& components)
{
    return iterations(31, matrix(), {}, xu::hals{}, maps, components);
}
}

std::vector<row> constraints()
{
    return {
        {"two-reads",
         []
         {
             const auto whole = [](xu::factor_ref<float> f) { xu::non_negative{}.project(f); };
             return with(xu::on_maps(whole), on_components);
         }},
        {"smooth", []
         { return with(xu::on_maps(xu::non_negative{}, xu::smooth{.weight = 1}), on_components); }},
        {"resolution-limit",
         [] { return with(xu::on_maps(xu::resolution_limit{.cutoff = 0.25}), on_components); }},
        {"no-peaks",
         [] {
             return with(on_maps,
                         xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{}));
         }},
        {"scaled",
         []
         {
             return iterations(31, xu::poisson_scaled(matrix(), threads), {}, xu::hals{}, on_maps,
                               on_components);
         }},
    };
}
}
