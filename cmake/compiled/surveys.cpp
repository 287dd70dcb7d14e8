// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/survey/surveyor.hpp>

XUNMIX_SURVEYOR(, float)
XUNMIX_SURVEYOR(, double)
