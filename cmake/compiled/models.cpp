// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/factorize/solver.hpp>
#include <xunmix/matrix/scaled.hpp>

XUNMIX_MODEL(, float)
XUNMIX_MODEL(, double)
XUNMIX_SOLVER(, float)
XUNMIX_SOLVER(, double)
XUNMIX_SCALED(, float)
XUNMIX_SCALED(, double)
template <>
void xunmix::detail::need_library_for_registers<xunmix::simd::register_bytes>()
{
}
