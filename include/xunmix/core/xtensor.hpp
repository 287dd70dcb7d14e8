// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// The only place that names xtensor's headers: 0.24 and 0.25 keep them flat, 0.26 and later sort
// them into folders.
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xexpression_traits.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xexpression_traits.hpp>
#include <xtensor/xtensor.hpp>
#endif

namespace xunmix
{
/// A C-order tensor of any rank: what results come back as. The layout is named so that
/// XTENSOR_DEFAULT_LAYOUT cannot change it.
template <class T>
using tensor = xt::xarray<T, xt::layout_type::row_major>;
}
