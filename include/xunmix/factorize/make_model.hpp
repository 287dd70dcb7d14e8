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
/// The model that iterates on these parts: an alternation for least squares, a
/// divergence_alternation for another loss. Only what a program names is compiled.
template <template <class> class Model, class T>
std::unique_ptr<model_base<T>> make_model(model_parts<T> parts)
{
    return std::make_unique<Model<T>>(std::move(parts));
}
}
}

#define XUNMIX_MODEL(prefix, T)                                                                    \
    prefix template std::unique_ptr<xunmix::model_base<T>>                                         \
        xunmix::detail::make_model<xunmix::alternation, T>(xunmix::model_parts<T>);                \
    prefix template std::unique_ptr<xunmix::model_base<T>>                                         \
        xunmix::detail::make_model<xunmix::divergence_alternation, T>(xunmix::model_parts<T>);
#ifdef XUNMIX_COMPILED
XUNMIX_MODEL(extern, float)
XUNMIX_MODEL(extern, double)
#endif
