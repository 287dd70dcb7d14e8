// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// Columns of a factor: `count` of them from `first` on, which counts from 0.
struct column_choice
{
    std::size_t first = 0;
    std::size_t count = 1;
};

/// A constraint that holds for some columns of a factor and leaves the others alone:
///
///     on_components(non_negative{}, for_columns({.first = 0}, decaying{}),
///                   for_columns({.first = 1, .count = 3}, smooth{.weight = 0.1}))
///
/// The constraint sees these columns as a factor of its own, whose rank is their number: all hooks
/// are handed on but solve(), which needs the whole small system. The columns keep their order.
template <class C>
class for_columns
{
  public:
    static constexpr bool row_separable = traits<C>::row_separable;
    static constexpr bool scale_free = traits<C>::scale_free;
    static constexpr bool keeps_order = true;
    static constexpr bool entrywise = traits<C>::entrywise;
    static constexpr bool moves = traits<C>::moves;
    static constexpr bool knows_weights = traits<C>::knows_weights;
    using wrapped = C;

    for_columns(column_choice columns, C constraint)
        : columns_(columns)
        , constraint_(std::move(constraint))
    {
    }

    /// Throws invalid_argument for columns that the factor does not have, and what the constraint
    /// itself refuses.
    void validate(const grid& places, std::size_t rank) const
    {
        detail::require<invalid_argument>(
            columns_.count >= 1 && columns_.first < rank && columns_.count <= rank - columns_.first,
            "for_columns needs columns that the factor has, 0 to ", rank - 1, ", got ",
            columns_.count, " from ", columns_.first, " on");
        if constexpr (requires { constraint_.validate(places, rank); })
            constraint_.validate(places, columns_.count);
    }
    bool is_known(const grid& places, std::size_t rank) const
    {
        if constexpr (requires { constraint_.is_known(places, rank); })
            return columns_.count == rank && constraint_.is_known(places, rank);
        else
            return false;
    }
    bool is_due(std::size_t iteration) const
    {
        return xunmix::is_due(constraint_, iteration);
    }
    std::vector<double>& memory() requires hook::memory<C>
    {
        return constraint_.memory();
    }
    std::size_t memory_size(const grid& places, std::size_t) const requires hook::memory<C>
    {
        return constraint_.memory_size(places, columns_.count);
    }

    template <class T>
        requires hook::value<C, T>
    double value(factor_ref<const T> f) const
    {
        return constraint_.value(part_of(f));
    }
    template <class T>
        requires hook::prepare<C, T>
    void prepare(factor_ref<const T> f, const surroundings& around)
    {
        surroundings mine = around;
        mine.gram = part_of(around.gram);
        constraint_.prepare(part_of(f), mine);
    }
    void add_to_gram(matrix_ref<double> gram,
                     const grid& places) const requires hook::add_to_gram<C, double>
    {
        constraint_.add_to_gram(part_of(gram), places);
    }
    template <class T>
        requires hook::add_to_rhs<C, T>
    void add_to_rhs(factor_ref<T> rhs, factor_ref<const T> f) const
    {
        constraint_.add_to_rhs(part_of(rhs), part_of(f));
    }
    template <class T>
        requires hook::couples_places<C, T>
    void add_curvature(const grid& places, std::size_t j, std::span<T> curvature) const
    {
        if (holds_for(j))
            constraint_.add_curvature(places, j - columns_.first, curvature);
    }
    template <class T>
        requires hook::couples_places<C, T>
    void add_pull(const grid& places, std::size_t j, std::span<const T> f, std::span<T> pull) const
    {
        if (holds_for(j))
            constraint_.add_pull(places, j - columns_.first, f, pull);
    }
    std::size_t colour(const grid& places,
                       std::span<std::size_t> colours) const requires hook::colour<C>
    {
        return constraint_.colour(places, colours);
    }
    template <class T>
        requires hook::prox_column<C, T>
    void prox_column(factor_ref<T> f, std::size_t j, T step) const
    {
        if (holds_for(j))
            constraint_.prox_column(part_of(f), j - columns_.first, step);
    }
    template <class T>
        requires hook::project<C, T>
    void project(factor_ref<T> f) const
    {
        xunmix::project(constraint_, part_of(f));
    }
    template <class T>
        requires hook::split_gradient<C, T>
    void split_gradient(factor_ref<const T> f, factor_ref<T> plus, factor_ref<T> minus) const
    {
        constraint_.split_gradient(part_of(f), part_of(plus), part_of(minus));
    }
    template <class T>
        requires hook::normalize<C, T>
    void normalize(factor_ref<T> f, std::span<double> scale) const
    {
        std::fill(scale.begin(), scale.end(), 1.0);
        constraint_.normalize(part_of(f), scale.subspan(columns_.first, columns_.count));
    }

  private:
    bool holds_for(std::size_t j) const
    {
        return j >= columns_.first && j < columns_.first + columns_.count;
    }
    template <class T>
    factor_ref<T> part_of(factor_ref<T> f) const
    {
        return f.columns_from(columns_.first, columns_.count);
    }
    template <class T>
    matrix_ref<T> part_of(matrix_ref<T> gram) const
    {
        return {&gram(columns_.first, columns_.first), columns_.count, columns_.count, gram.stride};
    }

    column_choice columns_;
    C constraint_;
};
}
