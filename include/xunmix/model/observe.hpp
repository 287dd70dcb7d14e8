// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/iteration.hpp>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace xunmix
{
/// Stops once `seconds` of computing have passed.
struct stop_after
{
    double seconds = 0;

    template <class T>
    flow operator()(const iteration<T>& it) const
    {
        return it.seconds >= seconds ? flow::stop : flow::proceed;
    }
};

/// Stops once the mean square error, with another loss its mean divergence, is at most `mse`.
struct stop_below
{
    double mse = 0;

    template <class T>
    flow operator()(const iteration<T>& it) const
    {
        return it.misfit() <= mse ? flow::stop : flow::proceed;
    }
};

/// Writes the progress to a stream: on a terminal one line that renews itself, with a bar, the rate
/// and the time left; elsewhere a plain line for the iterations 1, 2, 5, 10, 20, 50, ... and the
/// last. The one thing in the library that prints, and only where it is asked for.
class progress_bar
{
  public:
    enum class style
    {
        automatic, ///< bar where the stream is std::cout, std::cerr or std::clog on a terminal
        bar,
        lines
    };

    explicit progress_bar(std::ostream& out = std::clog, style how = style::automatic,
                          std::string label = "")
        : out_(&out)
        , bar_(how == style::bar || (how == style::automatic && is_terminal(out)))
        , label_(std::move(label))
    {
    }

    template <class T>
    void operator()(const iteration<T>& it)
    {
        if (bar_)
            *out_ << '\r' << line(it) << "\033[K" << (it.last ? "\n" : "") << std::flush;
        else if (it.last || is_milestone(it.number))
            *out_ << line(it) << '\n' << std::flush;
    }

  private:
    static bool is_milestone(std::size_t n)
    {
        while (n % 10 == 0)
            n /= 10;
        return n == 1 || n == 2 || n == 5;
    }
    static bool is_terminal(const std::ostream& out)
    {
#if __has_include(<unistd.h>)
        return &out == &std::cout                         ? isatty(STDOUT_FILENO) != 0
               : &out == &std::cerr || &out == &std::clog ? isatty(STDERR_FILENO) != 0
                                                          : false;
#else
        (void)out;
        return false;
#endif
    }
    template <class T>
    std::string line(const iteration<T>& it) const
    {
        const std::size_t number = it.number, total = it.max_iterations;
        std::ostringstream text;
        text << label_;
        if (bar_)
        {
            constexpr std::size_t width = 24;
            const std::size_t full = total ? number * width / total : width;
            text << '[' << std::string(full, '#') << std::string(width - full, '.') << "] ";
        }
        const double rate = it.seconds > 0 ? static_cast<double>(number) / it.seconds : 0;
        text << "iteration " << number << '/' << total
             << (is_nan(it.divergence) ? "  mse " : "  divergence ") << std::setprecision(6)
             << std::abs(it.misfit()) << "  " << rounded(rate) << " it/s";
        if (rate > 0 && number < total)
            text << "  at most " << duration(static_cast<double>(total - number) / rate) << " left";
        return text.str();
    }
    /// Three digits, never with an exponent.
    static std::string rounded(double x)
    {
        std::ostringstream text;
        text << std::setprecision(x < 100 ? 3 : 0) << (x < 100 ? std::defaultfloat : std::fixed)
             << x;
        return text.str();
    }
    static std::string duration(double seconds)
    {
        if (seconds < 100)
            return rounded(seconds) + " s";
        return rounded(std::floor(seconds / 60)) + " min " +
               rounded(std::floor(std::fmod(seconds, 60))) + " s";
    }

    std::ostream* out_;
    bool bar_;
    std::string label_;
};
}
