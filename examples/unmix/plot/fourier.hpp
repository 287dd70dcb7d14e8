// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/io/scan_file.hpp>

namespace unmix
{
/// |Fourier transform|^2 of each image, the mean taken off first, the frequency 0 at pixel
/// (rows / 2, cols / 2). `images` is (k, rows, cols); NaN counts as the mean.
xunmix::tensor<double> power_spectra(const xunmix::tensor<double>& images);

/// The axes of power_spectra of images with these axes: cycles a position, or a unit.
std::vector<xunmix::axis> frequency_axes(const std::vector<xunmix::axis>& axes);
}
