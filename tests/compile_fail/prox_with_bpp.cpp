// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/update/bpp.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::bpp{}, xu::on_maps(xu::non_negative{}, only_prox{}));
}
