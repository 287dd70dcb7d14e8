// SPDX-License-Identifier: BSD-3-Clause
#include "ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace unmix
{
namespace
{
std::string fixed(double value, int decimals)
{
    std::string text = fmt::format("{:.{}f}", value, decimals);
    if (!text.starts_with('-'))
        return text;
    const bool is_zero = text.find_first_of("123456789") == text.npos;
    return (is_zero ? "" : "−") + text.substr(1);
}

std::string without_trailing_zeros(std::string text)
{
    if (text.find('.') == text.npos)
        return text;
    text.erase(text.find_last_not_of('0') + 1);
    return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

std::string superscript(int exponent)
{
    static constexpr std::array<const char*, 10> digits{"⁰", "¹", "²", "³", "⁴",
                                                        "⁵", "⁶", "⁷", "⁸", "⁹"};
    std::string text = exponent < 0 ? "⁻" : "";
    for (const char digit : fmt::to_string(std::abs(exponent)))
        text += digits.at(static_cast<std::size_t>(digit - '0'));
    return text;
}

int exponent_of(double value)
{
    return value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
}

std::string scientific(double value, int digits)
{
    const int exponent = exponent_of(value);
    const std::string factor =
        without_trailing_zeros(fixed(value / std::pow(10.0, exponent), digits - 1));
    return (factor == "1" ? "" : factor + "×") + "10" + superscript(exponent);
}
}

std::string short_number(double value, int digits)
{
    if (!std::isfinite(value))
        return std::isnan(value) ? "nan" : value > 0 ? "∞" : "−∞";
    const double unit = std::pow(10.0, exponent_of(value) - digits + 1);
    const double rounded = std::round(value / unit) * unit;
    const int exponent = exponent_of(rounded);
    if (exponent < -3 || exponent > 4)
        return scientific(rounded, digits);
    return without_trailing_zeros(fixed(rounded, std::max(0, digits - 1 - exponent)));
}

bool is_resolved(double low, double high)
{
    return high - low > std::max(1e-300, 1e-9 * std::max(std::abs(low), std::abs(high)));
}

double round_down(double value)
{
    const double power = std::pow(10.0, std::floor(std::log10(value) + 1e-9));
    const double factor = value / power * (1 + 1e-9);
    return power * (factor >= 5 ? 5 : factor >= 2 ? 2 : 1);
}

std::vector<double> linear_ticks(double low, double high, int count)
{
    if (!std::isfinite(high - low) || !is_resolved(low, high) || count < 1)
        return {low};
    const double least = (high - low) / count;
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    double step = 10 * power;
    for (const double factor : {5.0, 2.5, 2.0, 1.0})
        if (factor * power >= least * (1 - 1e-9))
            step = factor * power;
    std::vector<double> ticks;
    const double slack = 1e-6;
    const double first = std::ceil(low / step - slack);
    const auto steps = static_cast<int>(std::floor(high / step + slack) - first);
    for (int i = 0; i <= steps; ++i)
        ticks.push_back((first + i) * step);
    return ticks;
}

std::vector<double> logarithmic_ticks(double low, double high, int count)
{
    const double decades = std::log10(high) - std::log10(low);
    const std::vector<int> factors =
        3 * decades <= count ? std::vector<int>{1, 2, 5} : std::vector<int>{1};
    const int stride = static_cast<int>(decades) / std::max(count, 1) + 1;
    const double slack = 1 + 1e-9;
    std::vector<double> ticks;
    for (int exponent = exponent_of(low); exponent <= exponent_of(high); ++exponent)
        for (const int factor : factors)
        {
            const double tick = factor * std::pow(10.0, exponent);
            if (exponent % stride == 0 && tick * slack >= low && tick <= high * slack)
                ticks.push_back(tick);
        }
    return ticks.size() > 1 ? ticks : linear_ticks(low, high, count);
}

std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool logarithmic)
{
    double largest = 0;
    for (const double tick : ticks)
        largest = std::max(largest, std::abs(tick));
    int decimals = 0;
    const auto is_exact = [&](double tick)
    {
        const double power = std::pow(10.0, decimals);
        return std::abs(std::round(tick * power) / power - tick) <= 1e-6 * largest;
    };
    while (decimals < 12 && !std::ranges::all_of(ticks, is_exact))
        ++decimals;
    const bool powers = logarithmic && ticks.size() > 1 && ticks[1] >= 9.99 * ticks[0];
    const bool is_short = decimals <= 4 && largest < 1e5;
    std::vector<std::string> labels;
    labels.reserve(ticks.size());
    for (const double tick : ticks)
        labels.push_back(powers      ? "10" + superscript(exponent_of(tick))
                         : is_short  ? fixed(tick, decimals)
                         : tick == 0 ? "0"
                                     : scientific(tick, 3));
    return labels;
}
}
