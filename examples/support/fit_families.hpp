// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fit.hpp"
#include "model.hpp"

#include <functional>

#include <xunmix/loss/beta_divergence.hpp>

// The algorithms in three families, each with a source file of its own, since they take long to
// compile.
namespace support
{
using interrupt_test = std::function<bool()>;

/// als, mals and bpp: each factor as a whole, from its normal equations.
template <class T>
outcome fit_whole_factors(const matrix<T>& data, const arguments& a, const interrupt_test& stop);
/// hals, soft_orthogonal and ard: one column after the other.
template <class T>
outcome fit_columns(const matrix<T>& data, const arguments& a, const interrupt_test& stop);
/// mu and ard_mu.
template <class T>
outcome fit_ratios(const matrix<T>& data, const arguments& a, const interrupt_test& stop);
/// mu and ard_mu with another loss than least squares, for which they need the elements themselves.
template <class T>
outcome fit_ratios(const xunmix::any_matrix<T>& data, const xunmix::beta_divergence& loss,
                   const arguments& a, const interrupt_test& stop);
}
