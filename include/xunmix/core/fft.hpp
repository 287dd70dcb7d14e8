// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

// The only place that names the FFT library: KissFFT's header for C++, which needs no library to be
// linked and takes any length.
#if __has_include(<kissfft/kissfft.hh>)
#include <kissfft/kissfft.hh>
#elif __has_include(<kissfft.hh>)
#include <kissfft.hh>
#else
#error                                                                                             \
    "this header needs KissFFT's kissfft.hh: install libkissfft-dev, or add its folder to the include path"
#endif

namespace xunmix::detail
{
/// Discrete Fourier transforms of one length n, without any factor: forward with exp(-2 pi i m
/// j/n), inverse with exp(+2 pi i m j/n), so that both together give n times the numbers.
template <class T>
class fourier_transform
{
  public:
    explicit fourier_transform(std::size_t n)
        : forward_(n, false)
        , inverse_(n, true)
    {
    }
    void forward(const std::complex<T>* in, std::complex<T>* out) const
    {
        forward_.transform(in, out);
    }
    void inverse(const std::complex<T>* in, std::complex<T>* out) const
    {
        inverse_.transform(in, out);
    }

  private:
    kissfft<T> forward_, inverse_;
};

/// The same of images (rows x columns), in place.
template <class T>
class fourier_transform_2d
{
  public:
    fourier_transform_2d(std::size_t rows, std::size_t columns)
        : rows_(rows)
        , columns_(columns)
        , along_(columns)
        , down_(rows)
        , in_(std::max(rows, columns))
        , out_(in_.size())
    {
    }
    void forward(std::complex<T>* image)
    {
        transform(image, [](const auto& f, const auto* in, auto* out) { f.forward(in, out); });
    }
    void inverse(std::complex<T>* image)
    {
        transform(image, [](const auto& f, const auto* in, auto* out) { f.inverse(in, out); });
    }

  private:
    template <class Direction>
    void transform(std::complex<T>* image, Direction direction)
    {
        for (std::size_t i = 0; i < rows_; ++i)
            line(image + i * columns_, columns_, 1, along_, direction);
        for (std::size_t j = 0; j < columns_; ++j)
            line(image + j, rows_, columns_, down_, direction);
    }
    template <class Direction>
    void line(std::complex<T>* first, std::size_t length, std::size_t step,
              const fourier_transform<T>& transform, Direction direction)
    {
        for (std::size_t i = 0; i < length; ++i)
            in_[i] = first[i * step];
        direction(transform, in_.data(), out_.data());
        for (std::size_t i = 0; i < length; ++i)
            first[i * step] = out_[i];
    }

    std::size_t rows_, columns_;
    fourier_transform<T> along_, down_;
    std::vector<std::complex<T>> in_, out_;
};
}
