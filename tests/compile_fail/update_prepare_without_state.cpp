// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

struct prepares : keeps_all
{
    template <class C>
    void prepare(xu::matrix_ref<double>, const xu::grid&, const C&) const
    {
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, prepares{});
}
