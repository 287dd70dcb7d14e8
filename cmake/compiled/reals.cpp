// SPDX-License-Identifier: BSD-3-Clause
#include "elements.hpp"

XUNMIX_ELEMENT(float, float)
XUNMIX_ELEMENT(double, double)
