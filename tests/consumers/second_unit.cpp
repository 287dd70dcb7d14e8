// SPDX-License-Identifier: BSD-3-Clause
// The same headers again: what they define must be inline.
#include <xunmix/xunmix.hpp>

#include <cstddef>

/// (y, x, energy): two spectra, the first fading from left to right, the second from top to bottom.
xunmix::tensor<double> mixed_scan()
{
    const double spectra[2][4] = {{0, 1, 3, 2}, {4, 0, 1, 0}};
    xunmix::tensor<double> scan(xunmix::tensor<double>::shape_type{5, 6, 4});
    for (std::size_t y = 0; y < 5; ++y)
        for (std::size_t x = 0; x < 6; ++x)
            for (std::size_t e = 0; e < 4; ++e)
                scan(y, x, e) = static_cast<double>(5 - x) * spectra[0][e] +
                                static_cast<double>(4 - y) * spectra[1][e];
    return scan;
}
