// SPDX-License-Identifier: BSD-3-Clause
// The crystals of the simulation, against formulas and numbers from elsewhere.
#include <array>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/simulate/crystal.hpp>

namespace crystal_test
{
namespace xs = xunmix::simulate;

namespace
{
/// X-ray form factor f_x(s) = c + sum_i a_i exp(-b_i s^2), s = g/2: International Tables for
/// Crystallography C, table 6.1.1.4.
struct x_ray_factor
{
    double protons;
    std::array<double, 4> a, b;
    double c;

    /// Mott-Bethe formula: f(s) = 0.0239337 (Z - f_x(s)) / s^2, in Angstrom.
    double for_electrons(double s) const
    {
        double f = c;
        for (std::size_t i = 0; i < a.size(); ++i)
            f += a[i] * std::exp(-b[i] * s * s);
        return 0.0239337 * (protons - f) / (s * s);
    }
};

const x_ray_factor x_ray_carbon{
    6, {2.31, 1.02, 1.5886, 0.865}, {20.8439, 10.2075, 0.5687, 51.6512}, 0.2156};
const x_ray_factor x_ray_oxygen{
    8, {3.0485, 2.2868, 1.5463, 0.867}, {13.2771, 5.7011, 0.3239, 32.9089}, 0.2508};
const x_ray_factor x_ray_titanium{
    22, {9.7595, 7.3558, 1.6991, 1.9021}, {7.8508, 0.5, 35.6338, 116.105}, 1.2807};

struct site
{
    bool titanium;
    double x, z; // Angstrom
};

const std::vector<site> titania{{true, 0, 0},    {true, 1.9, 1.5}, {false, 1.9, 0},
                                {false, 1.9, 0}, {false, 0, 1.5},  {false, 0, 1.5}};
const std::vector<site> reduced{
    {true, 0, 0}, {true, 2.375, 1.5}, {false, 1.9, 0}, {false, 0, 1.5}, {false, 0, 1.5}};

double amplitude(bool ti, double g)
{
    return ti ? xs::titanium(g) * std::exp(-0.8 * g * g / 4)
              : xs::oxygen(g) * std::exp(-1.0 * g * g / 4);
}

/// What |F| would be if all atoms scattered in phase.
double amplitude_in_phase(const std::vector<site>& sites, double g)
{
    double sum = 0;
    for (const auto& i : sites)
        sum += amplitude(i.titanium, g);
    return sum;
}

/// |F|^2 as a double sum over pairs of atoms: sum_ij f_i f_j cos(2 pi g . (r_i - r_j)).
double intensity_by_pairs(const std::vector<site>& sites, int h, int l)
{
    const double gx = h / 3.8, gz = l / 3.0, g = std::hypot(gx, gz);
    double sum = 0;
    for (const auto& i : sites)
        for (const auto& j : sites)
            sum += amplitude(i.titanium, g) * amplitude(j.titanium, g) *
                   std::cos(2 * std::numbers::pi * (gx * (i.x - j.x) + gz * (i.z - j.z)));
    return sum;
}
}

TEST_CASE("the wavelength of 80 kV electrons is 4.2 pm")
{
    CHECK(xs::electron_beam::at_kilovolts(80).wavelength == doctest::Approx(0.04176).epsilon(1e-3));
    CHECK(xs::electron_beam::at_kilovolts(200).wavelength ==
          doctest::Approx(0.02508).epsilon(1e-3));
    CHECK(xs::electron_beam::at_kilovolts(200).mass == doctest::Approx(1.3914).epsilon(1e-4));
}

TEST_CASE("electron scattering factors agree with X-ray form factors by the Mott-Bethe formula")
{
    for (double s = 0.15; s < 0.9; s += 0.05)
    {
        CAPTURE(s);
        CHECK(xs::carbon(2 * s) == doctest::Approx(x_ray_carbon.for_electrons(s)).epsilon(0.03));
        CHECK(xs::oxygen(2 * s) == doctest::Approx(x_ray_oxygen.for_electrons(s)).epsilon(0.03));
        CHECK(xs::titanium(2 * s) ==
              doctest::Approx(x_ray_titanium.for_electrons(s)).epsilon(0.03));
    }
}

TEST_CASE("structure factors equal a direct sum over pairs of atoms")
{
    for (int h = -6; h <= 6; ++h)
        for (int l = -6; l <= 6; ++l)
        {
            CAPTURE(h);
            CAPTURE(l);
            const double scale = intensity_by_pairs(titania, 0, 0);
            CHECK(std::abs(std::norm(xs::titania_sheet().structure_factor(h, l)) -
                           intensity_by_pairs(titania, h, l)) < 1e-12 * scale);
            CHECK(std::abs(std::norm(xs::reduced_titania_sheet().structure_factor(h, l)) -
                           intensity_by_pairs(reduced, h, l)) < 1e-12 * scale);
        }
}

TEST_CASE("reflections with odd h + l are exactly absent in TiO2 and appear in Ti2O3")
{
    const auto pristine = xs::titania_sheet(), after = xs::reduced_titania_sheet();
    for (int h = -8; h <= 8; ++h)
        for (int l = -8; l <= 8; ++l)
        {
            CAPTURE(h);
            CAPTURE(l);
            const bool forbidden = (h + l) % 2 != 0;
            CHECK((pristine.structure_factor(h, l) == std::complex<double>(0)) == forbidden);
            const double in_phase = amplitude_in_phase(reduced, after.reciprocal_length(h, l));
            CHECK(std::abs(after.structure_factor(h, l)) > 0.02 * in_phase);
        }
    // 100, 001 and 201 of Uesugi et al. 2021, Supplementary note 1, beside the strongest, 200
    const double strong = std::norm(after.structure_factor(2, 0));
    CHECK(std::norm(after.structure_factor(1, 0)) > 0.3 * strong);
    CHECK(std::norm(after.structure_factor(0, 1)) > 0.03 * strong);
    CHECK(std::norm(after.structure_factor(2, 1)) > 0.1 * strong);
}

TEST_CASE("diffracted intensities are those of a weak phase object")
{
    // Interaction constant at 80 kV: 1.0088e-3 rad/(V Angstrom); V_g = 47.878 V Angstrom^2 F / (a
    // c)
    const auto beam = xs::electron_beam::at_kilovolts(80);
    const auto sheet = xs::titania_sheet();
    for (const auto& [h, l] : {std::array{2, 0}, std::array{0, 2}, std::array{1, 1}})
    {
        const double phase = 1.0088e-3 * 47.878 * std::abs(sheet.structure_factor(h, l)) / 11.4;
        CHECK(sheet.diffracted(h, l, beam) == doctest::Approx(phase * phase).epsilon(5e-3));
        CHECK(sheet.diffracted(-h, -l, beam) == sheet.diffracted(h, l, beam));
    }
    CHECK(sheet.diffracted(2, 0, beam) < 0.01);
}
}
