// SPDX-License-Identifier: BSD-3-Clause

// A loss of your own: counts above a dark level. A detector that counts `dark` events in every
// channel while nothing arrives gives counts of mean (C S^T) + dark. Taken off before, they leave
// negative numbers whose noise is no longer that of counts; here the model gets them instead, as
// in Richardson and Lucy's deconvolution with a background.

#include <xunmix/core/poisson.hpp>
#include <xunmix/xunmix.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <numbers>
#include <vector>

namespace xu = xunmix;

/// The Kullback-Leibler divergence of x from y + dark: d' = 1 - x / (y + dark).
struct counts_above_dark
{
    double dark = 0;

    using is_loss = void;
    bool has_plain_denominators() const
    {
        return true;
    }
    bool is_finite_at_zero() const
    {
        return dark > 0;
    }
    template <class F>
    void weigh(const F* x, const F* y, std::size_t count, F* ratio, F*) const
    {
        for (std::size_t i = 0; i < count; ++i)
            ratio[i] = x[i] / (y[i] + static_cast<F>(dark));
    }
    template <class F>
    double value(const F* x, const F* y, std::size_t count, const F*, const F*) const
    {
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i)
        {
            const double counted = x[i], expected = y[i] + dark;
            sum += (counted > 0 ? counted * std::log(counted / expected) : 0) - counted + expected;
        }
        return 2 * sum;
    }
};
static_assert(xu::check_loss<counts_above_dark, float>());

int main()
{
    // Two phases side by side, a line of spectra of 120 channels each, 4 counts in the dark.
    constexpr double dark = 4;
    const auto line = [](double c, double at) { return 9 * std::exp(-(c - at) * (c - at) / 50); };
    xu::tensor<double> truth = xu::tensor<double>::from_shape({2, 120});
    for (std::size_t c = 0; c < 120; ++c)
    {
        truth(0, c) = line(static_cast<double>(c), 30) + line(static_cast<double>(c), 90) / 2;
        truth(1, c) = line(static_cast<double>(c), 60);
    }
    xu::random_engine engine(1);
    auto scan = xu::tensor<std::uint16_t>::from_shape({400, 120});
    for (std::size_t i = 0; i < 400; ++i)
    {
        const double share = 0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(i) / 399);
        for (std::size_t c = 0; c < 120; ++c)
            scan(i, c) = static_cast<std::uint16_t>(xu::simulate::poisson(
                engine, share * truth(0, c) + (1 - share) * truth(1, c) + dark));
    }

    const auto angle = [&](const auto& loss)
    {
        const auto found =
            xu::factorize(xu::unfold(scan, xu::positions{0}), {.rank = 2, .max_iterations = 500},
                          xu::multiplicative{}, loss, xu::on_maps(xu::non_negative{}),
                          xu::on_components(xu::non_negative{}));
        const auto spectra = found.components();
        const auto which = xu::match_components(spectra, truth);
        double sum = 0;
        for (std::size_t j = 0; j < 2; ++j)
            sum += xu::spectral_angle(xu::slice(spectra, which[j]), xu::slice(truth, j));
        return sum / 2;
    };
    const double without = angle(xu::beta_divergence{}), with = angle(counts_above_dark{dark});
    std::cout << "mean angle to the true spectra, the dark level unknown to the model: " << without
              << ", known: " << with << " rad\n";
    return with < without / 3 ? EXIT_SUCCESS : EXIT_FAILURE;
}
