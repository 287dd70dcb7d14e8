// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <type_traits>

// Whether a type has a member of a certain name, whatever it is: a hook that is there and cannot be
// called has a slip in it, and would otherwise be taken for one that is not there.
namespace xunmix::detail
{
/// names_hook<C>() for a hook's name: one of C and one of a class that has it would be ambiguous.
#define XUNMIX_NAMES(hook)                                                                         \
    struct other_##hook                                                                            \
    {                                                                                              \
        int hook;                                                                                  \
    };                                                                                             \
    template <class C>                                                                             \
    struct both_##hook : C, other_##hook                                                           \
    {                                                                                              \
    };                                                                                             \
    template <class C>                                                                             \
    constexpr bool names_##hook()                                                                  \
    {                                                                                              \
        if constexpr (std::is_class_v<C> && !std::is_final_v<C>)                                   \
            return !requires                                                                       \
            {                                                                                      \
                &both_##hook<C>::hook;                                                             \
            };                                                                                     \
        else                                                                                       \
            return false;                                                                          \
    }
XUNMIX_NAMES(value)
XUNMIX_NAMES(prepare)
XUNMIX_NAMES(add_to_gram)
XUNMIX_NAMES(add_to_rhs)
XUNMIX_NAMES(add_curvature)
XUNMIX_NAMES(add_pull)
XUNMIX_NAMES(colour)
XUNMIX_NAMES(prox_column)
XUNMIX_NAMES(project)
XUNMIX_NAMES(solve)
XUNMIX_NAMES(split_gradient)
XUNMIX_NAMES(normalize)
XUNMIX_NAMES(is_due)
XUNMIX_NAMES(memory)
XUNMIX_NAMES(validate)
XUNMIX_NAMES(is_known)
XUNMIX_NAMES(adapt)
XUNMIX_NAMES(is_settled)
XUNMIX_NAMES(objective)
XUNMIX_NAMES(least_relevance)
#undef XUNMIX_NAMES
}
