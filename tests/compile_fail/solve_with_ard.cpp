// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/ard.hpp>

struct own
{
    void solve(xu::factor_ref<float>, const xu::normal_equations<float>&) const {}
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::ard{}, xu::on_maps(own{}));
}
