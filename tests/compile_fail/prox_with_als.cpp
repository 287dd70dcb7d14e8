// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/update/als.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::als{}, xu::on_maps(xu::non_negative{}, only_prox{}));
}
