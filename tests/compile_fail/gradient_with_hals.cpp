// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_components(only_gradient{}));
}
