// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

int main()
{
    static_cast<void>(xu::make_solver(scan(), {.rank = 2}, xu::hals{}, 7));
}
