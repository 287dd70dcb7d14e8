// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <span>

#include <xunmix/update/hals.hpp>

struct own
{
    void add_to_rhs(xu::factor_ref<float>, xu::factor_ref<float>) const {}
    void project(xu::factor_ref<float>) const {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}));
}
