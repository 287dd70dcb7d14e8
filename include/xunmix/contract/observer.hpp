// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <type_traits>

#include <xunmix/model/iteration.hpp>

namespace xunmix
{
/// Anything called after each iteration: returns nothing, or flow::stop to end there.
template <class O, class T>
concept observer = requires(O& tell, const iteration<T>& it)
{
    requires std::is_void_v<decltype(tell(it))> || std::is_same_v<decltype(tell(it)), flow>;
};
}
