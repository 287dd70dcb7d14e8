// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(xu::non_negative{}),
                  xu::on_maps(xu::sparse{.weight = 1}));
}
