// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/runtime/any_update.hpp>

XUNMIX_PARTS_BY_RATIO(, float)
XUNMIX_PARTS_BY_RATIO(, double)
