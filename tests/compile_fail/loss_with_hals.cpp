// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::beta_divergence{});
}
