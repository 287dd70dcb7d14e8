// SPDX-License-Identifier: BSD-3-Clause
#include "fourier.hpp"

#include <cmath>
#include <complex>

#include <xunmix/core/fft.hpp>

namespace unmix
{
namespace
{
using complex = std::complex<double>;

double mean_of(const double* values, std::size_t count)
{
    double sum = 0, seen = 0;
    for (std::size_t i = 0; i < count; ++i)
        if (!std::isnan(values[i]))
            sum += values[i], ++seen;
    return seen > 0 ? sum / seen : 0;
}
}

xunmix::tensor<double> power_spectra(const xunmix::tensor<double>& images)
{
    const std::size_t rows = images.shape()[1], cols = images.shape()[2], size = rows * cols;
    xunmix::tensor<double> out(images);
    std::vector<complex> values(size);
    xunmix::detail::fourier_transform_2d<double> transform(rows, cols);
    for (std::size_t k = 0; k < images.shape()[0]; ++k)
    {
        const double* image = images.data() + k * size;
        const double mean = mean_of(image, size);
        for (std::size_t i = 0; i < size; ++i)
            values[i] = std::isnan(image[i]) ? 0 : image[i] - mean;
        transform.forward(values.data());
        for (std::size_t y = 0; y < rows; ++y)
            for (std::size_t x = 0; x < cols; ++x)
                out(k, (y + rows / 2) % rows, (x + cols / 2) % cols) =
                    std::norm(values[y * cols + x]);
    }
    return out;
}

std::vector<xunmix::axis> frequency_axes(const std::vector<xunmix::axis>& axes)
{
    std::vector<xunmix::axis> out;
    for (const auto& a : axes)
    {
        const bool known = !a.units.empty() && a.scale != 0 && a.values.empty();
        const double step = (known ? std::abs(a.scale) : 1) * static_cast<double>(a.size);
        out.push_back({.name = "frequency",
                       .units = known ? "1/" + a.units : "per position",
                       .size = a.size,
                       .scale = 1 / step,
                       .offset = -static_cast<double>(a.size / 2) / step});
    }
    return out;
}
}
