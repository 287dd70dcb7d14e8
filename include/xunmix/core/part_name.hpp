// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#if !defined(__GNUC__)
#include <typeinfo>
#endif

namespace xunmix::detail
{
/// The name of a type as the compiler writes it, without the namespace xunmix: what files and
/// messages call a part by.
template <class Type>
std::string part_name()
{
#if defined(__GNUC__)
    std::string_view all = __PRETTY_FUNCTION__; // "... [with Type = xunmix::hals; ...]"
    constexpr std::string_view mark = "Type = ", space = "xunmix::";
    all.remove_prefix(all.find(mark) + mark.size());
    std::string name(all.substr(0, all.find_first_of(";]")));
    for (std::size_t at = name.find(space); at != name.npos; at = name.find(space))
        name.erase(at, space.size());
    return name;
#else
    return typeid(Type).name();
#endif
}
}
