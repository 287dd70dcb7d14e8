// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

struct own
{
    void solve(xu::factor_ref<float>, const xu::normal_equations<float>&) {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(own{}));
}
