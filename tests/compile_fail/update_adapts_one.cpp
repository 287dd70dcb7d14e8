// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

struct keeps_all
{
    static constexpr xu::side first = xu::side::maps;
    static constexpr bool row_separable = true, needs_non_negative_data = false;

    template <class T>
    struct state
    {
    };
    template <class C, class T>
    void prepare(xu::matrix_ref<double>, const xu::grid&, const C&, state<T>&) const
    {
    }
    template <class C, class T>
    void operator()(xu::factor_ref<T>, const xu::normal_equations<T>&, const C&, state<T>&) const
    {
    }
    template <class T>
    void adapt(const xu::standing<T>&, state<T>&) const
    {
    }
};

int main()
{
    xu::factorize(scan(), {.rank = 2}, keeps_all{});
}
