// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/soft_orthogonal.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::soft_orthogonal{}, xu::on_components(only_gradient{}));
}
