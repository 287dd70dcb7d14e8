// SPDX-License-Identifier: BSD-3-Clause
#include <xunmix/svd/pca.hpp>

XUNMIX_PCA(, float)
XUNMIX_PCA(, double)
