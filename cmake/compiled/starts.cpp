// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/runtime/any_start.hpp>

XUNMIX_ANY_START(, float)
XUNMIX_ANY_START(, double)
XUNMIX_RANDOM_START(, float)
XUNMIX_RANDOM_START(, double)
