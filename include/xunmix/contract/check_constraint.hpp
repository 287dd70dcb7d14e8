// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/names.hpp>

namespace xunmix
{
namespace detail
{
/// The hooks that come before and after an iteration, or before them all.
template <class C>
constexpr bool check_hooks_around()
{
    static_assert(!names_is_due<C>() || hook::is_due<C>,
                  "a constraint's is_due is: bool is_due(std::size_t iteration) const");
    static_assert(!names_memory<C>() || hook::memory<C>,
                  "a constraint's memory and memory_size, which go together, are: "
                  "std::vector<double>& memory(); std::size_t memory_size(const grid& places, "
                  "std::size_t rank) const");
    static_assert(
        !names_validate<C>() ||
            requires(const C& c, const grid& places) { c.validate(places, std::size_t{1}); },
        "a constraint's validate is: void validate(const grid& places, std::size_t rank) const");
    static_assert(
        !names_is_known<C>() ||
            requires(const C& c, const grid& places) { c.is_known(places, std::size_t{1}); },
        "a constraint's is_known is: bool is_known(const grid& places, std::size_t rank) const");
    return true;
}
}

/// Does not compile, and says what is wrong, unless C is a constraint for factors of T whose hooks
/// can all be called: for a user's own constraint, static_assert(check_constraint<C, float>()). Of
/// one that wraps another, the other one is looked at.
template <class C, class T>
constexpr bool check_constraint()
{
    constexpr bool wraps = requires
    {
        typename C::wrapped;
    };
    if constexpr (wraps)
        static_assert(check_constraint<typename C::wrapped, T>());
    else
        static_assert(detail::check_hooks_around<C>());
    static_assert(wraps || !detail::names_value<C>() || hook::value<C, T>,
                  "a constraint's value is: double value(factor_ref<const T> F) const");
    static_assert(wraps || !detail::names_prepare<C>() || hook::prepare<C, T>,
                  "a constraint's prepare is: void prepare(factor_ref<const T> F, const "
                  "surroundings& around)");
    static_assert(wraps || !detail::names_add_to_gram<C>() || hook::add_to_gram<C, T>,
                  "a constraint's add_to_gram is: void add_to_gram(matrix_ref<double> G, const "
                  "grid& places) const");
    static_assert(wraps || !detail::names_add_to_rhs<C>() || hook::add_to_rhs<C, T>,
                  "a constraint's add_to_rhs is: void add_to_rhs(factor_ref<T> B, factor_ref<const "
                  "T> F) const");
    static_assert(wraps || !(detail::names_add_curvature<C>() || detail::names_add_pull<C>()) ||
                      hook::couples_places<C, T>,
                  "a constraint's add_curvature and add_pull, which go together, are: void "
                  "add_curvature(const grid& places, std::size_t j, std::span<T> d) const; void "
                  "add_pull(const grid& places, std::size_t j, std::span<const T> f, std::span<T> "
                  "p) const");
    static_assert(wraps || !detail::names_colour<C>() || hook::colour<C>,
                  "a constraint's colour is: std::size_t colour(const grid& places, "
                  "std::span<std::size_t> colours) const");
    static_assert(wraps || !detail::names_prox_column<C>() || hook::prox_column<C, T>,
                  "a constraint's prox_column is: void prox_column(factor_ref<T> F, std::size_t j, "
                  "T step) const");
    static_assert(wraps || !detail::names_project<C>() || hook::member_project<C, T>,
                  "a constraint's project is: void project(factor_ref<T> F) const");
    static_assert(wraps || !detail::names_solve<C>() || hook::solve<C, T>,
                  "a constraint's solve is: void solve(factor_ref<T> F, const normal_equations<T>& "
                  "equations) const");
    static_assert(wraps || !detail::names_split_gradient<C>() || hook::split_gradient<C, T>,
                  "a constraint's split_gradient is: void split_gradient(factor_ref<const T> F, "
                  "factor_ref<T> plus, factor_ref<T> minus) const");
    static_assert(wraps || !detail::names_normalize<C>() || hook::normalize<C, T>,
                  "a constraint's normalize is: void normalize(factor_ref<T> F, std::span<double> "
                  "scale) const");
    static_assert(constraint<C, T>,
                  "on_maps and on_components take constraints: types with at least one hook "
                  "(value, add_to_gram, add_to_rhs, prox_column, project, solve, split_gradient, "
                  "normalize), or a callable that takes xunmix::factor_ref<T>, T being the "
                  "factors' type");
    return true;
}
}
