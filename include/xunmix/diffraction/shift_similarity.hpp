// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/fft.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/xtensor.hpp>

namespace xunmix
{
/// How alike k maps are, wherever they lie.
class shift_table
{
  public:
    explicit shift_table(std::size_t count)
        : count_(count)
        , entries_(count * count)
    {
        for (std::size_t a = 0; a < count; ++a)
            entries_[a * count + a].similarity = 1;
    }

    std::size_t count() const
    {
        return count_;
    }
    /// Between -1 and 1, symmetric; 1 for maps that are each other shifted and scaled.
    double similarity(std::size_t a, std::size_t b) const
    {
        return entries_[a * count_ + b].similarity;
    }
    /// By how many positions (y, x) b lies further on than a.
    std::array<double, 2> shift(std::size_t a, std::size_t b) const
    {
        return entries_[a * count_ + b].shift;
    }

    void set(std::size_t a, std::size_t b, double similarity, const std::array<double, 2>& shift)
    {
        entries_[a * count_ + b] = {similarity, shift};
        entries_[b * count_ + a] = {similarity, {0 - shift[0], 0 - shift[1]}};
    }

  private:
    struct entry
    {
        double similarity = 0;
        std::array<double, 2> shift{};
    };

    std::size_t count_;
    std::vector<entry> entries_;
};

namespace detail
{
/// The maximum of the parabola through y(-1), y(0), y(1), at most half a step away.
inline double peak_offset(double before, double at, double after)
{
    const double curvature = before - 2 * at + after;
    return curvature < 0 ? std::clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0.0;
}
}

/// Similarity and shift of every pair of maps (k, y, x): the largest correlation of the maps, their
/// means taken off and of unit length, over all shifts of one against the other by at most
/// `most` positions along either axis (0: half of the axis), and where it lies, to a fraction of a
/// position. What is shifted off a map is lost, not wrapped round. Phases that drift between scans,
/// or particles of one kind (Kimoto 2024: shift-corrected maps).
///
/// A constant map is like nothing, similarity 0. Throws invalid_argument for anything but images,
/// or a shift beyond the map.
template <class T>
shift_table shift_similarity(const tensor<T>& maps, std::size_t most = 0, std::size_t threads = 0)
{
    detail::require<invalid_argument>(maps.dimension() == 3 && maps.size() > 0,
                                      "shift_similarity needs maps (k, y, x), got ",
                                      detail::shape_text(maps.shape()));
    const std::size_t k = maps.shape()[0], rows = maps.shape()[1], columns = maps.shape()[2];
    detail::require<invalid_argument>(
        most < std::max(rows, columns), "maps of ", rows, " x ", columns,
        " positions can be shifted by less than their size, got ", most);
    const auto reach_of = [&](std::size_t size)
    { return static_cast<std::ptrdiff_t>(most > 0 ? std::min(most, size - 1) : size / 2); };
    const std::ptrdiff_t down = reach_of(rows), along = reach_of(columns);
    // Padded with zeros as far as anything is shifted, plus one for the parabola.
    const std::size_t height = rows + static_cast<std::size_t>(down) + 1,
                      width = columns + static_cast<std::size_t>(along) + 1, size = height * width;
    using complex = std::complex<double>;
    std::vector<std::vector<complex>> spectra(k);
    parallel_for(k, threads,
                 [&](std::size_t j, std::size_t)
                 {
                     const T* map = maps.data() + j * rows * columns;
                     double mean = 0, square = 0;
                     for (std::size_t i = 0; i < rows * columns; ++i)
                         mean += static_cast<double>(map[i]);
                     mean /= static_cast<double>(rows * columns);
                     for (std::size_t i = 0; i < rows * columns; ++i)
                         square += std::pow(static_cast<double>(map[i]) - mean, 2);
                     auto& spectrum = spectra[j];
                     spectrum.assign(size, complex{});
                     for (std::size_t i = 0; i < rows && square > 0; ++i)
                         for (std::size_t x = 0; x < columns; ++x)
                             spectrum[i * width + x] =
                                 (static_cast<double>(map[i * columns + x]) - mean) /
                                 std::sqrt(square);
                     detail::fourier_transform_2d<double>(height, width).forward(spectrum.data());
                 });
    shift_table table(k);
    const auto wrapped = [](std::ptrdiff_t shift, std::size_t period)
    {
        return static_cast<std::size_t>(shift < 0 ? shift + static_cast<std::ptrdiff_t>(period)
                                                  : shift);
    };
    parallel_for(
        k, threads,
        [&](std::size_t a, std::size_t)
        {
            detail::fourier_transform_2d<double> transform(height, width);
            std::vector<complex> cross(size);
            for (std::size_t b = a + 1; b < k; ++b)
            {
                for (std::size_t i = 0; i < size; ++i)
                    cross[i] = std::conj(spectra[a][i]) * spectra[b][i];
                transform.inverse(cross.data());
                const auto at = [&](std::ptrdiff_t y, std::ptrdiff_t x)
                {
                    return cross[wrapped(y, height) * width + wrapped(x, width)].real() /
                           static_cast<double>(size);
                };
                std::ptrdiff_t best_y = 0, best_x = 0;
                for (std::ptrdiff_t y = -down; y <= down; ++y)
                    for (std::ptrdiff_t x = -along; x <= along; ++x)
                        if (at(y, x) > at(best_y, best_x))
                            best_y = y, best_x = x;
                const double here = at(best_y, best_x);
                // At the very reach there is no value on the other side.
                const double fine_y =
                    std::abs(best_y) < down
                        ? detail::peak_offset(at(best_y - 1, best_x), here, at(best_y + 1, best_x))
                        : 0;
                const double fine_x =
                    std::abs(best_x) < along
                        ? detail::peak_offset(at(best_y, best_x - 1), here, at(best_y, best_x + 1))
                        : 0;
                table.set(
                    a, b, here,
                    {static_cast<double>(best_y) + fine_y, static_cast<double>(best_x) + fine_x});
            }
        });
    return table;
}
}
