// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/runtime/any_update.hpp>

XUNMIX_PARTS_WHOLE(, float)
XUNMIX_PARTS_WHOLE(, double)
