// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

struct own
{
    void project(xu::factor_ref<float>) const {}
    void prepare(xu::factor_ref<const float>) {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}));
}
