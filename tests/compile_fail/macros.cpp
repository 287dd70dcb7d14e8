// SPDX-License-Identifier: BSD-3-Clause
// Macros that system headers define elsewhere (windows.h, AssertMacros.h of macOS). Those named min
// and max break xtensor too: NOMINMAX keeps them away.
#include <algorithm>
#include <chrono>
#include <complex>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <xtensor-blas/xlinalg.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

#define check(assertion)
#define verify(assertion)
#define interface struct
#define small char
#define near
#define far

#include <xunmix/io/npy.hpp>
#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

int main() {}
