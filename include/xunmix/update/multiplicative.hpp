// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// The multiplicative update of Lee & Seung 1999/2001 (Kimoto 2025, SI Eqs. S3 and S4, Listing S1):
///
///     F <- F * rhs / (F gram),   penalties' gradients split into  (rhs + minus) / (F gram + plus).
///
/// X and the start must be non-negative; the factors then stay so, whatever constraint is given.
/// A zero stays zero. Where the denominator is zero, 1.19e-7 stands in its place (as in
/// scikit-learn). The objective never rises.
struct multiplicative
{
    static constexpr bool row_separable = true;
    static constexpr side first = side::maps;
    static constexpr bool needs_non_negative_data = true;
    static constexpr bool takes_loss = true;

    template <class T>
    struct state
    {
        buffer<T> whole; ///< room for F gram where a constraint needs the whole factor at once
    };

    template <class M, class T>
    static constexpr pairing pairing_with()
    {
        if constexpr (std::is_same_v<M, unconstrained> || hook::normalize<M, T> ||
                      (hook::split_gradient<M, T> && !hook::project<M, T>) ||
                      (hook::project<M, T> && (traits<M>::entrywise || traits<M>::orthant)))
            return pairing::descent; // the majoriser is separable: clipping its minimiser is exact
        else if constexpr (hook::project<M, T>)
            return pairing::heuristic;
        else
            return pairing::unsupported;
    }
    template <class M, class T>
    static constexpr void check_pairing()
    {
        static_assert(
            pairing_with<M, T>() != pairing::unsupported,
            "multiplicative cannot use this constraint: it multiplies by a ratio of "
            "gradients and takes constraints with split_gradient, project or normalize; "
            "use hals or als for one that only has prox_column, add_to_gram or add_to_rhs");
    }

    /// Throws invalid_argument for ranks above 8192.
    template <class T, class C>
    void prepare(matrix_ref<double> gram, const grid& places, const C& c, state<T>& s) const
    {
        detail::require<invalid_argument>(gram.rows <= room, "multiplicative takes ranks up to ",
                                          room, ", got ", gram.rows);
        if (!is_row_separable(c))
            s.whole.get(places.size() * gram.rows);
    }

    template <class T, class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c,
                    const state<T>& s) const
    {
        if (!is_row_separable(c))
            multiply(f, eq, c, s.whole.data());
        else
        {
            T memory[room];
            const std::size_t tile = std::clamp<std::size_t>(room / f.rank(), 1, 64);
            for (std::size_t i = 0; i < f.rows(); i += tile)
            {
                const std::size_t count = std::min(tile, f.rows() - i);
                multiply(f.block(i, count), {eq.gram, eq.rhs.block(i, count)}, c, memory);
            }
        }
        project_others(f, c);
    }

    /// The step of a whole factor with another loss, whose two parts are given.
    template <class T, class C>
    void step(factor_ref<T> f, factor_ref<T> numerator, factor_ref<T> denominator, const C& c,
              double exponent, const state<T>&) const
    {
        step(f, numerator, denominator, c, exponent);
        project_others(f, c);
    }
    /// F <- F * ((rhs + minus) / (denominator + plus))^exponent with the constraint's split
    /// gradient, which is added to both.
    template <class T, class C>
    static void step(factor_ref<T> f, factor_ref<T> rhs, factor_ref<T> denominator, const C& c,
                     double exponent)
    {
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::split_gradient<M, T>)
                                m.split_gradient(factor_ref<const T>(f), denominator, rhs);
                        });
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
            {
                const T below = denominator(i, j) == T{0} ? T{1.1920929e-7F} : denominator(i, j),
                        ratio = rhs(i, j) / below;
                f(i, j) *= exponent == 1 ? ratio : std::pow(ratio, static_cast<T>(exponent));
            }
    }
    /// Projections that the multiplication does not take care of.
    template <class T, class C>
    static void project_others(factor_ref<T> f, const C& c)
    {
        bool needed = false;
        for_each_member(c, [&]<class M>(const M&)
                        { needed |= hook::project<M, T> && !traits<M>::orthant; });
        if (needed)
            project(c, f);
    }

  private:
    static constexpr std::size_t room = 8192;

    template <class T, class C>
    static void multiply(factor_ref<T> f, const normal_equations<T>& eq, const C& c, T* memory)
    {
        const factor_ref<T> plus(memory, f.rows(), f.rank(), f.rows(), f.places(), f.first_row());
        const factor_ref<T> minus = eq.rhs;
        for (std::size_t j = 0; j < f.rank(); ++j)
        {
            T* sum = plus.column(j).data();
            std::fill_n(sum, f.rows(), T{0});
            for (std::size_t l = 0; l < f.rank(); ++l)
            {
                const T g = static_cast<T>(eq.gram(j, l));
                const T* column = f.column(l).data();
                for (std::size_t i = 0; i < f.rows(); ++i)
                    sum[i] += g * column[i];
            }
        }
        step(f, minus, plus, c, 1);
    }
};
}
