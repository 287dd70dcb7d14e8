// SPDX-License-Identifier: BSD-3-Clause
#include "run_starts.hpp"

namespace support
{
template <class T>
outcome fit_whole_factors(const matrix<T>& data, const arguments& a, const interrupt_test& stop)
{
    if (a.algorithm == "als")
        return run_starts(data, a, xunmix::als{}, stop);
    if (a.algorithm == "mals")
        return run_starts(data, a, xunmix::mals{}, stop);
    return run_starts(data, a, xunmix::bpp{}, stop);
}

template outcome fit_whole_factors(const matrix<float>&, const arguments&, const interrupt_test&);
template outcome fit_whole_factors(const matrix<double>&, const arguments&, const interrupt_test&);
}
