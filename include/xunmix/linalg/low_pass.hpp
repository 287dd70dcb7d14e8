// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <span>
#include <vector>

#include <xunmix/core/blas.hpp>
#include <xunmix/core/buffer.hpp>

namespace xunmix
{
/// How a filter falls off towards its cut-off frequency q_c.
enum class frequency_window
{
    hard,   ///< 1 up to q_c, 0 beyond: rings beside edges (Gibbs)
    cosine, ///< 1 up to q_c (1 - edge), falling to 0 at q_c along half a cosine
    gauss   ///< exp(-q^2 / (2 (q_c / 3)^2)): 0.011 at q_c, never 0
};

namespace detail
{
/// Filters images of one shape, of any number of axes, by their cosine transform (DCT-II): that of
/// a signal which goes on mirrored beyond its borders, so borders cause no frequencies of their
/// own. Term t of an axis with n places has the frequency q = t / (2 n) cycles a place, and a term
/// of an image the root of the sum of their squares.
///
/// Transforms are products with small matrices that hold only the terms below the cut-off: exact
/// for any size, and faster than a fast transform up to a thousand places an axis.
template <class T>
class low_pass
{
  public:
    low_pass(std::span<const std::size_t> shape, double cutoff, frequency_window window,
             double edge)
    {
        std::size_t terms = 1;
        for (const std::size_t n : shape)
        {
            const auto last = static_cast<std::size_t>(
                std::floor(cutoff * 2 * static_cast<double>(n) * (1 + 1e-12)));
            axes_.push_back({n, window == frequency_window::gauss ? n : std::min(n, last + 1), {}});
            terms *= axes_.back().terms;
            places_ *= n;
        }
        for (auto& a : axes_)
            a.basis = cosines(a.places, a.terms);
        response_.reserve(terms);
        for (std::size_t t = 0; t < terms; ++t)
            response_.push_back(static_cast<T>(response(frequency(t), cutoff, window, edge)));
    }

    /// Filters an image in place.
    void operator()(std::span<T> image)
    {
        const auto spectrum = transform(image);
        std::transform(spectrum.begin(), spectrum.end(), response_.begin(), spectrum.begin(),
                       std::multiplies<>{});
        back(spectrum, image);
    }

    /// The image's terms, those of the last axis side by side. Valid until the next call.
    std::span<T> transform(std::span<const T> image)
    {
        const T* from = image.data();
        std::size_t outer = 1, inner = places_, turn = 0;
        for (const auto& a : axes_)
        {
            inner /= a.places;
            T* to = buffers_[turn ^= 1].get(places_);
            along<false>(a, from, to, outer, inner);
            from = to;
            outer *= a.terms;
        }
        return {buffers_[turn].data(), outer};
    }

    /// Frequency of term t, cycles a place.
    double frequency(std::size_t t) const
    {
        double square = 0;
        for (std::size_t i = axes_.size(); i-- > 0; t /= axes_[i].terms)
        {
            const double q = static_cast<double>(t % axes_[i].terms) /
                             (2 * static_cast<double>(axes_[i].places));
            square += q * q;
        }
        return std::sqrt(square);
    }

  private:
    struct axis
    {
        std::size_t places, terms;
        std::vector<T> basis; ///< terms x places, orthonormal rows
    };

    static std::vector<T> cosines(std::size_t n, std::size_t terms)
    {
        std::vector<T> out;
        out.reserve(n * terms);
        const double size = static_cast<double>(n);
        for (std::size_t t = 0; t < terms; ++t)
            for (std::size_t i = 0; i < n; ++i)
                out.push_back(static_cast<T>(std::sqrt((t == 0 ? 1 : 2) / size) *
                                             std::cos(std::numbers::pi * static_cast<double>(t) *
                                                      (static_cast<double>(i) + 0.5) / size)));
        return out;
    }

    /// The product with an axis' basis, or from its terms back to places, for an array of
    /// outer x (places or terms) x inner numbers.
    template <bool Back>
    static void along(const axis& a, const T* from, T* to, std::size_t outer, std::size_t inner)
    {
        const std::size_t in = Back ? a.terms : a.places, out = Back ? a.places : a.terms;
        if (inner == 1) // all rows at once
            blas::multiply(false, !Back, outer, out, in, from, in, a.basis.data(), a.places, to,
                           out);
        else
            for (std::size_t o = 0; o < outer; ++o)
                blas::multiply(Back, false, out, inner, in, a.basis.data(), a.places,
                               from + o * in * inner, inner, to + o * out * inner, inner);
    }

    static double response(double q, double cutoff, frequency_window window, double edge)
    {
        if (window == frequency_window::gauss)
            return std::exp(-4.5 * q * q / (cutoff * cutoff));
        if (q > cutoff * (1 + 1e-12))
            return 0;
        const double begin = cutoff * (1 - edge);
        if (window == frequency_window::hard || q <= begin)
            return 1;
        return 0.5 * (1 + std::cos(std::numbers::pi * (q - begin) / (cutoff - begin)));
    }

    /// From terms to an image; overwrites the terms' memory.
    void back(std::span<const T> spectrum, std::span<T> image)
    {
        const T* from = spectrum.data();
        std::size_t turn = from == buffers_[0].data() ? 0 : 1, inner = 1, outer = spectrum.size();
        for (std::size_t i = axes_.size(); i-- > 0;)
        {
            const auto& a = axes_[i];
            outer /= a.terms;
            T* to = i == 0 ? image.data() : buffers_[turn ^= 1].get(places_);
            along<true>(a, from, to, outer, inner);
            from = to;
            inner *= a.places;
        }
    }

    std::vector<axis> axes_;
    std::size_t places_ = 1;
    std::vector<T> response_;
    buffer<T> buffers_[2];
};
}
}
