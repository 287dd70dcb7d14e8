// SPDX-License-Identifier: BSD-3-Clause
// A user's program: includes the library in two translation units, factorizes, checks the answer.

// What the target must bring, and what it must not change.
#if !defined(HAVE_CBLAS)
#error "without HAVE_CBLAS xtensor-blas takes its own slow loops"
#endif
#if defined(XTENSOR_USE_XSIMD) || defined(XTENSOR_DEFAULT_LAYOUT) || defined(__AVX512F__)
#error "xunmix::xunmix must not change xtensor's types nor the machine"
#endif

#include <xunmix/xunmix.hpp>

#include <cstdio>
#include <string>

namespace xu = xunmix;

xu::tensor<double> mixed_scan(); // in the second unit

int main()
{
    const std::string number = std::to_string(XUNMIX_VERSION_MAJOR) + '.' +
                               std::to_string(XUNMIX_VERSION_MINOR) + '.' +
                               std::to_string(XUNMIX_VERSION_PATCH);
    if (number != xu::version || number != EXPECTED_VERSION)
    {
        std::printf("version %s, but the package says %s\n", number.c_str(), EXPECTED_VERSION);
        return 1;
    }

    const auto scan = mixed_scan();
    const auto result =
        xu::factorize(xu::unfold(scan, xu::positions{0, 1}),
                      {.rank = 2, .max_iterations = 500, .tolerance = 0, .seed = 1}, xu::hals{},
                      xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    std::printf("xunmix %s: mse %.1e\n", number.c_str(), result.mse);
    return result.mse < 1e-8 && result.maps().shape(0) == 2 ? 0 : 1;
}
