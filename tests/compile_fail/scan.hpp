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

/// A user's constraint with nothing but split_gradient.
struct only_gradient
{
    template <class T>
    void split_gradient(xu::factor_ref<const T>, xu::factor_ref<T>, xu::factor_ref<T>) const
    {
    }
};
