// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(xu::tensor<float>::from_shape({4, 5, 6}), {.rank = 2}, xu::hals{});
}
