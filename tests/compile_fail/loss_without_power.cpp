// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/update/multiplicative.hpp>

struct half_square
{
    using is_loss = void;
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio) const
    {
        for (std::size_t i = 0; i < count; ++i)
            ratio[i] = x[i] / y[i];
    }
    template <class F>
    double value(const F*, const F*, std::size_t, const F*, const F*) const
    {
        return 0;
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, half_square{});
}
