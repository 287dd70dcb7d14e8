// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/ard.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::ard{}, xu::on_components(only_gradient{}));
}
