// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <span>

#include <xunmix/update/hals.hpp>

struct own
{
    void prox_column(xu::factor_ref<float>, std::size_t) const {}
    void project(xu::factor_ref<float>) const {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}));
}
