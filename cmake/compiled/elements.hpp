// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/factorize/factorize.hpp>

/// Compiles what depends on the element type T of a scan and on the type F of its factors.
#define XUNMIX_ELEMENT(T, F)                                                                       \
    XUNMIX_UNFOLD(, T, F) XUNMIX_KERNELS(, T, F) XUNMIX_RESIDUAL(, T, F) XUNMIX_DENSE(, T, F)
