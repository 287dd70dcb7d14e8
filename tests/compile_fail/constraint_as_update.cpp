// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::non_negative{});
}
