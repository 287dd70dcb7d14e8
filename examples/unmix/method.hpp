// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "arguments.hpp"

#include <string>
#include <vector>

#include <xunmix/model/factor.hpp>

namespace xunmix
{
class any_start;
class any_update;
}

// From what the user typed about the method to what the library takes.
namespace unmix
{
/// Whether these updates multiply, so that a zero stays zero.
bool is_multiplicative(const std::string& algorithm);
/// Whether they find the number of components themselves.
bool finds_rank(const std::string& algorithm);
/// Whether such a start is the same for every seed.
bool is_the_same_for_all_seeds(const std::string& init);

xunmix::any_update update_of(const arguments& a);
xunmix::any_start start_of(const arguments& a);

/// The weight of soft orthogonality; 0 for algorithms that have none.
double orthogonality_of(const arguments& a);

/// The constraints' names that `a` stands for, defaults filled in.
std::vector<std::string> constraint_names(const arguments& a, xunmix::side side);
}
