// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/factorize/make_model.hpp>

XUNMIX_MODEL(, float)
XUNMIX_MODEL(, double)
template <>
const char xunmix::detail::library_for_registers<xunmix::simd::register_bytes>::here = 0;
