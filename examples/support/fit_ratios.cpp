// SPDX-License-Identifier: BSD-3-Clause
#include "run_starts.hpp"

namespace support
{
namespace
{
template <class M, class... Loss>
outcome run_either(const M& data, const arguments& a, const interrupt_test& stop,
                   const Loss&... loss)
{
    if (a.algorithm == "ard_mu")
        return run_starts(data, a, xunmix::ard_multiplicative{}, stop, loss...);
    return run_starts(data, a, xunmix::multiplicative{}, stop, loss...);
}
}

template <class T>
outcome fit_ratios(const matrix<T>& data, const arguments& a, const interrupt_test& stop)
{
    return run_either(data, a, stop);
}
template <class T>
outcome fit_ratios(const xunmix::any_matrix<T>& data, const xunmix::beta_divergence& loss,
                   const arguments& a, const interrupt_test& stop)
{
    return run_either(data, a, stop, loss);
}

template outcome fit_ratios(const matrix<float>&, const arguments&, const interrupt_test&);
template outcome fit_ratios(const matrix<double>&, const arguments&, const interrupt_test&);
template outcome fit_ratios(const xunmix::any_matrix<float>&, const xunmix::beta_divergence&,
                            const arguments&, const interrupt_test&);
template outcome fit_ratios(const xunmix::any_matrix<double>&, const xunmix::beta_divergence&,
                            const arguments&, const interrupt_test&);
}
