// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/runtime/parts.hpp>

XUNMIX_PARTS_WHOLE(, float)
XUNMIX_PARTS_WHOLE(, double)
