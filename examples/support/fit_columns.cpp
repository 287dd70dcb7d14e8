// SPDX-License-Identifier: BSD-3-Clause
#include "run_starts.hpp"

namespace support
{
template <class T>
outcome fit_columns(const matrix<T>& data, const arguments& a, const interrupt_test& stop)
{
    const double weight = orthogonality_of(a);
    if (a.algorithm == "soft_orthogonal")
        return run_starts(data, a,
                          xunmix::soft_orthogonal{.weight = weight, .on = a.orthogonal_side}, stop);
    if (a.algorithm == "ard")
        return run_starts(data, a, xunmix::ard{.orthogonality = weight}, stop);
    return run_starts(data, a, xunmix::hals{}, stop);
}

template outcome fit_columns(const matrix<float>&, const arguments&, const interrupt_test&);
template outcome fit_columns(const matrix<double>&, const arguments&, const interrupt_test&);
}
