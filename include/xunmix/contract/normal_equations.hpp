// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// The small system an update solves for a factor F: with O the other factor, gram = O^T O (k x k)
/// and rhs = X O (rows x k), so that 1/2 |X - F O^T|^2 = 1/2 <F gram, F> - <F, rhs> + const.
template <class T>
struct normal_equations
{
    matrix_ref<const double> gram;
    factor_ref<T> rhs; ///< an update may use it as scratch: its contents are not needed afterwards
};
}
