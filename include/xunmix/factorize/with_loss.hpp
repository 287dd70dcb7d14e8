// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/loss.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// A multiplicative update that minimises another loss than least squares: what factorize makes of
/// the two arguments.
template <class U, class L>
struct with_loss
{
    U update;
    L loss;

    using loss_type = L;
    static constexpr bool row_separable = false;
    static constexpr bool has_replaceable_step = false;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = true;

    template <class T>
    using state = typename U::template state<T>;

    /// Penalties are balanced against least squares; with another loss a step may go too far.
    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        constexpr pairing own = update_hook::pairing_with<U, M, T>();
        return hook::value<M, T> && own == pairing::descent ? pairing::heuristic : own;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        update_hook::check_pairing<U, M, T>();
    }
    template <class M>
    void validate(const M& x) const
    {
        loss_hook::validate(loss, x);
        if constexpr (requires { update.validate(x); })
            update.validate(x);
    }
    template <class T>
    void adapt(const standing<T>& now, state<T>& maps, state<T>& components) const
        requires(requires { update.adapt_to(now, 1.0, maps, components); })
    {
        update.adapt_to(now, 1.0, maps, components);
    }
    template <class T>
    double objective(const standing<T>& now) const requires(requires { update.penalty(now); })
    {
        return now.loss + 2 * update.penalty(now);
    }
    double least_relevance() const requires(requires { update.least_relevance(); })
    {
        return update.least_relevance();
    }

    /// The step of either factor from numerators and denominators of the loss.
    template <class T, class C>
    void step(factor_ref<T> f, factor_ref<T> numerator, factor_ref<T> denominator, const C& c,
              const state<T>& s) const
    {
        update.step(f, numerator, denominator, c, loss_hook::exponent(loss), s);
    }
};
}
