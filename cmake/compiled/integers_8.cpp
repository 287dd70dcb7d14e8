// SPDX-License-Identifier: BSD-3-Clause
#include "elements.hpp"

XUNMIX_ELEMENT(std::int8_t, float)
XUNMIX_ELEMENT(std::uint8_t, float)
