// SPDX-License-Identifier: BSD-3-Clause
#pragma once

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
}
