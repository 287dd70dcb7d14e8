// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/multiplicative.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, half_square{});
}
