// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/rank/reporter.hpp>

XUNMIX_RANK_REPORT(, float)
XUNMIX_RANK_REPORT(, double)
