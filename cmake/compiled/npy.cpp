// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/io/npy.hpp>

XUNMIX_FOR_EACH_ELEMENT(XUNMIX_NPY, )
