// SPDX-License-Identifier: BSD-3-Clause
#include "elements.hpp"

XUNMIX_ELEMENT(std::int32_t, float)
XUNMIX_ELEMENT(std::uint32_t, float)
