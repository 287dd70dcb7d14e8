// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"
#include "input.hpp"

namespace unmix
{
/// Does to a scan what the arguments ask for, in this order: spikes replaced, hot channels masked,
/// background subtracted. What was done is noted in `in.prepared`; the scan then has its positions
/// first where its elements changed. Throws xunmix::error for rules and windows that do not fit.
void preprocess(input& in, const arguments& a);
}
