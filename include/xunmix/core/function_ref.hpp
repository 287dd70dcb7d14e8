// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace xunmix
{
template <class Signature>
class function_ref;

/// A function to call, for the length of a call: refers to it and keeps nothing. What is called
/// once a block of rows goes through it, so that the code around is compiled once, whatever is
/// called.
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)>
{
  public:
    template <class Function,
              std::enable_if_t<!std::is_same_v<std::remove_cvref_t<Function>, function_ref> &&
                                   std::is_invocable_r_v<Result, Function&, Arguments...>,
                               int> = 0>
    function_ref(Function&& f)
        : function_(const_cast<void*>(static_cast<const void*>(std::addressof(f))))
        , call_(
              [](void* function, Arguments... arguments) -> Result
              {
                  return (*static_cast<std::remove_reference_t<Function>*>(function))(
                      std::forward<Arguments>(arguments)...);
              })
    {
    }

    Result operator()(Arguments... arguments) const
    {
        return call_(function_, std::forward<Arguments>(arguments)...);
    }

  private:
    void* function_;
    Result (*call_)(void*, Arguments...);
};
}
