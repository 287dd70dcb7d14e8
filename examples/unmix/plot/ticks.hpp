// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

namespace unmix
{
/// As a figure writes it, in at most `digits` significant digits: "0.25", "1200", "3.1×10⁻⁵".
std::string short_number(double value, int digits = 2);

/// Whether low < high by so much that numbers between them can be told apart on an axis: by a
/// billionth of the larger modulus.
bool is_resolved(double low, double high);

/// 1, 2 or 5 times a power of ten, the largest that is no larger than `value` > 0.
double round_down(double value);

/// Round numbers within [low, high]: steps of 1, 2, 2.5 or 5 times a power of ten, at most
/// `count` + 1 of them; {low} where the bounds cannot be told apart.
std::vector<double> linear_ticks(double low, double high, int count);

/// Powers of ten within [low, high], thinned out to about `count`, with 2 and 5 times each where
/// there is room; linear ticks where there are fewer than two. Both bounds above zero.
std::vector<double> logarithmic_ticks(double low, double high, int count);

/// Labels of ticks, all with the same number of decimals; 10ⁿ on a logarithmic axis of decades.
std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool logarithmic = false);
}
