// SPDX-License-Identifier: BSD-3-Clause
// The simulated scan: an exact bilinear model under Poisson counts, on a specimen that can be
// unmixed, with reflections where the crystals put them.
#include "../support.hpp"

#include <array>
#include <type_traits>

#include <xunmix/simulate/nanosheets.hpp>

namespace nanosheets_test
{
namespace xs = xunmix::simulate;
using support::message_of;

namespace
{
/// sum_k maps(k, y, x) components(k, v, u) by the plain sum.
template <class T>
xunmix::tensor<double> model(const xs::simulated_scan<T>& s)
{
    const auto& shape = s.scan.shape();
    auto out = xunmix::tensor<double>::from_shape({shape[0], shape[1], shape[2], shape[3]});
    for (std::size_t y = 0; y < shape[0]; ++y)
        for (std::size_t x = 0; x < shape[1]; ++x)
            for (std::size_t v = 0; v < shape[2]; ++v)
                for (std::size_t u = 0; u < shape[3]; ++u)
                {
                    double sum = 0;
                    for (std::size_t k = 0; k < s.names.size(); ++k)
                        sum += s.maps(k, y, x) * s.components(k, v, u);
                    out(y, x, v, u) = sum;
                }
    return out;
}

/// How many positions see component k whole and no other crystal, and so on.
struct census
{
    std::vector<std::size_t> alone; // for each crystal, by component
    std::size_t overlapping = 0;
    std::size_t empty = 0;
};

template <class T>
census count_positions(const xs::simulated_scan<T>& s)
{
    const std::size_t count = s.names.size(), n = s.maps.size() / count;
    std::vector<double> whole(count);
    for (std::size_t k = 0; k < count; ++k)
        whole[k] = *std::max_element(s.maps.data() + k * n, s.maps.data() + (k + 1) * n);
    census out{std::vector<std::size_t>(count, 0)};
    for (std::size_t i = 0; i < n; ++i)
    {
        std::size_t present = 0, full = 0, last = 0;
        for (std::size_t k = 1; k < count; ++k)
        {
            const double part = s.maps.data()[k * n + i] / whole[k];
            present += part > 1e-9;
            if (part > 0.999)
                ++full, last = k;
        }
        out.empty += present == 0;
        out.overlapping += full >= 2;
        if (present == 1 && full == 1)
            ++out.alone[last];
    }
    return out;
}

/// The scan's bits.
template <class T>
bool same_scan(const xs::simulated_scan<T>& a, const xs::simulated_scan<T>& b)
{
    return a.scan.shape() == b.scan.shape() &&
           std::equal(a.scan.begin(), a.scan.end(), b.scan.begin());
}
}

TEST_CASE_TEMPLATE("without noise the scan is maps times components", T, double, float,
                   std::uint16_t)
{
    const auto s = xs::nanosheets<T>(
        {.positions = {6, 9}, .detector = {24, 17}, .sheets = 3, .poisson = false});
    CHECK(s.scan.shape() == typename xunmix::tensor<T>::shape_type{6, 9, 24, 17});
    CHECK(s.maps.shape() == xunmix::tensor<double>::shape_type{5, 6, 9});
    CHECK(s.components.shape() == xunmix::tensor<double>::shape_type{5, 24, 17});
    const auto expected = model(s);
    double worst = 0; // in units of what T can resolve
    for (std::size_t i = 0; i < expected.size(); ++i)
    {
        const double off = std::abs(static_cast<double>(s.scan.data()[i]) - expected.data()[i]);
        const double unit =
            std::is_integral_v<T>
                ? 0.5
                : expected.data()[i] * static_cast<double>(std::numeric_limits<T>::epsilon());
        worst = std::max(worst, off / unit);
    }
    CHECK(worst <= (std::is_same_v<T, double> ? 8 : 1.001));
}

TEST_CASE("the truth is non-negative, components have unit sum")
{
    const auto s = xs::nanosheets({.positions = {20, 20}, .detector = {32, 32}});
    CHECK(s.names == std::vector<std::string>{"background", "TiO2 sheet 1", "TiO2 sheet 2",
                                              "TiO2 sheet 3", "TiO2 sheet 4", "TiO2 sheet 5",
                                              "Ti2O3 domain"});
    CHECK(*std::min_element(s.maps.begin(), s.maps.end()) >= 0);
    CHECK(*std::min_element(s.components.begin(), s.components.end()) >= 0);
    for (std::size_t k = 0; k < s.names.size(); ++k)
    {
        double sum = 0;
        for (std::size_t i = 0; i < 32 * 32; ++i)
            sum += s.components.data()[k * 32 * 32 + i];
        CHECK(sum == doctest::Approx(1).epsilon(1e-12));
    }
}

TEST_CASE("counts scatter around the expectation with its variance")
{
    const auto s = xs::nanosheets({.positions = {24, 20}, .detector = {40, 40}});
    const auto expected = model(s);
    double off = 0, mean = 0, chi_square = 0, n = 0, spread = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
    {
        const double d = static_cast<double>(s.scan.data()[i]) - expected.data()[i];
        off += d;
        mean += expected.data()[i];
        if (expected.data()[i] < 0.05)
            continue;
        chi_square += d * d / expected.data()[i];
        spread += 2 + 1 / expected.data()[i]; // variance of d^2 / mean
        n += 1;
    }
    CHECK(n > 100000);
    CHECK(std::abs(off) < 5 * std::sqrt(mean));
    CHECK(std::abs(chi_square - n) < 5 * std::sqrt(spread));
}

TEST_CASE("a seed gives one scan, whatever the number of threads")
{
    const xs::nanosheet_options options{.positions = {9, 7}, .detector = {16, 20}, .seed = 5};
    auto threads = options, other = options;
    const auto reference = xs::nanosheets(options);
    CHECK(same_scan(reference, xs::nanosheets(options)));
    for (std::size_t n : {1u, 2u, 5u})
    {
        threads.threads = n;
        const auto again = xs::nanosheets(threads);
        CHECK(same_scan(reference, again));
        CHECK(std::equal(reference.maps.begin(), reference.maps.end(), again.maps.begin()));
    }
    for (std::uint64_t seed : {std::uint64_t{6}, std::uint64_t{5} + (std::uint64_t{1} << 32)})
    {
        other.seed = seed;
        CHECK_FALSE(same_scan(reference, xs::nanosheets(other)));
    }
}

TEST_CASE("the noise of one row of positions tells nothing about the next")
{
    const auto s = xs::nanosheets({.positions = {30, 2}, .detector = {24, 24}});
    const auto expected = model(s);
    constexpr std::size_t row = 2 * 24 * 24;
    double products = 0, n = 0;
    for (std::size_t i = row; i < expected.size(); ++i)
    {
        const auto noise = [&](std::size_t e)
        {
            return (static_cast<double>(s.scan.data()[e]) - expected.data()[e]) /
                   std::sqrt(expected.data()[e]);
        };
        if (expected.data()[i] < 0.5 || expected.data()[i - row] < 0.5)
            continue;
        products += noise(i) * noise(i - row); // of variance 1 if independent
        n += 1;
    }
    CHECK(n > 10000);
    CHECK(std::abs(products) < 5 * std::sqrt(n));
}

TEST_CASE("every crystal lies alone somewhere, sheets overlap, some positions are empty (slow)")
{
    for (std::uint64_t seed = 1; seed <= 12; ++seed)
        for (std::size_t sheets : {1u, 2u, 5u, 7u})
            for (std::array<std::size_t, 2> positions :
                 {std::array<std::size_t, 2>{100, 100}, std::array<std::size_t, 2>{60, 110}})
            {
                CAPTURE(seed);
                CAPTURE(sheets);
                const auto seen = count_positions(xs::nanosheets<std::uint16_t>(
                    {.positions = positions, .detector = {8, 8}, .sheets = sheets, .seed = seed}));
                for (std::size_t k = 1; k < seen.alone.size(); ++k)
                {
                    CAPTURE(k);
                    CHECK(seen.alone[k] >= 20);
                }
                CHECK(seen.empty >= positions[0] * positions[1] / 100);
                if (sheets > 1)
                    CHECK(seen.overlapping >= 50);
            }
}

TEST_CASE("the Ti2O3 domain replaces the first sheet, in its orientation")
{
    const auto s = xs::nanosheets({.detector = {16, 16}});
    const std::size_t domain = s.names.size() - 1, n = 100 * 100;
    const double* host = s.maps.data() + n;
    const double* reduced = s.maps.data() + domain * n;
    const double host_whole = *std::max_element(host, host + n);
    const double reduced_whole = *std::max_element(reduced, reduced + n);
    std::size_t inside = 0;
    for (std::size_t i = 0; i < n; ++i)
    {
        CHECK(host[i] / host_whole + reduced[i] / reduced_whole <= 1 + 1e-9);
        if (reduced[i] >= reduced_whole * (1 - 1e-12))
        {
            ++inside;
            CHECK(host[i] < 1e-9 * host_whole);
        }
    }
    CHECK(inside > 100);
    CHECK(s.lattices[domain].a_star == s.lattices[1].a_star);
    CHECK(s.lattices[domain].c_star == s.lattices[1].c_star);
}

TEST_CASE("sheets are turned against each other by at least a quarter of their mean spacing")
{
    const auto s = xs::nanosheets({.positions = {4, 4}, .detector = {16, 16}});
    for (std::size_t i = 1; i <= 5; ++i)
        for (std::size_t j = 1; j < i; ++j)
        {
            const auto& a = s.lattices[i].a_star;
            const auto& b = s.lattices[j].a_star;
            const double cosine =
                (a[0] * b[0] + a[1] * b[1]) / (std::hypot(a[0], a[1]) * std::hypot(b[0], b[1]));
            CHECK(std::abs(cosine) < std::cos(3.14159265 / 5 / 4));
        }
}

TEST_CASE("a position averages over its square and the probe")
{
    // one sheet, the half plane x < edge; the domain is far away
    constexpr double edge = 12, step = 5;
    xs::specimen specimen{};
    specimen.sheets = {{{0, 0}, {1, 1}, {{{0, 1}, edge}}}};
    specimen.domain = {{0, 0}, {1, 1}, {{{0, 1}, -1e6}}};
    for (double sigma : {0.3, 1.3, 4.0})
    {
        const auto maps = xs::coverage(specimen, {{2, 6}, step, sigma}, 1);
        // the integral of the normal distribution function P is z P(z) + exp(-z^2/2) / sqrt(2 pi)
        const auto integral = [&](double x)
        {
            const double z = (edge - x) / sigma;
            return sigma * (z * 0.5 * std::erfc(-z / std::sqrt(2.0)) +
                            std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979));
        };
        for (std::size_t x = 0; x < 6; ++x)
        {
            const double left = step * static_cast<double>(x);
            CHECK(std::abs(maps(1, 1, x) - (integral(left) - integral(left + step)) / step) < 2e-3);
            CHECK(maps(1, 0, x) == maps(1, 1, x));
            CHECK(maps(2, 0, x) == 0);
        }
    }
}

TEST_CASE("forbidden reflections show in the Ti2O3 component and are absent from the sheets")
{
    const auto s = xs::nanosheets({.positions = {4, 4}, .smear = 0});
    const std::size_t domain = s.names.size() - 1;
    const auto at = [&](std::size_t k, const std::array<double, 2>& p)
    {
        return s.components(k, static_cast<std::size_t>(std::lround(p[0])),
                            static_cast<std::size_t>(std::lround(p[1])));
    };
    for (const auto& index : {std::array{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {2, 1}, {-2, 1}})
    {
        const int h = index[0], l = index[1];
        CAPTURE(h);
        CAPTURE(l);
        for (std::size_t k = 1; k < domain; ++k)
            CHECK(at(k, s.reflection(k, h, l)) == 0);
        const auto p = s.reflection(domain, h, l);
        CHECK(at(domain, p) > 0);
        CHECK(at(domain, {p[0] + 7, p[1]}) < 1e-6 * at(domain, p));
    }
    for (std::size_t k = 1; k <= domain; ++k) // allowed: the strongest of every crystal
        CHECK(at(k, s.reflection(k, 2, 0)) > 0.002);
}

TEST_CASE("reflections lie on a lattice of the right spacing around the direct beam")
{
    const auto s = xs::nanosheets(
        {.positions = {2, 2}, .detector = {80, 64}, .background = 0, .smear = 0, .g_max = 1.0});
    CHECK(s.direct_beam.center == std::array<double, 2>{40, 32});
    CHECK(s.reflection(3, 0, 0) == s.direct_beam.center);
    const auto a = s.reflection(3, 1, 0), c = s.reflection(3, 0, 1);
    CHECK(std::hypot(a[0] - 40, a[1] - 32) == doctest::Approx(32 / 3.8));
    CHECK(std::hypot(c[0] - 40, c[1] - 32) == doctest::Approx(32 / 3.0));
    CHECK((a[0] - 40) * (c[0] - 40) + (a[1] - 32) * (c[1] - 32) ==
          doctest::Approx(0).epsilon(1e-9));
    // 1 mrad at 80 kV is 0.0239/Angstrom
    CHECK(s.disc_radius == doctest::Approx(0.0239 * 32).epsilon(0.01));
    // without film and smear the background is the direct beam, and the mask holds it
    double outside = 0;
    const auto keep = s.direct_beam.outside({80, 64});
    for (std::size_t v = 0; v < 80; ++v)
        for (std::size_t u = 0; u < 64; ++u)
            outside += keep(v, u) ? s.components(0, v, u) : 0;
    CHECK(outside < 1e-4);
}

TEST_CASE("smearing spreads a part of each column's charge evenly over it")
{
    xs::nanosheet_options options{.positions = {2, 3}, .detector = {20, 24}, .electrons = 1e5};
    options.smear = 0;
    const auto sharp = xs::nanosheets<double>(options);
    options.smear = 0.25;
    const auto smeared = xs::nanosheets<double>(options);
    for (std::size_t k = 0; k < sharp.names.size(); ++k)
        for (std::size_t u = 0; u < 24; ++u)
        {
            double mean = 0;
            for (std::size_t v = 0; v < 20; ++v)
                mean += sharp.components(k, v, u) / 20;
            for (std::size_t v = 0; v < 20; ++v)
                CHECK(
                    smeared.components(k, v, u) ==
                    doctest::Approx(0.75 * sharp.components(k, v, u) + 0.25 * mean).epsilon(1e-9));
        }
}

TEST_CASE("the exposure is what is asked for, or what 16 bits bear")
{
    xs::nanosheet_options options{.positions = {10, 10}, .poisson = false};
    for (std::size_t extent : {8u, 16u, 50u, 128u})
    {
        options.detector = {extent, extent};
        const auto s = xs::nanosheets(options);
        const auto brightest = *std::max_element(s.scan.begin(), s.scan.end());
        CHECK(brightest > 45000);
        CHECK(brightest < 62000);
    }
    options.detector = {16, 16};
    options.electrons = 1000;
    const auto few = xs::nanosheets<double>(options);
    options.electrons = 3000;
    const auto more = xs::nanosheets<double>(options);
    CHECK(few.electrons == 1000);
    for (std::size_t i = 0; i < few.scan.size(); ++i)
        CHECK(more.scan.data()[i] == doctest::Approx(3 * few.scan.data()[i]).epsilon(1e-12));
    // nearly all electrons arrive: beam, film and the sheet's forward wave
    double sum = 0;
    for (std::size_t i = 0; i < 256; ++i)
        sum += few.scan.data()[i];
    CHECK(sum == doctest::Approx(1000).epsilon(0.15));
}

TEST_CASE("scans of any size can be simulated")
{
    using extents = std::array<std::size_t, 2>;
    for (const extents& positions : {extents{1, 1}, extents{8, 8}, extents{1, 30}, extents{13, 4}})
        for (const extents& pixels : {extents{8, 8}, extents{16, 16}, extents{9, 40}})
            for (std::size_t sheets : {1u, 5u, 11u})
            {
                const auto s =
                    xs::nanosheets({.positions = positions, .detector = pixels, .sheets = sheets});
                CHECK(s.scan.size() == positions[0] * positions[1] * pixels[0] * pixels[1]);
                CHECK(s.names.size() == sheets + 2);
                const std::size_t n = positions[0] * positions[1];
                for (std::size_t k = 0; k < s.names.size(); ++k)
                    CHECK(*std::max_element(s.maps.data() + k * n, s.maps.data() + (k + 1) * n) >
                          0);
                CHECK(s.scan(0, 0, pixels[0] / 2, pixels[1] / 2) > 40000);
            }
}

TEST_CASE("options that make no experiment are refused in words")
{
    using xunmix::invalid_argument;
    const auto refusal = [](const xs::nanosheet_options& o)
    { return message_of<invalid_argument>([&] { xs::nanosheets(o); }); };
    const auto contains = [](const std::string& text, const char* part)
    {
        CAPTURE(text);
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    contains(refusal({.positions = {0, 5}}), "(0, 5)");
    contains(refusal({.detector = {16, 7}}), "(16, 7); ask for (8, 8)");
    contains(refusal({.sheets = 0}), "sheets = 0");
    contains(refusal({.electrons = -3}), "not negative, got -3");
    contains(refusal({.electrons = nan}), "nan");
    contains(refusal({.background = 1.5}), "background is a part of the whole, got 1.5");
    contains(refusal({.smear = -0.1}), "smear is a part of the whole, got -0.1");
    contains(refusal({.step_nm = 0}), "step_nm must be positive and finite, got 0");
    contains(refusal({.probe_nm = -1}), "probe_nm");
    contains(refusal({.kilovolts = 0}), "kilovolts");
    contains(refusal({.convergence_mrad = nan}), "convergence_mrad");
    contains(refusal({.g_max = 0}), "g_max");
    contains(refusal({.spread = 0.1}), "at least 0.3, got 0.1");
    contains(refusal({.positions = {2, 2}, .detector = {16, 16}, .electrons = 1e6}),
             "lower electrons or ask for a wider type");
    const auto narrow = message_of<invalid_argument>(
        [] {
            xs::nanosheets<std::uint8_t>({.positions = {2, 2}, .detector = {16, 16}});
        });
    contains(narrow, "holds 255 at most");
    CHECK_NOTHROW(xs::nanosheets<std::uint32_t>(
        {.positions = {2, 2}, .detector = {16, 16}, .electrons = 1e6}));
}

TEST_CASE("only crystals that exist have reflections")
{
    const auto s = xs::nanosheets({.positions = {2, 2}, .detector = {16, 16}, .sheets = 2});
    CHECK_NOTHROW(s.reflection(3, 1, 1));
    for (std::size_t k : {0u, 4u})
        CHECK(message_of<xunmix::invalid_argument>([&] { s.reflection(k, 1, 0); })
                  .find("components 1 to 3, got " + std::to_string(k)) != std::string::npos);
}
}
