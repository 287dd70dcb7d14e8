// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// The one version number: CMake reads it from here.
#define XUNMIX_VERSION_MAJOR 0
#define XUNMIX_VERSION_MINOR 1
#define XUNMIX_VERSION_PATCH 0

namespace xunmix
{
inline constexpr const char* version = "0.1.0";
}
