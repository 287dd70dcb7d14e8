// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/survey/compression.hpp>
#include <xunmix/survey/multi_start.hpp>
#include <xunmix/update/hals.hpp>

/// Has every hook that others spell wrongly.
struct own
{
    void project(xu::factor_ref<float>) const {}
    void prox_column(xu::factor_ref<float>, std::size_t, float) const {}
    void add_to_rhs(xu::factor_ref<float>, xu::factor_ref<const float>) const {}
    double value(xu::factor_ref<const float>) const
    {
        return 0;
    }
};
static_assert(xu::check_constraint<own, float>());

/// Has a solver for a member, whatever that is made of.
struct live_unmixer
{
    xu::solver<float> solver;
};

int main()
{
    live_unmixer one{xu::make_solver(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}))};
    one.solver = xu::make_solver(scan(), {.rank = 2}, xu::hals{}, xu::random_uniform{},
                                 xu::on_components(xu::non_negative{}));
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::compression{},
                  [](const xu::iteration<float>&) {});
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::multi_start{});
}
