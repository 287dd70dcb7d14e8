// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <vector>

#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(std::vector<float>(120), {.rank = 2}, xu::hals{});
}
