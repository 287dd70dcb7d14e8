// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/hals.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, [](const xu::iteration<float>&) {});
    xu::factorize(scan(), {.rank = 2}, xu::hals{},
                  [](const auto& it)
                  { return it.number > 3 ? xu::flow::stop : xu::flow::proceed; });
}
