// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>

namespace xunmix
{
/// A loss is asked for no more elements than this at once.
inline constexpr std::size_t loss_strip = 64;

namespace loss_hook
{
template <class L, class T>
concept weighs = requires(const L& loss, const T* x, T* out, const double* wide, double* wide_out)
{
    loss.weigh(x, x, std::size_t{}, out, out);
    loss.weigh(wide, wide, std::size_t{}, wide_out, wide_out);
};
}

/// A loss d(x, y) of data x from the model y = (C S^T), element by element: what multiplicative
/// updates minimise instead of least squares where it is among the arguments of factorize. Its
/// derivative by y is split into two parts that are not negative, d' = Q - R; the maps then change
/// by
///
///     C <- C * ((R S) / (Q S))^exponent,     and S likewise
///
/// (Fevotte & Idier 2011; Lee & Seung 2001). It has
///
///   is_loss                              an alias of any type, by which a loss is recognised
///   weigh(x, y, count, ratio, power)     ratio = R and power = Q of `count` elements
///   value(x, y, count, ratio, power)     twice the sum of d(x, y), from what weigh gave of them
///
/// both const and templates of the number type F: the iterations call them with the factors' type,
/// concurrently, what is reported of a result is formed in double. `x` is not negative, `y` is
/// positive, `count` at most loss_strip. The objective is twice the sum, so that
/// |X - C S^T|^2 would be that of d = (x - y)^2 / 2.
template <class L, class T>
concept element_loss = loss_hook::weighs<L, T> &&
    requires(const L& loss, const T* x, const double* wide)
{
    typename L::is_loss;
    {
        loss.value(x, x, std::size_t{}, x, x)
        } -> std::convertible_to<double>;
    {
        loss.value(wide, wide, std::size_t{}, wide, wide)
        } -> std::convertible_to<double>;
};

// What a loss offers beyond that, all optional, all const.
//
//   double exponent()
//       such that no step raises the objective (default: 1)
//   bool has_plain_denominators()
//       whether Q is 1 everywhere: weigh then leaves `power` alone, and only half as much is summed
//       (default: false)
//   bool is_finite_at_zero()
//       whether d(x, 0) is finite where x is not zero (default: false)
//   void validate(const M& x)
//       throws where its own options, or the data, break a rule; before any work
namespace loss_hook
{
template <class L>
double exponent(const L& loss)
{
    if constexpr (requires { loss.exponent(); })
        return loss.exponent();
    else
        return 1;
}
template <class L>
bool has_plain_denominators(const L& loss)
{
    if constexpr (requires { loss.has_plain_denominators(); })
        return loss.has_plain_denominators();
    else
        return false;
}
template <class L>
bool is_finite_at_zero(const L& loss)
{
    if constexpr (requires { loss.is_finite_at_zero(); })
        return loss.is_finite_at_zero();
    else
        return false;
}
template <class L, class M>
void validate(const L& loss, const M& x)
{
    if constexpr (requires { loss.validate(x); })
        loss.validate(x);
}
}

/// Does not compile, and says what is wrong, unless L is a loss for factors of T: for a user's own
/// loss, static_assert(check_loss<L, float>()).
template <class L, class T>
constexpr bool check_loss()
{
    static_assert(loss_hook::weighs<L, T>,
                  "a loss's weigh is: template <class F> void weigh(const F* x, const F* y, "
                  "std::size_t count, F* ratio, F* power) const");
    static_assert(element_loss<L, T>,
                  "a loss's value is: template <class F> double value(const F* x, const F* y, "
                  "std::size_t count, const F* ratio, const F* power) const");
    return true;
}
}
