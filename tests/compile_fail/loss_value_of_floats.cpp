// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/multiplicative.hpp>

struct value_of_floats : half_square
{
    double value(const float*, const float*, std::size_t, const float*, const float*) const
    {
        return 0;
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, value_of_floats{});
}
