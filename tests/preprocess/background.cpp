// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/preprocess/background.hpp>

namespace background_test
{
using namespace support;

namespace
{
constexpr std::size_t channels = 200, window_end = 61;
constexpr double offset = 400, step = 1;

/// 400 to 599 in steps of 1, fitted from 410 to 460: 51 channels.
const xu::power_law_background eels{.offset = offset, .step = step, .from = 410, .to = 460};

double energy(std::size_t c)
{
    return offset + step * static_cast<double>(c);
}

/// Spectra of backgrounds, of which `level` counts are in channel 0 of the first position; r from
/// 2.5 to 3.5.
struct spectra
{
    matrix X;
    std::vector<double> amplitude, exponent;
};

spectra power_laws(std::size_t n, double level)
{
    spectra out{matrix(n, channels), {}, {}};
    for (std::size_t i = 0; i < n; ++i)
    {
        const double at = static_cast<double>(i) / static_cast<double>(n);
        out.exponent.push_back(2.5 + at);
        out.amplitude.push_back(level * (1 + at) * std::pow(offset, out.exponent[i]));
        for (std::size_t c = 0; c < channels; ++c)
            out.X(i, c) = out.amplitude[i] * std::pow(energy(c), -out.exponent[i]);
    }
    return out;
}

matrix drawn(const matrix& X, std::uint64_t seed)
{
    xu::random_engine engine(seed);
    matrix out = X;
    for (double& x : out.values)
        x = static_cast<double>(xu::simulate::poisson(engine, x));
    return out;
}

/// An edge at channel 80.
double edge(std::size_t c)
{
    return c < 80 ? 0 : 50 * std::exp(-static_cast<double>(c - 80) / 30);
}

template <class E>
std::vector<std::size_t> shape_of(const E& e)
{
    return {e.shape().begin(), e.shape().end()};
}
}

TEST_CASE("background: an exact power law is subtracted to rounding, whichever way it is fitted")
{
    spectra s = power_laws(12, 1000);
    for (std::size_t i = 0; i < 12; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            s.X(i, c) += edge(c);
    for (const auto fit : {xu::power_law_fit::log_counts, xu::power_law_fit::two_areas})
        for (const std::size_t refinements : std::vector<std::size_t>{0, 2, 4})
        {
            // Two areas need the steps: the sum of a power law is none.
            if (fit == xu::power_law_fit::two_areas && refinements < 4)
                continue;
            auto o = eels;
            o.fit = fit, o.refinements = refinements;
            const auto out = xu::subtract_background(unfold_as<double>(s.X, {}, {3, 4}), o);
            CHECK(shape_of(out.scan) == std::vector<std::size_t>{3, 4, channels});
            CHECK(shape_of(out.exponent) == std::vector<std::size_t>{3, 4});
            double worst = 0, worst_r = 0, worst_a = 0;
            for (std::size_t i = 0; i < 12; ++i)
            {
                worst_r = std::max(worst_r, std::abs(out.exponent.data()[i] - s.exponent[i]));
                worst_a = std::max(worst_a, std::abs(out.amplitude.data()[i] / s.amplitude[i] - 1));
                for (std::size_t c = 0; c < channels; ++c)
                    worst = std::max(worst, std::abs(out.scan.data()[i * channels + c] -
                                                     (c < 10 ? 0 : edge(c))));
            }
            CHECK(worst < 1e-8);
            CHECK(worst_r < 1e-11);
            CHECK(worst_a < 1e-10);
            for (std::size_t c = 0; c < channels; ++c)
                CHECK(out.channels.data()[c] == (c >= 10));
        }
}

TEST_CASE("background: the window ends where it is said to, and subtraction begins there")
{
    spectra s = power_laws(3, 100);
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            s.X(i, c) = c >= 10 && c < window_end ? s.X(i, c) : 1e6; // not to be looked at
    auto o = eels;
    o.begin = xu::subtract_from::window_end;
    const auto out = xu::subtract_background(unfold_as<double>(s.X), o);
    for (std::size_t i = 0; i < 3; ++i)
    {
        CHECK(out.exponent.data()[i] == doctest::Approx(s.exponent[i]).epsilon(1e-11));
        for (std::size_t c = 0; c < channels; ++c)
            CHECK(out.scan.data()[i * channels + c] ==
                  doctest::Approx(c < window_end
                                      ? 0
                                      : 1e6 - s.amplitude[i] * std::pow(energy(c), -s.exponent[i]))
                      .epsilon(1e-12));
    }
    for (std::size_t c = 0; c < channels; ++c)
        CHECK(out.channels.data()[c] == (c >= window_end));
}

TEST_CASE("background: noise is left without a mean, and with one when clipped")
{
    // 30 counts a channel before the edge: the mean of what is left there, in units of the noise.
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        const std::size_t n = 2000;
        const spectra s = power_laws(n, 30);
        const auto data = unfold_as<std::uint16_t>(drawn(s.X, seed));
        const auto mean_left =
            [&](bool clip, std::size_t first, std::size_t last, std::size_t neighbours = 0)
        {
            auto o = eels;
            o.clip = clip, o.neighbours = neighbours;
            const auto out = xu::subtract_background(data, o);
            double sum = 0, variance = 0;
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t c = first; c < last; ++c)
                {
                    sum += static_cast<double>(out.scan.data()[i * channels + c]);
                    variance += s.X(i, c);
                }
            return sum / std::sqrt(variance * static_cast<double>(n * (last - first)));
        };
        CAPTURE(seed);
        // Maximum likelihood leaves as much above as below zero in the window; behind it, the
        // errors of a position's fit go into all of its channels.
        CHECK(std::abs(mean_left(false, 10, window_end)) < 1e-4);
        CHECK(std::abs(mean_left(false, window_end, 90)) < 0.04);
        // Far behind, errors of r make the background too high, unless neighbours help.
        CHECK(mean_left(false, 170, 200) < -0.03);
        CHECK(std::abs(mean_left(false, 170, 200, 3)) < 0.04);
        // The mean of a Gaussian's positive part is 1 / sqrt(2 pi) = 0.399 standard deviations.
        CHECK(mean_left(true, 10, window_end) == doctest::Approx(0.399).epsilon(0.05));
        CHECK(mean_left(true, window_end, 90) == doctest::Approx(0.399).epsilon(0.15));
    }
}

TEST_CASE("background: the weights make the difference at low counts")
{
    const std::size_t n = 3000;
    const spectra s = power_laws(n, 25);
    const auto data = unfold_as<std::uint16_t>(drawn(s.X, 11));
    const auto error_of = [&](const xu::power_law_background& o)
    {
        const auto out = xu::subtract_background(data, o);
        double model = 0, truth = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t c = 10; c < window_end; ++c)
            {
                truth += s.X(i, c);
                model += out.amplitude.data()[i] * std::pow(energy(c), -out.exponent.data()[i]);
            }
        return model / truth - 1;
    };
    // 26 counts on the average: weights from counts are off by 1 / (2 counts); the sum over all
    // positions has a statistical error of 0.0004.
    auto o = eels;
    o.refinements = 0;
    CHECK(error_of(o) == doctest::Approx(0.018).epsilon(0.15));
    for (const auto fit : {xu::power_law_fit::log_counts, xu::power_law_fit::two_areas})
    {
        o.fit = fit, o.refinements = 2;
        CHECK(std::abs(error_of(o)) < 0.0012);
    }
}

TEST_CASE("background: maps of r come out within their statistical error")
{
    const std::size_t n = 900;
    const spectra s = power_laws(n, 400);
    const auto data = unfold_as<std::uint16_t>(drawn(s.X, 5), layout::row_major, {30, 30});
    // No unbiased estimate of r scatters less than 1 / sqrt(sum of counts x (u - mean u)^2).
    double least = 0;
    for (std::size_t i = 0; i < n; ++i)
    {
        double w = 0, wu = 0, wuu = 0;
        for (std::size_t c = 10; c < window_end; ++c)
        {
            const double u = std::log(energy(c) / 435), x = s.X(i, c);
            w += x, wu += x * u, wuu += x * u * u;
        }
        least += 1 / (wuu - wu * wu / w);
    }
    least = std::sqrt(least / static_cast<double>(n));
    const auto scatter = [&](std::size_t reach)
    {
        auto o = eels;
        o.neighbours = reach;
        const auto out = xu::subtract_background(data, o);
        double squares = 0;
        for (std::size_t i = 0; i < n; ++i)
            squares += std::pow(out.exponent.data()[i] - s.exponent[i], 2);
        return std::sqrt(squares / static_cast<double>(n));
    };
    CHECK(scatter(0) == doctest::Approx(least).epsilon(0.05));
    CHECK(scatter(1) < 0.42 * least); // nine positions, six and four at the borders
    CHECK(scatter(2) < 0.27 * least);
}

TEST_CASE("background: a sum over neighbours is fitted where single counts are too few")
{
    const std::size_t n = 400;
    spectra s = power_laws(n, 2);
    const matrix X = drawn(s.X, 9);
    const auto data = unfold_as<std::uint8_t>(X, layout::row_major, {20, 20});
    CHECK(message_of<xu::invalid_data>([&] { xu::subtract_background(data, eels); })
              .find("of 400 positions have none") != std::string::npos);
    auto o = eels;
    o.fit = xu::power_law_fit::two_areas, o.neighbours = 3;
    const auto out = xu::subtract_background(data, o);
    for (std::size_t i = 0; i < n; ++i)
    {
        double sum = 0;
        for (std::size_t c = 10; c < window_end; ++c)
            sum += static_cast<double>(out.scan.data()[i * channels + c]);
        CHECK(std::abs(sum) < 1e-3); // as much as the position itself has in the window
        CHECK(std::abs(out.exponent.data()[i] - s.exponent[i]) < 2.5);
    }
}

TEST_CASE("background: types, layouts, axes and threads make no difference")
{
    const matrix X = drawn(power_laws(30, 200).X, 3);
    const auto reference = xu::subtract_background(unfold_as<float>(X), eels);
    const auto same = [&](const auto& other)
    {
        double worst = 0;
        for (std::size_t e = 0; e < reference.scan.size(); ++e)
            worst = std::max(worst, std::abs(static_cast<double>(reference.scan.data()[e]) -
                                             static_cast<double>(other.scan.data()[e])));
        return worst;
    };
    auto o = eels;
    o.threads = 3;
    CHECK(same(xu::subtract_background(unfold_as<float>(X), o)) == 0);
    CHECK(same(xu::subtract_background(unfold_as<std::uint16_t>(X), eels)) == 0);
    CHECK(same(xu::subtract_background(unfold_as<std::int32_t>(X, layout::column_major), eels)) ==
          0);
    CHECK(same(xu::subtract_background(unfold_as<double>(X), eels)) < 1e-4);
    auto energy_first = xu::tensor<std::uint16_t>::from_shape({channels, 5, 6});
    auto energy_last = xu::tensor<std::uint16_t>::from_shape({5, 6, channels});
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            energy_first.data()[c * 30 + i] = energy_last.data()[i * channels + c] =
                static_cast<std::uint16_t>(X(i, c));
    const auto copy = energy_last;
    const auto from_last = xu::subtract_background(energy_last, eels);
    CHECK(same(from_last) == 0);
    CHECK(energy_last == copy);
    o = eels;
    o.axis = 0;
    const auto from_first = xu::subtract_background(energy_first, o);
    CHECK(same(from_first) == 0);
    CHECK(shape_of(from_first.scan) == std::vector<std::size_t>{5, 6, channels});
    static_assert(std::is_same_v<decltype(from_first.scan), xu::tensor<float>>);
}

TEST_CASE("background: what lies under masks is never looked at")
{
    spectra s = power_laws(8, 100);
    for (std::size_t c = 0; c < channels; ++c)
        s.X(3, c) = std::nan("");
    for (std::size_t i = 0; i < 8; ++i)
        for (const std::size_t c : std::vector<std::size_t>{20, 21, 150})
            s.X(i, c) = std::nan("");
    auto keep_p = xu::tensor<bool>::from_shape({8}),
         keep_c = xu::tensor<bool>::from_shape({channels});
    keep_p.fill(true), keep_c.fill(true);
    keep_p.data()[3] = keep_c.data()[20] = keep_c.data()[21] = keep_c.data()[150] = false;
    for (const std::size_t reach : std::vector<std::size_t>{0, 1})
    {
        auto o = eels;
        o.neighbours = reach;
        const auto out = xu::subtract_background(
            unfold_as<double>(s.X).mask_positions(keep_p).mask_channels(keep_c), o);
        for (std::size_t i = 0; i < 8; ++i)
        {
            if (reach == 0)
                CHECK(out.exponent.data()[i] ==
                      doctest::Approx(i == 3 ? 0 : s.exponent[i]).epsilon(1e-10));
            CHECK((i == 3) == (out.amplitude.data()[i] == 0));
            for (std::size_t c = 0; c < channels; ++c)
                CHECK(std::isfinite(out.scan.data()[i * channels + c]));
        }
        CHECK_FALSE(out.channels.data()[150]);
    }
    const auto message = message_of<xu::invalid_data>(
        [&] { xu::subtract_background(unfold_as<double>(s.X), eels); });
    CHECK(message.find("8 of 8 positions have none, the first is 0") != std::string::npos);
}

TEST_CASE("background: bad input is refused")
{
    const matrix X = power_laws(4, 100).X;
    const auto refused = [&](const xu::power_law_background& o, const matrix& data)
    { return message_of<xu::error>([&] { xu::subtract_background(unfold_as<double>(data), o); }); };
    const auto with = [](double from, double to)
    {
        auto o = eels;
        o.from = from, o.to = to;
        return o;
    };
    CHECK(refused(with(450, 450), X) ==
          "the fit window is empty: from must be below to, got 450 and 450");
    CHECK(refused(with(390, 450), X) == "the fit window from 390 to 450 lies outside the energy "
                                        "axis, which goes from 400 to 599");
    CHECK(refused(with(590, 600), X) == "the fit window from 590 to 600 lies outside the energy "
                                        "axis, which goes from 400 to 599");
    CHECK(refused(with(450, 451), X) == "the fit window from 450 to 451 must hold at least 3 "
                                        "unmasked channels, it holds 2; widen it");
    CHECK(refused(with(450, 452), X) == "no exception");
    CHECK(refused(with(400, 599), X) == "no exception");
    auto o = with(0, 50);
    o.offset = -100;
    CHECK(refused(o, X) == "a power law needs energies above 0, the fit window begins at 0; are "
                           "offset and step right?");
    o = eels;
    o.step = 0;
    CHECK(refused(o, X) ==
          "an energy axis needs a finite offset and a step above 0, got 400 and 0");
    matrix zero = X;
    zero(1, 30) = zero(2, 30) = 0;
    CHECK(refused(eels, zero) ==
          "a power law needs counts above 0 in every channel of the fit window; 2 of 4 positions "
          "have none, the first is 1. Bin the scan, widen the window, fit the sum over neighbours "
          "(.neighbours = 1) or start from two areas (power_law_fit::two_areas), or mask the "
          "positions");
    o = eels;
    o.fit = xu::power_law_fit::two_areas;
    CHECK(refused(o, zero) == "no exception");
    for (std::size_t c = 30; c < window_end; ++c)
        zero(2, c) = 0;
    CHECK(refused(o, zero) ==
          "a power law needs counts above 0 in both halves of the fit window; 1 of 4 positions "
          "have none, the first is 2. Bin the scan, widen the window, fit the sum over neighbours "
          "(.neighbours = 1), or mask the positions");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::subtract_background(unfold_as<double>(X, {}, {4}, {20, 10}), eels);
              }) ==
          "a power-law background needs channels along one axis, the energy; these have the shape "
          "(20, 10)");
    o = eels;
    o.axis = 2;
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::subtract_background(to_tensor(transposed(X)), o); }) ==
          "the energy axis 2 is out of range: the tensor (4, 200) has axes 0 to 1");
}
}
