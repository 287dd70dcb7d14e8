// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Only what nearly all of these programs need: each is compiled on its own.
#include <xunmix/factorize/factorize.hpp>

namespace xu = xunmix;

/// Something to factorize: these programs are compiled, never run.
inline auto scan()
{
    return xu::unfold(xu::tensor<float>::from_shape({4, 5, 6}), xu::positions{0, 1});
}

/// A user's constraint with nothing but prox_column.
struct only_prox
{
    template <class T>
    void prox_column(xu::factor_ref<T>, std::size_t, T) const
    {
    }
};

/// A user's update that leaves everything as it is.
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
};

/// A user's loss.
struct half_square
{
    using is_loss = void;
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio, F* power) const
    {
        for (std::size_t i = 0; i < count; ++i)
            ratio[i] = x[i], power[i] = y[i];
    }
    template <class F>
    double value(const F*, const F*, std::size_t, const F*, const F*) const
    {
        return 0;
    }
};

/// A user's constraint with nothing but split_gradient.
struct only_gradient
{
    template <class T>
    void split_gradient(xu::factor_ref<const T>, xu::factor_ref<T>, xu::factor_ref<T>) const
    {
    }
};
