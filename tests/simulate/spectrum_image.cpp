// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/simulate/edx_phantom.hpp>
#include <xunmix/simulate/eels_phantom.hpp>
#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/update/hals.hpp>

namespace spectrum_image_test
{
using namespace support;
namespace xs = xunmix::simulate;

namespace
{
xs::silicon_diode_options small_diode()
{
    return {.scan = {24, 30}, .channels = 150, .step_ev = 0.6, .threads = 1};
}

xs::edx_phantom_options small_edx()
{
    return {.scan = {36, 30}, .channels = 500, .step_kev = 0.04, .threads = 1};
}

xs::eels_phantom_options small_eels()
{
    return {.scan = {20, 24}, .channels = 280, .step_ev = 1, .threads = 1};
}

template <class T>
matrix scan_of(const xs::spectrum_image<T>& s)
{
    matrix out(s.maps.size() / 3, s.components.size() / 3);
    std::copy(s.scan.begin(), s.scan.end(), out.values.begin());
    return out;
}

template <class T>
matrix model_of(const xs::spectrum_image<T>& s)
{
    return from_tensor(s.maps) * transposed(from_tensor(s.components));
}

double sum_of(const matrix& X)
{
    return std::accumulate(X.values.begin(), X.values.end(), 0.0);
}

/// sum (x - e)^2 / e over the elements with expectation e >= 0.05, as the number of standard
/// deviations that it is off its own expectation for Poisson counts x.
double chi_square_deviation(const matrix& X, const matrix& expected)
{
    double off = 0, variance = 0;
    for (std::size_t i = 0; i < X.values.size(); ++i)
        if (const double e = expected.values[i]; e >= 0.05)
        {
            off += (X.values[i] - e) * (X.values[i] - e) / e - 1;
            variance += 2 + 1 / e;
        }
    return off / std::sqrt(variance);
}

/// How long, relative to the longest row, is the row left when `count` directions are taken out,
/// each time that of the longest row that is left.
double left_after(matrix X, std::size_t count)
{
    const auto row_norm = [&](std::size_t i)
    {
        return std::sqrt(
            std::inner_product(X.values.begin() + static_cast<std::ptrdiff_t>(i * X.cols),
                               X.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * X.cols),
                               X.values.begin() + static_cast<std::ptrdiff_t>(i * X.cols), 0.0));
    };
    const auto longest = [&]
    {
        std::size_t at = 0;
        for (std::size_t i = 1; i < X.rows; ++i)
            at = row_norm(i) > row_norm(at) ? i : at;
        return at;
    };
    const double first = row_norm(longest());
    for (std::size_t step = 0; step < count; ++step)
    {
        const std::size_t at = longest();
        const double size = row_norm(at);
        std::vector<double> direction(X.cols);
        for (std::size_t c = 0; c < X.cols; ++c)
            direction[c] = X(at, c) / size;
        for (std::size_t i = 0; i < X.rows; ++i)
        {
            double along = 0;
            for (std::size_t c = 0; c < X.cols; ++c)
                along += X(i, c) * direction[c];
            for (std::size_t c = 0; c < X.cols; ++c)
                X(i, c) -= along * direction[c];
        }
    }
    return row_norm(longest()) / first;
}

/// What holds for every spectrum image: shapes, non-negative truth, unit sums, the dose, rank 3.
template <class T>
void check_truth(const xs::spectrum_image<T>& s, double dose)
{
    CHECK(s.names.size() == 3);
    CHECK(s.maps.shape()[1] == s.scan.shape()[0]);
    CHECK(s.maps.shape()[2] == s.scan.shape()[1]);
    CHECK(s.components.shape()[1] == s.scan.shape()[2]);
    CHECK(*std::min_element(s.maps.begin(), s.maps.end()) >= 0);
    CHECK(*std::min_element(s.components.begin(), s.components.end()) >= 0);
    const matrix S = from_tensor(s.components), X = scan_of(s), expected = model_of(s);
    for (std::size_t k = 0; k < 3; ++k)
    {
        double sum = 0;
        for (std::size_t c = 0; c < S.rows; ++c)
            sum += S(c, k);
        CHECK(sum == doctest::Approx(1).epsilon(1e-12));
    }
    CHECK(sum_of(expected) / static_cast<double>(X.rows) == doctest::Approx(dose).epsilon(1e-10));
    CHECK(relative_distance(X, expected) < 1e-12);
    CHECK(left_after(X, 2) > 0.01);
    CHECK(left_after(X, 3) < 1e-12);
}

template <class T>
bool same_scan(const xs::spectrum_image<T>& a, const xs::spectrum_image<T>& b)
{
    return a.scan.size() == b.scan.size() &&
           std::equal(a.scan.begin(), a.scan.end(), b.scan.begin());
}

/// Every component's purest position: its part of the counts there.
std::vector<double> purest(const xu::tensor<double>& maps)
{
    const matrix C = from_tensor(maps);
    std::vector<double> out(C.cols);
    const double brightest = *std::max_element(maps.begin(), maps.end());
    for (std::size_t i = 0; i < C.rows; ++i)
    {
        const double all = C(i, 0) + C(i, 1) + C(i, 2);
        for (std::size_t k = 0; k < C.cols && all > 0.02 * brightest; ++k)
            out[k] = std::max(out[k], C(i, k) / all);
    }
    return out;
}

/// Whether component k has a local maximum within a channel of this energy.
template <class T>
bool peaks_at(const xs::spectrum_image<T>& s, std::size_t k, double energy)
{
    const auto at = static_cast<std::size_t>(std::lround(s.axis.channel(energy)));
    for (std::size_t c = at - 1; c <= at + 1; ++c)
        if (s.components(k, c) > s.components(k, c - 1) &&
            s.components(k, c) >= s.components(k, c + 1))
            return true;
    return false;
}

void contains(const std::string& text, const char* part)
{
    CAPTURE(text);
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
}
}

TEST_CASE("spectrum_image: the truth is non-negative, of rank 3, and the dose is the mean count")
{
    auto diode = small_diode();
    auto edx = small_edx();
    auto eels = small_eels();
    diode.noise = edx.noise = eels.noise = xs::noise_kind::none;
    for (double dose : {50.0, 3000.0})
    {
        diode.dose = edx.dose = eels.dose = dose;
        check_truth(xs::silicon_diode<double>(diode), dose);
        check_truth(xs::edx_phantom<double>(edx), dose);
        check_truth(xs::eels_phantom<double>(eels), dose);
    }
}

TEST_CASE("spectrum_image: counts scatter around maps times components as Poisson counts do")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        auto diode = small_diode();
        auto edx = small_edx();
        auto eels = small_eels();
        diode.seed = edx.seed = eels.seed = seed;
        const auto validate = [](const auto& s)
        {
            const matrix X = scan_of(s), expected = model_of(s);
            CHECK(std::abs(chi_square_deviation(X, expected)) < 4.5);
            CHECK(std::abs(sum_of(X) - sum_of(expected)) < 4.5 * std::sqrt(sum_of(expected)));
        };
        validate(xs::silicon_diode(diode));
        validate(xs::edx_phantom(edx));
        validate(xs::eels_phantom(eels));
    }
}

TEST_CASE("spectrum_image: gaussian noise has one variance everywhere, the mean count")
{
    for (double dose : {50.0, 3000.0})
    {
        auto options = small_diode();
        options.dose = dose;
        options.noise = xs::noise_kind::gaussian;
        const auto s = xs::silicon_diode<float>(options);
        const matrix X = scan_of(s), noise = X - model_of(s);
        const double n = static_cast<double>(noise.values.size()), variance = dose / 150;
        CHECK(std::abs(sum_of(noise)) < 4.5 * std::sqrt(n * variance));
        CHECK(std::abs(squared_norm(noise) / variance - n) < 4.5 * std::sqrt(2 * n));
        double fourth = 0, bright = 0, bright_count = 0, neighbours = 0, rows = 0;
        const std::size_t row = 30 * 150;
        for (std::size_t i = 0; i < noise.values.size(); ++i)
        {
            const double z = noise.values[i] / std::sqrt(variance);
            fourth += z * z * z * z; // 3, of variance 96
            if (i % 150 >= 20 && i % 150 < 60)
                bright += z * z, bright_count += 1;
            if (i >= 1)
                neighbours += z * noise.values[i - 1] / std::sqrt(variance);
            if (i >= row)
                rows += z * noise.values[i - row] / std::sqrt(variance);
        }
        CHECK(std::abs(fourth - 3 * n) < 4.5 * std::sqrt(96 * n));
        CHECK(std::abs(bright - bright_count) < 4.5 * std::sqrt(2 * bright_count));
        CHECK(std::abs(neighbours) < 4.5 * std::sqrt(n));
        CHECK(std::abs(rows) < 4.5 * std::sqrt(n));
        CHECK(*std::min_element(X.values.begin(), X.values.end()) < 0);
    }
}

TEST_CASE("spectrum_image: a seed gives one scan, whatever the number of threads")
{
    const auto validate = [](auto options, const auto& simulate)
    {
        const auto reference = simulate(options);
        for (std::size_t threads : {1u, 2u, 5u})
        {
            options.threads = threads;
            CHECK(same_scan(reference, simulate(options)));
        }
        options.seed += std::uint64_t{1} << 32;
        CHECK_FALSE(same_scan(reference, simulate(options)));
    };
    const auto diode = [](const auto& o) { return xs::silicon_diode<float>(o); };
    auto gaussian = small_diode();
    gaussian.noise = xs::noise_kind::gaussian;
    validate(small_diode(), diode);
    validate(gaussian, diode);
    validate(small_edx(), [](const auto& o) { return xs::edx_phantom(o); });
    validate(small_eels(), [](const auto& o) { return xs::eels_phantom(o); });
}

TEST_CASE("spectrum_image: the seed moves particles, but no layers")
{
    const auto same_maps = [](auto options, const auto& simulate)
    {
        const auto a = simulate(options);
        options.seed = 7;
        const auto b = simulate(options);
        return a.maps == b.maps && a.components == b.components;
    };
    CHECK(same_maps(small_diode(), [](const auto& o) { return xs::silicon_diode(o); }));
    CHECK(same_maps(small_eels(), [](const auto& o) { return xs::eels_phantom(o); }));
    CHECK_FALSE(same_maps(small_edx(), [](const auto& o) { return xs::edx_phantom(o); }));
}

TEST_CASE("spectrum_image: each component is all but alone somewhere")
{
    for (const auto& scan : {std::array<std::size_t, 2>{100, 100}, {64, 64}, {60, 90}})
        for (std::uint64_t seed = 1; seed <= 12; ++seed)
        {
            CAPTURE(seed);
            CAPTURE(scan[1]);
            const auto s = xs::edx_phantom({.scan = scan, .channels = 20, .seed = seed});
            const auto found = purest(s.maps);
            for (std::size_t k = 0; k < 3; ++k)
                CHECK(found[k] > 0.99);
        }
    const auto diode = xs::silicon_diode();
    const auto eels = xs::eels_phantom();
    for (std::size_t k = 0; k < 3; ++k)
    {
        CHECK(purest(diode.maps)[k] > 0.9999);
        CHECK(purest(eels.maps)[k] > 0.9999);
    }
}

TEST_CASE("silicon_diode: interfaces are mixed, spectra alike and nowhere zero")
{
    const auto s = xs::silicon_diode();
    const matrix C = from_tensor(s.maps), S = from_tensor(s.components);
    double mixed = 0;
    for (std::size_t i = 0; i < C.rows; ++i)
    {
        const double all = C(i, 0) + C(i, 1) + C(i, 2);
        mixed += std::max({C(i, 0), C(i, 1), C(i, 2)}) < 0.99 * all ? 1e-4 : 0;
    }
    CHECK(mixed > 0.08);
    CHECK(mixed < 0.25);
    const matrix alike = cosines(S, S), apart = cosines(C, C);
    double least = 1;
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t l = 0; l < k; ++l)
        {
            CHECK(alike(k, l) > 0.84);
            CHECK(alike(k, l) < 0.95);
            CHECK(apart(k, l) < 0.1);
            for (std::size_t c = 0; c < S.rows; ++c)
                least = std::min({least, S(c, k) / S(c, l), S(c, l) / S(c, k)});
        }
    CHECK(least > 0.1); // where one has counts, all have
    for (double ev : {106.0, 108.5, 115.5})
        CHECK(peaks_at(s, 1, ev));
    CHECK(peaks_at(s, 0, 101.5));
}

namespace
{
/// Mean angle (radians) between columns of the same number.
double angle_in_order(const matrix& a, const matrix& b)
{
    double sum = 0;
    for (std::size_t k = 0; k < a.cols; ++k)
        sum += angle(a, k, b, k);
    return sum / static_cast<double>(a.cols);
}

/// The spectra that non-negativity alone finds, in the order of the truth.
matrix hals_spectra(const xs::spectrum_image<float>& s, std::uint64_t seed)
{
    const auto data = xu::unfold(s.scan, xu::positions{0, 1});
    const auto result = xu::factorize(
        data, {.rank = 3, .max_iterations = 150, .tolerance = 0, .seed = seed, .threads = 1},
        xu::hals{}, xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    const auto found = from_tensor(xu::tensor<double>(result.components()));
    const auto order = match(found, from_tensor(s.components)).found;
    matrix S(found.rows, 3);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t c = 0; c < S.rows; ++c)
            S(c, k) = found(c, order[k]);
    return S;
}
}

TEST_CASE("silicon_diode: non-negativity alone digs a dip into a spectrum, at any dose")
{
    for (double dose : {50.0, 300.0, 3000.0})
        for (std::uint64_t seed = 1; seed <= 3; ++seed)
        {
            const auto s = xs::silicon_diode<float>(
                {.scan = {60, 60}, .dose = dose, .seed = seed, .threads = 1});
            const matrix S = hals_spectra(s, seed), truth = from_tensor(s.components);
            CAPTURE(dose);
            CAPTURE(seed);
            CHECK(angle_in_order(S, truth) > 0.1);
            // Silicon at the peak of its oxide, beside its own first peak
            const auto channel = [&](double ev)
            { return static_cast<std::size_t>(std::lround(s.axis.channel(ev))); };
            const std::size_t dip = channel(108.5), peak = channel(101.5);
            CHECK(S(dip, 0) / S(peak, 0) < 0.7 * truth(dip, 0) / truth(peak, 0));
        }
}

TEST_CASE("silicon_diode: the true maps, which hardly overlap, hold the spectra")
{
    for (double dose : {300.0, 3000.0})
    {
        const auto s = xs::silicon_diode<float>({.dose = dose, .threads = 1});
        const matrix C = from_tensor(s.maps), S = from_tensor(s.components), X = scan_of(s);
        // each spectrum is all but the mean over its layer
        const matrix weighted = transposed(X) * C;
        CHECK(angle_in_order(weighted, S) < 0.03);
    }
}

TEST_CASE("edx_phantom: lines lie where the elements have them, as wide as the detector makes them")
{
    const auto s = xs::edx_phantom({.scan = {16, 16}});
    CHECK(s.axis.unit == "keV");
    for (double kev : {2.07, 6.399, 9.442, 11.071, 8.041})
        CHECK(peaks_at(s, 0, kev));
    for (double kev : {0.525, 0.705, 6.399, 7.058, 8.041})
        CHECK(peaks_at(s, 1, kev));
    for (double kev : {0.277, 0.525, 1.487, 8.041})
        CHECK(peaks_at(s, 2, kev));
    CHECK_FALSE(peaks_at(s, 2, 6.399));
    CHECK_FALSE(peaks_at(s, 0, 1.487));
    // FWHM^2 = 130^2 + 2.5 (E - 5899) eV^2
    CHECK(2.354820 * xs::detail::line_sigma(5.899, 130) == doctest::Approx(0.130));
    CHECK(2.354820 * xs::detail::line_sigma(0.525, 130) == doctest::Approx(0.05880).epsilon(1e-3));
    // The moments of Al K-alpha, alone
    const auto line =
        xs::detail::x_ray_spectrum({.resolution_ev = 140}, {{1.0, xs::aluminium_lines}});
    double sum = 0, mean = 0, square = 0;
    for (std::size_t c = 0; c < line.size(); ++c)
    {
        const double kev = 0.1 + 0.02 * static_cast<double>(c);
        sum += line[c], mean += kev * line[c], square += kev * kev * line[c];
    }
    const double sigma = xs::detail::line_sigma(1.487, 140);
    CHECK(sum == doctest::Approx(1));
    CHECK(mean == doctest::Approx(1.487));
    CHECK(square - mean * mean == doctest::Approx(sigma * sigma + 0.02 * 0.02 / 12).epsilon(1e-6));
}

TEST_CASE("edx_phantom: coarser channels are sums of finer ones")
{
    const auto fine = xs::edx_phantom({.scan = {8, 8}, .channels = 900, .offset_kev = 0.41});
    const auto coarse =
        xs::edx_phantom({.scan = {8, 8}, .channels = 225, .offset_kev = 0.44, .step_kev = 0.08});
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t c = 0; c < 225; ++c)
        {
            double sum = 0;
            for (std::size_t i = 0; i < 4; ++i)
                sum += fine.components(k, 4 * c + i);
            CHECK(coarse.components(k, c) == doctest::Approx(sum).epsilon(0.01));
        }
}

TEST_CASE("eels_phantom: components are power laws plus edges, amplitudes follow the thickness")
{
    const auto s = xs::eels_phantom<double>({.noise = xs::noise_kind::none});
    const std::array<double, 3> onset{456.8, 396.5, 535.4}, exponents{3.2, 3.0, 3.4};
    for (std::size_t k = 0; k < 3; ++k)
    {
        const double first = 360;
        for (std::size_t c = 0; c < 560; ++c)
        {
            const double ev = s.axis.energy(static_cast<double>(c));
            CHECK(s.components(k, c) == s.background(k, c) + s.edges(k, c));
            CHECK(s.background(k, c) ==
                  doctest::Approx(s.background(k, 0) * std::pow(ev / first, -exponents[k])));
            if (ev < onset[k] - 6)
                CHECK(s.edges(k, c) < 1e-6 * s.background(k, c));
            CHECK(s.edges(k, c) >= 0);
        }
        const auto above = static_cast<std::size_t>(s.axis.channel(onset[k] + 4));
        CHECK(s.edges(k, above) > 0.15 * s.background(k, above));
    }
    for (double ev : {458.2, 460.2, 463.6, 465.6, 531.0, 533.6})
        CHECK(peaks_at(s, 0, ev));
    for (double ev : {401.2, 457.6, 463.2})
        CHECK(peaks_at(s, 1, ev));
    CHECK(peaks_at(s, 2, 538.4));
    CHECK(s.thickness(0, 0) < s.thickness(0, 63));
    const std::size_t last = 63; // the lowest layer, SiO2 alone
    for (std::size_t x = 0; x < 64; ++x)
        CHECK(s.maps(2, last, x) / s.thickness(last, x) ==
              doctest::Approx(s.maps(2, last, 0) / s.thickness(last, 0)));
}

TEST_CASE("eels_phantom: a power law fitted before the edge leaves the edges of pure positions")
{
    const auto s = xs::eels_phantom<double>({.noise = xs::noise_kind::none});
    const auto fit = [&](std::size_t y, double from, double to)
    {
        double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
        for (std::size_t c = 0; c < 560; ++c)
            if (const double ev = s.axis.energy(static_cast<double>(c)); ev >= from && ev <= to)
            {
                const double lx = std::log(ev), ly = std::log(s.scan(y, 30, c));
                n += 1, sx += lx, sy += ly, sxx += lx * lx, sxy += lx * ly;
            }
        return -(n * sxy - sx * sy) / (n * sxx - sx * sx);
    };
    CHECK(fit(2, 370, 440) == doctest::Approx(3.2).epsilon(1e-6));
    CHECK(fit(30, 362, 390) == doctest::Approx(3.0).epsilon(1e-6));
    CHECK(fit(62, 370, 520) == doctest::Approx(3.4).epsilon(1e-6));
}

TEST_CASE("spectrum_image: channels and energies")
{
    const xs::energy_axis axis{.offset = 90, .step = 0.5};
    CHECK(axis.unit == "eV");
    CHECK(axis.energy(0) == 90);
    CHECK(axis.energy(36.5) == 108.25);
    CHECK(axis.channel(axis.energy(17)) == 17);
}

TEST_CASE("spectrum_image: integers hold the expectation, rounded, if they can")
{
    auto options = small_eels();
    options.noise = xs::noise_kind::none;
    const auto exact = xs::eels_phantom<double>(options);
    const auto rounded = xs::eels_phantom<std::uint32_t>(options);
    for (std::size_t i = 0; i < exact.scan.size(); ++i)
        CHECK(rounded.scan.data()[i] ==
              static_cast<std::uint32_t>(std::round(exact.scan.data()[i])));
    contains(message_of<xu::invalid_argument>([&] { xs::eels_phantom<std::uint8_t>(options); }),
             "the scan's type holds 255 at most");
}

TEST_CASE("spectrum_image: options that make no image are refused in words")
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto diode = [](const xs::silicon_diode_options& o)
    { return message_of<xu::invalid_argument>([&] { xs::silicon_diode(o); }); };
    const auto edx = [](const xs::edx_phantom_options& o)
    { return message_of<xu::invalid_argument>([&] { xs::edx_phantom(o); }); };
    const auto eels = [](const xs::eels_phantom_options& o)
    { return message_of<xu::invalid_argument>([&] { xs::eels_phantom(o); }); };
    CHECK(diode({.scan = {8, 7}}) ==
          "the phases need a scan of at least 8 x 8 positions, got 8 x 7");
    CHECK(diode({.channels = 7}) == "spectra need at least 8 channels, got 7");
    CHECK(diode({.dose = 0}) ==
          "dose must be positive and finite, got 0; leave it out for the default");
    contains(diode({.dose = nan}), "dose must be positive and finite, got nan");
    CHECK(diode({.offset_ev = -1}) ==
          "offset_ev is the first channel's energy and must be at least 1, got -1");
    contains(diode({.step_ev = 0}), "step_ev");
    contains(diode({.probe_sigma = 0}), "probe_sigma");
    contains(diode({.noise = xs::noise_kind::gaussian}), "ask for a scan of float or double");
    contains(edx({.dose = -1}), "dose");
    contains(edx({.offset_kev = 0}),
             "offset_kev is the first channel's energy and must be at least 0.02, got 0");
    contains(edx({.step_kev = nan}), "step_kev");
    contains(edx({.resolution_ev = 120}), "resolution_ev must be at least 122, got 120");
    contains(edx({.particles = 1}), "ask for 2 particles at least, got 1");
    contains(edx({.noise = xs::noise_kind::gaussian}), "float or double");
    contains(eels({.scan = {0, 20}}), "got 0 x 20");
    contains(eels({.offset_ev = 0}), "offset_ev");
    contains(eels({.thickness = {0.1, 0}}), "thickness must be positive and finite, got 0");
    contains(eels({.exponents = {3, nan, 3}}), "between 0 and 10, got nan");
    contains(eels({.noise = xs::noise_kind::gaussian}), "float or double");
    CHECK_NOTHROW(xs::silicon_diode({.scan = {8, 8}, .channels = 8}));
    CHECK_NOTHROW(xs::edx_phantom({.scan = {8, 8}, .channels = 8, .particles = 2}));
    CHECK_NOTHROW(xs::eels_phantom({.scan = {8, 8}, .channels = 8, .dose = 1000}));
}
}
