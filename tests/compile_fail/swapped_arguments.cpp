// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(scan(), xu::hals{}, xu::options{.rank = 2});
}
