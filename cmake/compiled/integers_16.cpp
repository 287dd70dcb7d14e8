// SPDX-License-Identifier: BSD-3-Clause
#include "elements.hpp"

XUNMIX_ELEMENT(std::int16_t, float)
XUNMIX_ELEMENT(std::uint16_t, float)
