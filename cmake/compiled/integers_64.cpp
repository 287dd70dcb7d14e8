// SPDX-License-Identifier: BSD-3-Clause
#include "elements.hpp"

XUNMIX_ELEMENT(std::int64_t, double)
XUNMIX_ELEMENT(std::uint64_t, double)
