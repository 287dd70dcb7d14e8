// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/survey/compression.hpp>
#include <xunmix/survey/multi_start.hpp>
#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::compression{}, xu::multi_start{});
}
