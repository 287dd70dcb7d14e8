// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include <xunmix/compare/similarity_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/fft.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/xtensor.hpp>
#include <xunmix/diffraction/polar.hpp>
#include <xunmix/diffraction/rotational_average.hpp>

namespace xunmix
{
struct similarity_options
{
    polar_geometry geometry{};
    bool friedel = false;             ///< a pattern and itself turned by 180 degrees are the same
    bool mirror = false;              ///< a pattern and its mirror image are the same
    std::vector<std::uint8_t> keep{}; ///< an entry a pixel, 0 where masked; empty: all count
    std::size_t threads = 0;
};

namespace detail
{
struct rotated_pair
{
    double similarity = 0, rotation = 0;
    bool mirrored = false;
};
}

/// How alike k patterns are, whichever way they are turned: similarity(a, b) is 1 for patterns that
/// are each other turned and scaled.
class similarity_table : public detail::similarity_matrix<detail::rotated_pair>
{
  public:
    using similarity_matrix::similarity_matrix;

    /// By how many radians b is turned against a, in the direction of growing phi (see polar_grid).
    double rotation(std::size_t a, std::size_t b) const
    {
        return at(a, b).rotation;
    }
    /// Whether b is a's mirror image, phi -> -phi, before it is turned.
    bool mirrored(std::size_t a, std::size_t b) const
    {
        return at(a, b).mirrored;
    }
    /// 1 - similarity for every pair, k x k: what clusters are made from.
    std::vector<double> distances() const
    {
        std::vector<double> out(relations().size());
        std::transform(relations().begin(), relations().end(), out.begin(),
                       [](const detail::rotated_pair& r)
                       { return std::max(0.0, 1 - r.similarity); });
        return out;
    }

    void set(std::size_t a, std::size_t b, double similarity, double rotation, bool mirrored)
    {
        // Turned by d against a mirror image is turned by d against the other's mirror image.
        set_pair(a, b, {similarity, rotation, mirrored},
                 {similarity, mirrored ? rotation : -rotation, mirrored});
    }
};

namespace detail
{
/// The angular spectrum of one pattern: for each order m from 1 to n_phi / 2 its n_r complex
/// numbers, of unit length over all orders and rings.
struct angular_spectrum
{
    std::vector<float> real, imaginary; ///< (m - 1) * n_r + r
};

inline angular_spectrum angular_spectrum_of(std::span<const float> pattern, const polar_grid& grid,
                                            const fourier_transform<float>& transform, bool friedel)
{
    const std::size_t n = grid.angles(), rings = grid.radii(), orders = n / 2;
    std::vector<float> samples(rings * n);
    grid.sample(pattern, std::span<float>(samples));
    // The ring's mean is background, and what is not seen is no more than that; sqrt(r): a ring
    // stands for as much of the detector as it is long.
    const auto means =
        radial_background(grid, std::span<const float>(samples), outlier_rule{.passes = 0});
    for (std::size_t r = 0; r < rings; ++r)
    {
        float* ring = samples.data() + r * n;
        const double weight = std::sqrt(static_cast<double>(r));
        for (std::size_t a = 0; a < n; ++a)
            ring[a] = grid.seen(r, a)
                          ? static_cast<float>(weight * (static_cast<double>(ring[a]) - means[r]))
                          : 0.0f;
    }
    angular_spectrum out{std::vector<float>(orders * rings), std::vector<float>(orders * rings)};
    std::vector<std::complex<float>> in(n), spectrum(n);
    for (std::size_t r = 0; r < rings; r += 2) // two real rings in one complex transform
    {
        const bool pair = r + 1 < rings;
        for (std::size_t a = 0; a < n; ++a)
            in[a] = {samples[r * n + a], pair ? samples[(r + 1) * n + a] : 0.0f};
        transform.forward(in.data(), spectrum.data());
        for (std::size_t m = 1; m <= orders; ++m)
        {
            if (friedel && m % 2 == 1)
                continue;
            const auto plus = spectrum[m], minus = std::conj(spectrum[(n - m) % n]);
            const auto first = 0.5f * (plus + minus),
                       second = std::complex<float>(0, -0.5f) * (plus - minus);
            const std::size_t at = (m - 1) * rings + r;
            out.real[at] = first.real();
            out.imaginary[at] = first.imag();
            if (pair)
            {
                out.real[at + 1] = second.real();
                out.imaginary[at + 1] = second.imag();
            }
        }
    }
    double square = 0;
    for (std::size_t m = 1; m <= orders; ++m)
        for (std::size_t i = (m - 1) * rings; i < m * rings; ++i)
            square +=
                (2 * m == n ? 1 : 2) * (static_cast<double>(out.real[i]) * out.real[i] +
                                        static_cast<double>(out.imaginary[i]) * out.imaginary[i]);
    if (square > 0)
        for (auto* part : {&out.real, &out.imaginary})
            for (float& x : *part)
                x = static_cast<float>(x / std::sqrt(square));
    return out;
}

struct best_turn
{
    double similarity = -1, angle = 0; ///< of b against a, in steps of the angles
};

/// The largest sum over rings and angles of a(phi) b(phi + turn), or of a(phi) b(-phi + turn), and
/// where; between steps by the parabola through the three values around it.
inline best_turn correlate(const angular_spectrum& a, const angular_spectrum& b, std::size_t rings,
                           const fourier_transform<float>& transform, bool mirror,
                           std::vector<std::complex<float>>& cross,
                           std::vector<std::complex<float>>& sums)
{
    const std::size_t n = cross.size(), orders = n / 2;
    cross[0] = 0;
    const float sign = mirror ? -1.0f : 1.0f;
    for (std::size_t m = 1; m <= orders; ++m)
    {
        const float *ar = a.real.data() + (m - 1) * rings,
                    *ai = a.imaginary.data() + (m - 1) * rings;
        const float *br = b.real.data() + (m - 1) * rings,
                    *bi = b.imaginary.data() + (m - 1) * rings;
        float real = 0, imaginary = 0;
        for (std::size_t r = 0; r < rings; ++r)
        {
            real += ar[r] * br[r] + sign * ai[r] * bi[r];
            imaginary += ar[r] * bi[r] - sign * ai[r] * br[r];
        }
        cross[m] = {real, imaginary};
        if (m != n - m)
            cross[n - m] = std::conj(cross[m]);
    }
    transform.inverse(cross.data(), sums.data());
    const auto peak = static_cast<std::size_t>(std::max_element(sums.begin(), sums.end(),
                                                                [](auto x, auto y)
                                                                { return x.real() < y.real(); }) -
                                               sums.begin());
    const double before = sums[(peak + n - 1) % n].real(), top = sums[peak].real(),
                 after = sums[(peak + 1) % n].real();
    const double offset = peak_offset(before, top, after);
    return {std::min(1.0, top - 0.25 * (before - after) * offset),
            static_cast<double>(peak) + offset};
}
}

/// Similarity of all pairs of k patterns, a tensor (k, v, u), under rotation (Kimoto 2025 and 2024:
/// polar transform and cross-correlation along the angle):
///
///   S_ab = max over D of sum_{r, phi} P_a(r, phi) P_b(r, phi + D),
///
/// where P is the pattern in polar coordinates less its mean over the angles, weighted with
/// sqrt(r), of unit norm. Weights and background are our choice. Rings without any structure are
/// similar to nothing. Angles are found to a fraction of a step. Throws invalid_argument for other
/// than three axes or what polar_grid refuses.
template <class T>
similarity_table similarity(const tensor<T>& patterns, const similarity_options& options = {})
{
    detail::require<invalid_argument>(patterns.dimension() == 3,
                                      "similarity needs patterns of shape (k, v, u), got ",
                                      detail::shape_text(patterns.shape()));
    const std::size_t k = patterns.shape()[0], rows = patterns.shape()[1],
                      columns = patterns.shape()[2];
    detail::require<invalid_argument>(options.keep.empty() || options.keep.size() == rows * columns,
                                      "the mask has ", options.keep.size(),
                                      " entries for patterns of ", rows * columns, " pixels");
    const polar_grid grid(rows, columns, options.geometry, options.keep);
    const std::size_t n = grid.angles();
    const std::vector transforms(thread_count(options.threads),
                                 detail::fourier_transform<float>(n));
    std::vector<detail::angular_spectrum> spectra(k);
    parallel_for(k, options.threads,
                 [&](std::size_t j, std::size_t worker)
                 {
                     const T* first = patterns.data() + j * rows * columns;
                     const std::vector<float> pattern(first, first + rows * columns);
                     spectra[j] = detail::angular_spectrum_of(pattern, grid, transforms[worker],
                                                              options.friedel);
                 });
    similarity_table table(k);
    parallel_for(k, options.threads,
                 [&](std::size_t a, std::size_t worker)
                 {
                     std::vector<std::complex<float>> cross(n), sums(n);
                     for (std::size_t b = a + 1; b < k; ++b)
                     {
                         auto best = detail::correlate(spectra[a], spectra[b], grid.radii(),
                                                       transforms[worker], false, cross, sums);
                         bool mirrored = false;
                         if (options.mirror)
                         {
                             const auto other =
                                 detail::correlate(spectra[a], spectra[b], grid.radii(),
                                                   transforms[worker], true, cross, sums);
                             mirrored = other.similarity > best.similarity;
                             if (mirrored)
                                 best = other;
                         }
                         const double turn = 2 * std::numbers::pi / static_cast<double>(n);
                         const double half = static_cast<double>(n) / 2;
                         const double steps =
                             best.angle >= half ? best.angle - static_cast<double>(n) : best.angle;
                         table.set(a, b, best.similarity, steps * turn, mirrored);
                     }
                 });
    return table;
}

/// A pattern turned back by `rotation` radians, and mirrored (phi -> -phi) where asked: what
/// similarity_table::rotation(a, b) says of b lays it on a. Bilinear; 0 where it comes from beyond
/// the detector.
template <class T>
std::vector<T> turned_back(std::span<const T> pattern, const polar_grid& grid, double rotation,
                           bool mirrored = false)
{
    const std::size_t rows = grid.rows(), columns = grid.columns();
    std::vector<T> out(pattern.size());
    const double step = 2 * std::numbers::pi / static_cast<double>(grid.angles());
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
        {
            const auto [radius, angle] = grid.polar(i, j);
            const double phi = (mirrored ? -angle : angle) * step + rotation;
            out[i * columns + j] = grid.at(pattern, grid.point(radius, phi));
        }
    return out;
}
}
