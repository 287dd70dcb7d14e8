// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/model/factor.hpp>

// The graph Laplacian L = D - A of a grid of any number of axes: places next to each other along
// one axis are neighbours, those at the border have fewer (Neumann borders), masked ones have and
// are none. sum over pairs of neighbours (f_i - f_i')^2 = f^T L f.
namespace xunmix::grid_laplacian
{
/// visit(i, i') for the neighbours of one axis: places that lie `step` apart, in runs
/// visit(first, count, step): i = first ... first + count - 1, i' = i + step.
template <class Visit>
void for_each_run(const grid& places, Visit&& visit)
{
    std::size_t step = places.size();
    for (const std::size_t extent : places.shape)
    {
        const std::size_t block = step;
        step /= extent;
        if (extent > 1)
            for (std::size_t first = 0; first < places.size(); first += block)
                visit(first, block - step, step);
    }
}

/// visit(i, i') for every two neighbours that count.
template <class Visit>
void for_each_pair(const grid& places, Visit&& visit)
{
    for_each_run(places,
                 [&](std::size_t first, std::size_t count, std::size_t step)
                 {
                     for (std::size_t i = first; i < first + count; ++i)
                         if (places.keeps(i) && places.keeps(i + step))
                             visit(i, i + step);
                 });
}

/// For every two neighbours: adds to each place the weight times f there, or at the other one.
template <class T>
void add_pairs(const grid& places, T weight, std::span<const T> f, std::span<T> out, bool crosswise)
{
    if (!places.keep.empty())
        return for_each_pair(places,
                             [&](std::size_t i, std::size_t other)
                             {
                                 out[i] += weight * f[crosswise ? other : i];
                                 out[other] += weight * f[crosswise ? i : other];
                             });
    for_each_run(places,
                 [&](std::size_t first, std::size_t count, std::size_t step)
                 {
                     const T *low = f.data() + first, *high = low + step;
                     if (crosswise)
                         std::swap(low, high);
                     T *below = out.data() + first, *above = below + step;
                     for (std::size_t i = 0; i < count; ++i)
                         below[i] += weight * low[i];
                     for (std::size_t i = 0; i < count; ++i)
                         above[i] += weight * high[i];
                 });
}

/// out += weight A f: the sums over the neighbours.
template <class T>
void add_neighbours(const grid& places, T weight, std::span<const T> f, std::span<T> out)
{
    add_pairs(places, weight, f, out, true);
}

/// out += weight D f: each place as many times as it has neighbours.
template <class T>
void add_by_degree(const grid& places, T weight, std::span<const T> f, std::span<T> out)
{
    add_pairs(places, weight, f, out, false);
}

/// out += weight d: the numbers of neighbours.
template <class T>
void add_degrees(const grid& places, T weight, std::span<T> out)
{
    for_each_pair(places,
                  [&](std::size_t i, std::size_t other)
                  {
                      out[i] += weight;
                      out[other] += weight;
                  });
}

/// f^T L f
template <class T>
double inner(const grid& places, std::span<const T> f)
{
    double sum = 0;
    for_each_pair(places,
                  [&](std::size_t i, std::size_t other)
                  {
                      const double difference =
                          static_cast<double>(f[i]) - static_cast<double>(f[other]);
                      sum += difference * difference;
                  });
    return sum;
}

/// A bound on the eigenvalues of L: twice the largest number of neighbours.
inline double largest_eigenvalue(const grid& places)
{
    double bound = 0;
    for (const std::size_t extent : places.shape)
        bound += extent > 2 ? 4 : extent > 1 ? 2 : 0;
    return bound;
}

/// 1 for the places of one colour of the checkerboard, where the sum of the indices is even (0) or
/// odd (1), else 0. Neighbours never share a colour.
template <class T>
void checkerboard(const grid& places, std::size_t colour, std::span<T> out)
{
    std::vector<std::size_t> index(places.shape.size());
    std::size_t sum = 0;
    for (T& x : out)
    {
        x = sum % 2 == colour ? T{1} : T{0};
        for (std::size_t axis = index.size(); axis-- > 0;)
        {
            ++sum;
            if (++index[axis] < places.shape[axis])
                break;
            sum -= index[axis];
            index[axis] = 0;
        }
    }
}
}
