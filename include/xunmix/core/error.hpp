// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace xunmix
{
/// Base of every exception the library throws on its own account.
struct error : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// An option, a shape or an axis that contradicts the rules.
struct invalid_argument : error
{
    using error::error;
};

/// The data itself breaks a rule: NaN, negative counts where none may be, nothing left unmasked.
struct invalid_data : error
{
    using error::error;
};

/// A file that cannot be read or written, or holds something else than it should.
struct io_error : error
{
    using error::error;
};

namespace detail
{
inline void append(std::string& out, std::string_view part)
{
    out += part;
}
inline void append(std::string& out, char part)
{
    out += part;
}
template <std::integral Number>
void append(std::string& out, Number part)
{
    out += std::to_string(part);
}
/// Six significant digits, with a point whatever the host's locale is.
inline void append(std::string& out, double part)
{
    char digits[32];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, part, std::chars_format::general, 6);
    out.append(digits, end.ptr);
}

/// Everything in `parts`, one after the other, as text.
template <class... Parts>
std::string text(const Parts&... parts)
{
    std::string out;
    (append(out, parts), ...);
    return out;
}

/// "(100, 100, 128)": how shapes are written in messages.
template <class Shape>
std::string shape_text(const Shape& shape)
{
    std::string out = "(";
    for (auto extent : shape)
        out += text(out.size() > 1 ? ", " : "", extent);
    return out + ')';
}

/// Throws `Error` with all of `parts`. Never inlined: messages are most of what a program compiles,
/// and least of what it runs.
template <class Error, class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts)
{
    throw Error(text(parts...));
}

/// Throws `Error` with all of `parts` unless `rule` holds.
template <class Error, class... Parts>
void require(bool rule, const Parts&... parts)
{
    if (!rule)
        fail<Error>(parts...);
}
}
}
