// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/names.hpp>

namespace xunmix
{
/// Does not compile, and says what is wrong, unless C is a constraint for factors of T whose hooks
/// can all be called: for a user's own constraint, static_assert(check_constraint<C, float>()).
template <class C, class T>
constexpr bool check_constraint()
{
    static_assert(!detail::names_value<C>() || hook::value<C, T>,
                  "a constraint's value is: double value(factor_ref<const T> F) const");
    static_assert(
        !detail::names_add_to_gram<C>() || hook::add_to_gram<C, T>,
        "a constraint's add_to_gram is: void add_to_gram(matrix_ref<double> G, const grid& "
        "places) const");
    static_assert(!detail::names_add_to_rhs<C>() || hook::add_to_rhs<C, T>,
                  "a constraint's add_to_rhs is: void add_to_rhs(factor_ref<T> B, factor_ref<const "
                  "T> F) const");
    static_assert(!(detail::names_add_curvature<C>() || detail::names_add_pull<C>()) ||
                      hook::couples_neighbours<C, T>,
                  "a constraint's add_curvature and add_pull, which go together, are: void "
                  "add_curvature(const grid& places, std::span<T> d) const; void add_pull(const "
                  "grid& places, std::span<const T> f, std::span<T> p) const");
    static_assert(!detail::names_prox_column<C>() || hook::prox_column<C, T>,
                  "a constraint's prox_column is: void prox_column(factor_ref<T> F, std::size_t j, "
                  "T step) const");
    static_assert(!detail::names_project<C>() || hook::member_project<C, T>,
                  "a constraint's project is: void project(factor_ref<T> F) const");
    static_assert(!detail::names_split_gradient<C>() || hook::split_gradient<C, T>,
                  "a constraint's split_gradient is: void split_gradient(factor_ref<const T> F, "
                  "factor_ref<T> plus, factor_ref<T> minus) const");
    static_assert(!detail::names_normalize<C>() || hook::normalize<C, T>,
                  "a constraint's normalize is: void normalize(factor_ref<T> F, std::span<double> "
                  "scale) const");
    static_assert(constraint<C, T>,
                  "on_maps and on_components take constraints: types with at least one hook "
                  "(value, add_to_gram, add_to_rhs, prox_column, project, split_gradient, "
                  "normalize), or a callable that takes xunmix::factor_ref<T>, T being the "
                  "factors' type");
    return true;
}
}
