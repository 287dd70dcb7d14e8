// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <xunmix/contract/check_constraint.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/pairing.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/model/data_summary.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/options.hpp>

namespace xunmix
{
namespace detail
{
/// Which factors are known to the last entry, so that only the other one is looked for.
struct known_factors
{
    bool maps = false, components = false;
};

/// Throws invalid_argument for options that break a rule or do not fit the data's size.
template <class M>
void check_options(const M& x, const options& opt, const known_factors& known = {})
{
    const std::size_t n = x.shape().positions.kept(), m = x.shape().channels.kept();
    const auto got = static_cast<std::ptrdiff_t>(opt.rank); // -1 where somebody passed that
    if (known.components || known.maps)
        require<invalid_argument>(opt.rank >= 1 && opt.rank <= (known.components ? m : n),
                                  "the rank must be at least 1 and at most the number of ",
                                  known.components ? "channels" : "positions", " where all ",
                                  known.components ? "components" : "maps", " are known, ",
                                  known.components ? m : n, " unmasked; got ", got);
    else
        require<invalid_argument>(
            opt.rank >= 1 && opt.rank <= std::min(n, m),
            "the rank must be at least 1 and at most the smaller of positions and "
            "channels, min(",
            n, ", ", m, ") unmasked; got ", got);
    require<invalid_argument>(opt.tolerance >= 0 && is_finite(opt.tolerance),
                              "the tolerance must be zero (never stop on it) or positive, got ",
                              opt.tolerance);
}

/// Throws invalid_data for data no factorization, or not this update, can work on.
template <class M>
void check_data(const M& x, bool needs_non_negative)
{
    const auto& s = x.summary();
    check_finite(s);
    require<invalid_data>(
        s.minimum != 0 || s.maximum != 0,
        "X is zero at all unmasked places: there is nothing to factorize; look at "
        "the file, the choice of positions and the masks");
    using limits = std::numeric_limits<typename M::factor_type>;
    require<invalid_data>(s.squared_norm > limits::min() / limits::epsilon() &&
                              s.squared_norm < limits::max() * limits::epsilon(),
                          "X is out of the range in which ", sizeof(typename M::factor_type),
                          "-byte factors can be computed: its values go from ", s.minimum, " to ",
                          s.maximum, ", and |X|^2 is ", s.squared_norm,
                          "; scale it to values near 1, or unfold it as double");
    if (needs_non_negative)
        require<invalid_data>(s.negative == 0, "multiplicative updates need X >= 0: it holds ",
                              s.negative, " negative values, the smallest ", s.minimum,
                              "; clip them with unfold(...).clipped(0), or use hals or als");
}

/// Throws invalid_data where non-negative factors could not be anything but zero.
template <class M>
void check_positive(const M& x)
{
    require<invalid_data>(x.summary().maximum > 0, "X has no value above zero, its largest is ",
                          x.summary().maximum,
                          ", and where neither maps nor components may be negative both would "
                          "become zero; change its sign, add an offset, or let one of the two be "
                          "negative");
}

/// Whether one of its members keeps a factor from being negative.
template <class C>
bool keeps_non_negative(const C& c)
{
    bool out = false;
    for_each_member(c,
                    [&]<class Member>(const Member& m)
                    {
                        out = out || traits<Member>::in_orthant;
                        if constexpr (requires { m.lower; })
                            out = out || m.lower >= 0;
                    });
    return out;
}

/// Whether a member leaves no unmasked entry of a factor free.
template <class C>
bool is_known(const C& c, const grid& places, std::size_t rank)
{
    bool out = false;
    for_each_member(c,
                    [&]<class Member>(const Member& m)
                    {
                        if constexpr (requires { m.is_known(places, rank); })
                            out = out || m.is_known(places, rank);
                    });
    return out;
}

/// Throws invalid_argument where one factor is known and the update does not find the best of the
/// other: it solves without the constraint, then clips.
template <class Part>
void check_known(const Part& maps, const Part& components, const known_factors& known)
{
    const auto is_clipped = [](const Part& part)
    { return part.rules().non_negative && part.rules().how != pairing::descent; };
    const bool clips = maps.clips() && ((known.components && is_clipped(maps)) ||
                                        (known.maps && is_clipped(components)));
    require<invalid_argument>(!clips, "where all ", known.components ? "components" : "maps",
                              " are known, what is looked for is the non-negative least-squares "
                              "fit of the other factor; ",
                              maps.update_name(),
                              " would clip the fit without constraints instead: take bpp, which "
                              "is exact, or hals");
}

/// Throws invalid_argument where one member moves a factor's scale to the other factor and another
/// member, or the update itself, holds the scale of either.
template <class Rules>
void check_scale(const Rules& maps, const Rules& components, bool update_normalizes)
{
    const std::size_t moving = maps.normalizing + components.normalizing;
    const bool free = maps.holds_no_scale && components.holds_no_scale;
    require<invalid_argument>(!update_normalizes || (moving == 0 && free),
                              "this update holds the components at unit length itself: "
                              "unit_norm and constraints that hold the scale of a factor "
                              "(bounded, sum_to_one, fixed) cannot go with it; leave them out");
    require<invalid_argument>(moving == 0 || (moving == 1 && free),
                              "a constraint that moves one factor's scale to the other, as "
                              "unit_norm does, cannot go with one that holds the scale of either "
                              "(bounded, sum_to_one, fixed, another unit_norm); leave one out");
}

/// Throws invalid_argument unless a factor is finite at the start, and not negative where the
/// update needs that.
template <class T>
void check_start(factor_ref<const T> f, side which, bool needs_non_negative)
{
    std::size_t non_finite = 0, negative = 0;
    for (auto column : f.columns())
        for (T x : column)
        {
            non_finite += !is_finite(x);
            negative += x < 0;
        }
    require<invalid_argument>(non_finite == 0, "the start must be finite: the ", name(which),
                              " hold ", non_finite, " NaN or infinite values");
    if (needs_non_negative)
        require<invalid_argument>(negative == 0,
                                  "multiplicative updates need factors >= 0 to start from: the ",
                                  name(which), " hold ", negative,
                                  " negative values; add non_negative, or use hals or als");
}

/// Does not compile where a member is no constraint, or one that the update can do nothing with.
/// (What is chosen at run time, constraints or the update, is looked at then.)
template <class U, class T, class C>
constexpr void check_types(const C& c)
{
    if constexpr (!requires { C::chosen_at_run_time; })
        for_each_member(c,
                        []<class Member>(const Member&)
                        {
                            static_assert(xunmix::check_constraint<Member, T>());
                            constexpr bool beside = !hook::solve<Member, T> &&
                                                    names_solving<T>(static_cast<C*>(nullptr));
                            if constexpr (constraint<Member, T> && beside)
                                static_assert(pairing_beside_solve<Member, T>(true) !=
                                                  pairing::unsupported,
                                              "beside a constraint with solve, another one has "
                                              "add_to_gram, add_to_rhs, project or normalize");
                            else if constexpr (constraint<Member, T> && !update_choice<U>)
                                update_hook::check_pairing<U, Member, T>();
                        });
}

/// Lets every member check its own options against the factor's shape. Throws invalid_argument for
/// a constraint chosen at run time that the update can do nothing with, and for two that would take
/// the place of its step.
template <class U, class T, class C>
void check_options_of(const C& c, const grid& places, std::size_t rank, const char* where)
{
    const auto solving = find_solving<T>(c);
    require<invalid_argument>(solving.count <= 1, "the ", where, " have ", solving.count,
                              " constraints that take the place of the update's step, which one "
                              "can do at most; leave the others out");
    for_each_member(
        c,
        [&]<class Member>(const Member& m)
        {
            const bool beside = solving.count > 0 && !hook::solve<Member, T>;
            const pairing how = beside ? pairing_beside_solve<Member, T>(solving.in_orthant)
                                       : update_hook::pairing_with<U, Member, T>();
            require<invalid_argument>(how != pairing::unsupported, "the constraint on the ", where,
                                      " has no hook this update can use; see the "
                                      "table in include/xunmix/contract/README.md");
            if constexpr (requires { m.validate(places, rank); })
                m.validate(places, rank);
        });
}
}
}
