// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <utility>

#include <xunmix/core/compiled.hpp>
#include <xunmix/factorize/alternation.hpp>
#include <xunmix/factorize/divergence_alternation.hpp>
#include <xunmix/factorize/model_base.hpp>

namespace xunmix
{
namespace detail
{
/// The model that iterates on these parts.
template <class T>
std::unique_ptr<model_base<T>> make_model(model_parts<T> parts)
{
    if (parts.loss)
        return std::make_unique<divergence_alternation<T>>(std::move(parts));
    return std::make_unique<alternation<T>>(std::move(parts));
}
}
}

#define XUNMIX_MODEL(prefix, T)                                                                    \
    prefix template std::unique_ptr<xunmix::model_base<T>> xunmix::detail::make_model<T>(          \
        xunmix::model_parts<T>);
#ifdef XUNMIX_COMPILED
XUNMIX_MODEL(extern, float)
XUNMIX_MODEL(extern, double)
#endif
