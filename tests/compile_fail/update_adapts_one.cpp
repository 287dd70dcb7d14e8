// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

struct adapts : keeps_all
{
    template <class T>
    void adapt(const xu::standing<T>&, state<T>&) const
    {
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, adapts{});
}
