// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/runtime/any_update.hpp>

XUNMIX_PARTS_BY_COLUMN(, float)
XUNMIX_PARTS_BY_COLUMN(, double)
