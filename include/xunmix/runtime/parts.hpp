// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Every update with constraints chosen by name, out of the compiled library where there is one.
#include <xunmix/core/compiled.hpp>
#include <xunmix/factorize/factor_part.hpp>
#include <xunmix/factorize/with_loss.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace xunmix::detail
{
using multiplicative_with_beta = with_loss<multiplicative, beta_divergence>;
using ard_multiplicative_with_beta = with_loss<ard_multiplicative, beta_divergence>;
}

#define XUNMIX_PARTS_BY_COLUMN(prefix, T)                                                          \
    XUNMIX_PART(prefix, xunmix::hals, xunmix::any_constraint, T)                                   \
    XUNMIX_PART(prefix, xunmix::soft_orthogonal, xunmix::any_constraint, T)                        \
    XUNMIX_PART(prefix, xunmix::ard, xunmix::any_constraint, T)
#define XUNMIX_PARTS_WHOLE(prefix, T)                                                              \
    XUNMIX_PART(prefix, xunmix::als, xunmix::any_constraint, T)                                    \
    XUNMIX_PART(prefix, xunmix::mals, xunmix::any_constraint, T)                                   \
    XUNMIX_PART(prefix, xunmix::bpp, xunmix::any_constraint, T)
#define XUNMIX_PARTS_BY_RATIO(prefix, T)                                                           \
    XUNMIX_PART(prefix, xunmix::multiplicative, xunmix::any_constraint, T)                         \
    XUNMIX_PART(prefix, xunmix::ard_multiplicative, xunmix::any_constraint, T)                     \
    XUNMIX_PART(prefix, xunmix::detail::multiplicative_with_beta, xunmix::any_constraint, T)       \
    XUNMIX_PART(prefix, xunmix::detail::ard_multiplicative_with_beta, xunmix::any_constraint, T)
#ifdef XUNMIX_COMPILED
XUNMIX_PARTS_BY_COLUMN(extern, float)
XUNMIX_PARTS_BY_COLUMN(extern, double)
XUNMIX_PARTS_WHOLE(extern, float)
XUNMIX_PARTS_WHOLE(extern, double)
XUNMIX_PARTS_BY_RATIO(extern, float)
XUNMIX_PARTS_BY_RATIO(extern, double)
#endif
