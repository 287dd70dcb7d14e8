// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/model/result.hpp>

// How well what was found agrees with the truth, or with what another start found.
namespace xunmix
{
namespace detail
{
/// (a . b) / (|a| |b|) after so much is taken off each element; 0 where a length is zero or not
/// finite.
template <class T, class U>
double cosine_about(std::span<T> a, std::span<U> b, double off_a, double off_b)
{
    require<invalid_argument>(a.size() == b.size(),
                              "only lists of one length can be compared, got ", a.size(), " and ",
                              b.size(), " elements");
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
    {
        const double x = static_cast<double>(a[i]) - off_a, y = static_cast<double>(b[i]) - off_b;
        aa += x * x, bb += y * y, ab += x * y;
    }
    const double size = std::sqrt(aa * bb);
    return size > 0 && is_finite(size) ? ab / size : 0;
}

/// The mean, to the last bit where all elements are the same; 0 of none.
template <class T>
double mean_of(std::span<T> values)
{
    if (values.empty())
        return 0;
    const auto first = static_cast<double>(values[0]);
    double sum = 0;
    for (const T x : values)
        sum += static_cast<double>(x) - first;
    return first + sum / static_cast<double>(values.size());
}
}

/// The cosine of the angle between a and b, (a . b) / (|a| |b|), summed in double; 0 where one of
/// them is zero or not finite. Throws invalid_argument where the lengths differ.
template <class T, class U>
double cosine(std::span<T> a, std::span<U> b)
{
    return detail::cosine_about(a, b, 0, 0);
}

/// The angle between a and b in radians, arccos((a . b) / (|a| |b|)), whatever their scale: from 0
/// to pi, to pi / 2 where nothing is negative, and pi / 2 where one of them is zero or not finite.
/// Rounding makes angles below 1e-7 uncertain. Throws invalid_argument where the lengths differ.
template <class T, class U>
double spectral_angle(std::span<T> a, std::span<U> b)
{
    return std::acos(std::clamp(cosine(a, b), -1.0, 1.0));
}

/// Pearson's correlation, the cosine of what is left of a and b without their means; 0 where one of
/// them is constant or not finite. Throws invalid_argument where the lengths differ.
template <class T, class U>
double correlation(std::span<T> a, std::span<U> b)
{
    return detail::cosine_about(a, b, detail::mean_of(a), detail::mean_of(b));
}

/// Map or component `number` of a stack (k, ...), as it lies in memory. Throws invalid_argument for
/// a number that is not below k.
template <class T>
std::span<const T> slice(const tensor<T>& stack, std::size_t number)
{
    const std::size_t count = stack.dimension() > 0 ? stack.shape()[0] : 0;
    detail::require<invalid_argument>(number < count, "a stack of ", count,
                                      " is numbered from 0 to one less, got number ", number);
    const std::size_t size = stack.size() / count;
    return {stack.data() + number * size, size};
}

namespace detail
{
/// An assignment that grows row by row. With the prices of rows and columns no row loses by its
/// column: gain(i, j) + row_price(i) + column_price(j) is 0 for the columns that rows have, and
/// never above it.
class growing_assignment
{
  public:
    growing_assignment(std::span<const double> gains, std::size_t rows, std::size_t cols)
        : gains_(gains)
        , cols_(cols)
        , row_price_(rows, 0)
        , column_price_(cols, 0)
        , column_of_(rows, none)
        , row_of_(cols, none)
    {
    }

    /// Gives a row a column. Rows that have one may get another, by the path that costs least.
    void place(std::size_t row)
    {
        std::size_t j = find_free_column(row);
        const double whole = length_[j];
        row_price_[row] += whole;
        for (std::size_t l = 0; l < cols_; ++l)
            if (reached_[l])
            {
                column_price_[l] += length_[l] - whole;
                if (row_of_[l] != none)
                    row_price_[row_of_[l]] += whole - length_[l];
            }
        for (std::size_t i = none; i != row;)
        {
            i = from_[j];
            row_of_[j] = i;
            std::swap(column_of_[i], j);
        }
    }

    const std::vector<std::size_t>& columns() const
    {
        return column_of_;
    }

  private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    /// Dijkstra's search from a row over the columns, from a column on to the row that has it,
    /// until one is reached that is free.
    std::size_t find_free_column(std::size_t row)
    {
        length_.assign(cols_, std::numeric_limits<double>::infinity());
        from_.assign(cols_, row);
        reached_.assign(cols_, false);
        double so_far = 0;
        for (std::size_t i = row;;)
        {
            std::size_t nearest = none;
            for (std::size_t j = 0; j < cols_; ++j)
            {
                if (reached_[j])
                    continue;
                const double length =
                    so_far - gains_[i * cols_ + j] - row_price_[i] - column_price_[j];
                if (length < length_[j])
                    length_[j] = length, from_[j] = i;
                if (nearest == none || length_[j] < length_[nearest])
                    nearest = j;
            }
            reached_[nearest] = true;
            so_far = length_[nearest];
            i = row_of_[nearest];
            if (i == none)
                return nearest;
        }
    }

    std::span<const double> gains_;
    std::size_t cols_;
    std::vector<double> row_price_, column_price_;
    std::vector<std::size_t> column_of_, row_of_; ///< none where there is none
    std::vector<double> length_;                  ///< of the shortest way to each column
    std::vector<std::size_t> from_;               ///< the row before it on this way
    std::vector<bool> reached_;                   ///< whether no shorter way can be found
};
}

/// The column for each row, all different, with which sum_i gains(i, column_i) is largest; gains
/// are rows x cols, row by row. By shortest augmenting paths (Jonker & Volgenant 1987), exact, in
/// O(rows^2 cols). Throws invalid_argument for more rows than columns, for a table of another size
/// and for gains that are not finite.
inline std::vector<std::size_t> best_assignment(std::span<const double> gains, std::size_t rows,
                                                std::size_t cols)
{
    detail::require<invalid_argument>(rows <= cols,
                                      "an assignment gives each row a column of its own, got ",
                                      rows, " rows and ", cols, " columns; exchange the two");
    detail::require<invalid_argument>(gains.size() == rows * cols, "a table of ", rows, " x ", cols,
                                      " gains has as many numbers, got ", gains.size());
    detail::require<invalid_argument>(
        std::all_of(gains.begin(), gains.end(), [](double g) { return is_finite(g); }),
        "an assignment needs finite gains, got one that is not");
    detail::growing_assignment out(gains, rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        out.place(i);
    return out.columns();
}

/// Which component of `found` (k, ...) stands for each of `truth` (r, ...): the r different ones
/// with which the mean spectral angle, (1 / r) sum_j angle(found_(f_j), truth_j), is least. Order
/// and scale do not matter. Throws invalid_argument for r = 0, r > k and where components have
/// other numbers of elements than true ones.
template <class T, class U>
std::vector<std::size_t> match_components(const tensor<T>& found, const tensor<U>& truth)
{
    const std::size_t k = found.dimension() > 0 ? found.shape()[0] : 0,
                      r = truth.dimension() > 0 ? truth.shape()[0] : 0;
    detail::require<invalid_argument>(r >= 1 && r <= k,
                                      "each true component, one at least, needs a found one of "
                                      "its own, got ",
                                      r, " true and ", k, " found ones");
    detail::require<invalid_argument>(found.size() / k == truth.size() / r,
                                      "found and true components need the same number of "
                                      "elements, got ",
                                      found.size() / k, " and ", truth.size() / r);
    std::vector<double> gains;
    for (std::size_t j = 0; j < r; ++j)
        for (std::size_t l = 0; l < k; ++l)
            gains.push_back(-spectral_angle(slice(found, l), slice(truth, j)));
    return best_assignment(gains, r, k);
}

/// How well k found components S and maps C agree with r true ones, S' and C', where component f_j
/// stands for the true one j.
struct agreement
{
    std::vector<std::size_t> found{}; ///< f_j, as match_components has them
    double angle = 0;                 ///< (1 / r) sum_j angle(S_(f_j), S'_j), radians
    double correlation = 0;           ///< (1 / r) sum_j correlation(C_(f_j), C'_j)
    double worst_cosine = 1;          ///< min_j cosine(S_(f_j), S'_j)
    double worst_correlation = 1;     ///< min_j correlation(C_(f_j), C'_j)
    double overlap = 0;               ///< max cosine(C_(f_j), C_l) over j and all l other than f_j
};

/// The agreement of found maps (k, positions...) and components (k, channels...) with true ones
/// (r, ...), r <= k. Scale does not matter. Throws invalid_argument for r = 0, r > k, maps that are
/// not as many as their components, and where what was found has other numbers of elements.
template <class T, class U>
agreement compare(const tensor<T>& maps, const tensor<T>& components, const tensor<U>& true_maps,
                  const tensor<U>& true_components)
{
    agreement out{.found = match_components(components, true_components)};
    const std::size_t k = components.shape()[0], r = true_components.shape()[0];
    const auto require_pairs = [](const auto& of, std::size_t count)
    {
        detail::require<invalid_argument>(of.dimension() > 0 && of.shape()[0] == count,
                                          "there is one map for each component, got maps of shape ",
                                          detail::shape_text(of.shape()), " and ", count,
                                          " components");
    };
    require_pairs(maps, k);
    require_pairs(true_maps, r);
    for (std::size_t j = 0; j < r; ++j)
    {
        const auto component = slice(components, out.found[j]), map = slice(maps, out.found[j]);
        const double alike = correlation(map, slice(true_maps, j));
        out.angle += spectral_angle(component, slice(true_components, j)) / static_cast<double>(r);
        out.correlation += alike / static_cast<double>(r);
        out.worst_cosine = std::min(out.worst_cosine, cosine(component, slice(true_components, j)));
        out.worst_correlation = std::min(out.worst_correlation, alike);
        for (std::size_t l = 0; l < k; ++l)
            if (l != out.found[j])
                out.overlap = std::max(out.overlap, cosine(map, slice(maps, l)));
    }
    return out;
}

/// The same of a factorization and of anything with the true `maps` and `components`, such as a
/// simulated scan. Masked places count as zero in what was found.
template <class T, class Truth>
agreement compare(const result<T>& found, const Truth& truth)
{
    return compare(found.maps(), found.components(), truth.maps, truth.components);
}
}
