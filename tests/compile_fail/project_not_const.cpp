// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <span>

#include <xunmix/update/hals.hpp>

struct own
{
    void project(xu::factor_ref<float>) {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}));
}
