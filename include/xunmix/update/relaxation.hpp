// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/normal_equations.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>
#include <xunmix/model/grid_laplacian.hpp>
#include <xunmix/update/column_descent.hpp>

namespace xunmix::column_descent
{
/// Whether a member couples the places of a column.
template <class T, class C>
bool couples_places(const C& c)
{
    bool any = false;
    for_each_member(c, [&]<class M>(const M&) { any |= hook::couples_places<M, T>; });
    return any;
}

/// Coordinate descent over the columns of a whole factor with terms that couple the places of a
/// column, whose gradient for column j is d f - p(f):
///
///     F_ij <- prox(F_ij + (r_ij + p_i - d_i F_ij) / (gram_jj + d_i)),
///
/// for all places of one colour at once, colour by colour: exact, for places of one colour do not
/// couple. The colours are the checkerboard's two, or those that a constraint hands out. Keeps its
/// memory.
template <class T>
class relaxation
{
  public:
    /// Colours and curvatures for a factor of these places.
    template <class C>
    void prepare(const C& c, const grid& places, std::size_t rank)
    {
        rows_ = places.size();
        paint(c, places);
        T* curvature = curvature_.get(rows_ * rank);
        std::fill_n(curvature, rows_ * rank, T{0});
        soft_ = false;
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::couples_places<M, T>)
                                for (std::size_t j = 0; j < rank; ++j)
                                    m.add_curvature(places, j, column_of(curvature, j));
                            soft_ |= hook::prox_column<M, T> && !hook::project<M, T>;
                        });
        residual_.get(rows_);
        pull_.get(rows_);
    }

    /// `rounds` rounds over the columns.
    template <class C>
    void operator()(factor_ref<T> f, const normal_equations<T>& eq, const C& c, std::size_t rounds)
    {
        for (std::size_t round = 0; round < rounds; ++round)
            for (std::size_t j = 0; j < f.rank(); ++j)
            {
                T* residual = residual_.data();
                for_each_residual(f, eq, j,
                                  [&](std::size_t row, auto r) { r.store(residual + row); });
                for (std::size_t colour = 0; colour < colours_; ++colour)
                    move(f, static_cast<T>(eq.gram(j, j)), c, j, column_of(mask_.data(), colour));
            }
    }

  private:
    std::span<T> column_of(T* columns, std::size_t j) const
    {
        return {columns + j * rows_, rows_};
    }

    /// A mask for each colour, 1 at its places: two places have one colour where every member that
    /// couples places says so.
    template <class C>
    void paint(const C& c, const grid& places)
    {
        bool own = false, checkerboard = false;
        for_each_member(c,
                        [&]<class M>(const M&)
                        {
                            if constexpr (hook::couples_places<M, T>)
                                (hook::colour<M> ? own : checkerboard) = true;
                        });
        colours_ = checkerboard ? 2 : 1;
        T* masks = mask_.get(colours_ * rows_);
        if (checkerboard)
            for (std::size_t parity = 0; parity < 2; ++parity)
                grid_laplacian::checkerboard(places, parity, column_of(masks, parity));
        else
            std::fill_n(masks, rows_, T{1});
        if (own)
            for_each_member(c,
                            [&]<class M>(const M& m)
                            {
                                if constexpr (hook::couples_places<M, T> && hook::colour<M>)
                                {
                                    colour_of_.assign(rows_, 0);
                                    divide(m.colour(places, std::span<std::size_t>(colour_of_)));
                                }
                            });
    }
    /// Every mask into one for each of `count` colours.
    void divide(std::size_t count)
    {
        undivided_.assign(mask_.data(), mask_.data() + colours_ * rows_);
        T* masks = mask_.get(colours_ * count * rows_);
        for (std::size_t before = 0; before < colours_; ++before)
            for (std::size_t colour = 0; colour < count; ++colour)
                for (std::size_t i = 0; i < rows_; ++i)
                    masks[(before * count + colour) * rows_ + i] =
                        colour_of_[i] == colour ? undivided_[before * rows_ + i] : T{0};
        colours_ *= count;
    }

    /// Moves the places of one colour in column j; `own` is gram_jj.
    template <class C>
    void move(factor_ref<T> f, T own, const C& c, std::size_t j, std::span<const T> colour)
    {
        const grid& places = *f.places();
        const auto column = f.column(j);
        const std::span<const T> curvature = column_of(curvature_.data(), j);
        const std::span<T> pull(pull_.data(), rows_);
        const T least = static_cast<T>(least_curvature<T>);
        std::copy_n(residual_.data(), rows_, pull.begin());
        for_each_member(c,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (hook::couples_places<M, T>)
                                m.add_pull(places, j, std::span<const T>(column), pull);
                        });
        for (std::size_t i = 0; i < rows_; ++i)
            column[i] +=
                own + curvature[i] > least
                    ? colour[i] * (pull[i] - curvature[i] * column[i]) / (own + curvature[i])
                    : T{0};
        // The nearest allowed value does not depend on the step, and is where the other places are
        // already; what a penalty does depends on it.
        if (!soft_)
            prox_column(c, f, j, T{1} / std::max(own, least));
        else
            for (std::size_t i = 0; i < rows_; ++i)
                if (colour[i] != T{0})
                    prox_column(c, f.block(i, 1), j, T{1} / std::max(own + curvature[i], least));
    }

    buffer<T> mask_, curvature_, residual_, pull_;
    std::vector<T> undivided_;
    std::vector<std::size_t> colour_of_;
    std::size_t rows_ = 0, colours_ = 0;
    bool soft_ = false;
};
}
