// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/multiplicative.hpp>

struct without_power : half_square
{
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio) const
    {
        for (std::size_t i = 0; i < count; ++i)
            ratio[i] = x[i] / y[i];
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, without_power{});
}
