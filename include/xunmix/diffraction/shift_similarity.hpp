// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include <xunmix/compare/similarity_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/fft.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/xtensor.hpp>

namespace xunmix
{
namespace detail
{
struct shifted_pair
{
    double similarity = 0;
    std::array<double, 2> shift{};
};
}

/// How alike k maps are, wherever they lie: similarity(a, b) is 1 for maps that are each other
/// shifted and scaled.
class shift_table : public detail::similarity_matrix<detail::shifted_pair>
{
  public:
    using similarity_matrix::similarity_matrix;

    /// By how many positions (y, x) b lies further on than a.
    std::array<double, 2> shift(std::size_t a, std::size_t b) const
    {
        return at(a, b).shift;
    }

    void set(std::size_t a, std::size_t b, double similarity, const std::array<double, 2>& shift)
    {
        set_pair(a, b, {similarity, shift}, {similarity, {0 - shift[0], 0 - shift[1]}});
    }
};

namespace detail
{
/// A map's mean taken off, of unit length, padded with zeros to height x width, transformed. All
/// zeros for a constant map.
template <class T>
std::vector<std::complex<double>> shift_spectrum(const T* map, std::size_t rows,
                                                 std::size_t columns, std::size_t height,
                                                 std::size_t width)
{
    const std::size_t places = rows * columns;
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < places; ++i)
        mean += static_cast<double>(map[i]) / static_cast<double>(places);
    for (std::size_t i = 0; i < places; ++i)
        square += std::pow(static_cast<double>(map[i]) - mean, 2);
    std::vector<std::complex<double>> spectrum(height * width);
    for (std::size_t y = 0; y < rows && square > 0; ++y)
        for (std::size_t x = 0; x < columns; ++x)
            spectrum[y * width + x] =
                (static_cast<double>(map[y * columns + x]) - mean) / std::sqrt(square);
    fourier_transform_2d<double>(height, width).forward(spectrum.data());
    return spectrum;
}

/// Correlations of two padded maps at all shifts by at most (down, along).
class shift_correlation
{
  public:
    shift_correlation(std::size_t height, std::size_t width, std::ptrdiff_t down,
                      std::ptrdiff_t along)
        : height_(height)
        , width_(width)
        , down_(down)
        , along_(along)
        , transform_(height, width)
        , cross_(height * width)
    {
    }

    shifted_pair operator()(const std::vector<std::complex<double>>& a,
                            const std::vector<std::complex<double>>& b)
    {
        for (std::size_t i = 0; i < cross_.size(); ++i)
            cross_[i] = std::conj(a[i]) * b[i];
        transform_.inverse(cross_.data());
        std::ptrdiff_t y = 0, x = 0;
        for (std::ptrdiff_t v = -down_; v <= down_; ++v)
            for (std::ptrdiff_t u = -along_; u <= along_; ++u)
                if (at(v, u) > at(y, x))
                    y = v, x = u;
        // At the very reach there is no value on the other side.
        const double fine_y =
            std::abs(y) < down_ ? peak_offset(at(y - 1, x), at(y, x), at(y + 1, x)) : 0;
        const double fine_x =
            std::abs(x) < along_ ? peak_offset(at(y, x - 1), at(y, x), at(y, x + 1)) : 0;
        return {at(y, x), {static_cast<double>(y) + fine_y, static_cast<double>(x) + fine_x}};
    }

  private:
    static std::size_t wrapped(std::ptrdiff_t shift, std::size_t period)
    {
        return static_cast<std::size_t>(shift < 0 ? shift + static_cast<std::ptrdiff_t>(period)
                                                  : shift);
    }
    double at(std::ptrdiff_t y, std::ptrdiff_t x) const
    {
        return cross_[wrapped(y, height_) * width_ + wrapped(x, width_)].real() /
               static_cast<double>(cross_.size());
    }

    std::size_t height_, width_;
    std::ptrdiff_t down_, along_;
    fourier_transform_2d<double> transform_;
    std::vector<std::complex<double>> cross_;
};
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
                      width = columns + static_cast<std::size_t>(along) + 1;
    std::vector<std::vector<std::complex<double>>> spectra(k);
    parallel_for(k, threads,
                 [&](std::size_t j, std::size_t)
                 {
                     spectra[j] = detail::shift_spectrum(maps.data() + j * rows * columns, rows,
                                                         columns, height, width);
                 });
    shift_table table(k);
    parallel_for(k, threads,
                 [&](std::size_t a, std::size_t)
                 {
                     detail::shift_correlation correlation(height, width, down, along);
                     for (std::size_t b = a + 1; b < k; ++b)
                     {
                         const auto best = correlation(spectra[a], spectra[b]);
                         table.set(a, b, best.similarity, best.shift);
                     }
                 });
    return table;
}
}
