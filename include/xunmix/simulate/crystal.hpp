// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

// Kinematical electron diffraction of crystals one cell thick, seen along their normal. Lengths in
// Angstrom, reciprocal lengths in 1/Angstrom.
namespace xunmix::simulate
{
/// f(g) = sum_i a_i exp(-b_i (g/2)^2): an atom's elastic scattering amplitude for electrons of rest
/// mass, in Angstrom.
struct scattering_factor
{
    std::array<double, 5> a;
    std::array<double, 5> b;

    double operator()(double g) const
    {
        double f = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            f += a[i] * std::exp(-b[i] * g * g / 4);
        return f;
    }
};

// Neutral atoms, fitted for g/2 up to 2/Angstrom: Peng, Ren, Dudarev & Whelan, Acta Cryst. A52
// (1996) 257, "Robust parameterization of elastic and absorptive electron atomic scattering
// factors"; also International Tables for Crystallography C, table 4.3.2.2.
inline constexpr scattering_factor carbon{{0.0893, 0.2563, 0.7570, 1.0487, 0.3575},
                                          {0.2465, 1.7100, 6.4094, 18.6113, 50.2523}};
inline constexpr scattering_factor oxygen{{0.0974, 0.2921, 0.6910, 0.6990, 0.2039},
                                          {0.2067, 1.3815, 4.6943, 12.7105, 32.4726}};
inline constexpr scattering_factor titanium{{0.3825, 1.2598, 2.0008, 3.0617, 2.0694},
                                            {0.3040, 2.4863, 9.2783, 39.0751, 109.4583}};

/// Relativistic electrons: wavelength (Angstrom) and mass in units of the rest mass.
struct electron_beam
{
    double wavelength;
    double mass;

    /// lambda = h / sqrt(2 m e V (1 + e V / (2 m c^2))): 0.0418 Angstrom at 80 kV.
    static electron_beam at_kilovolts(double kilovolts)
    {
        constexpr double rest = 510.99895; // m c^2, keV
        constexpr double hc = 12.3984198;  // keV Angstrom
        return {hc / std::sqrt(kilovolts * (kilovolts + 2 * rest)), 1 + kilovolts / rest};
    }
};

namespace detail
{
/// exp(2 pi i t), exact where t is a multiple of a half: reflections that symmetry forbids are then
/// exactly zero, not 1e-16.
inline std::complex<double> unit_phase(double t)
{
    t -= std::floor(t);
    if (t == 0 || t == 0.5)
        return t == 0 ? 1.0 : -1.0;
    return std::polar(1.0, 2 * std::numbers::pi * t);
}
}

/// An atom of a sheet, projected along the sheet's normal: x and z are fractions of the axes a and
/// c; `debye_waller` is the isotropic B = 8 pi^2 <u^2> in Angstrom^2.
struct projected_atom
{
    scattering_factor factor;
    double x;
    double z;
    double debye_waller;
};

/// A sheet with the rectangular cell a x c (Angstrom) in its plane. Its reciprocal lattice are the
/// reflections h0l, here (h, l).
struct sheet_crystal
{
    double a;
    double c;
    std::vector<projected_atom> atoms;

    /// |g| of the reflection (h, l).
    double reciprocal_length(int h, int l) const
    {
        return std::hypot(h / a, l / c);
    }

    /// F(h, l) = sum_j f_j(g) exp(-B_j g^2 / 4) exp(2 pi i (h x_j + l z_j)), in Angstrom. The Ewald
    /// sphere is taken as flat: heights in a sheet of a few Angstrom do not count.
    std::complex<double> structure_factor(int h, int l) const
    {
        const double g = reciprocal_length(h, l);
        std::complex<double> sum = 0;
        for (const auto& atom : atoms)
            sum += atom.factor(g) * std::exp(-atom.debye_waller * g * g / 4) *
                   detail::unit_phase(h * atom.x + l * atom.z);
        return sum;
    }

    /// The part of the incident electrons that the sheet sends into (h, l): with the phase grating
    /// of a single cell, (lambda (m/m0) |F| / (a c))^2.
    double diffracted(int h, int l, const electron_beam& beam) const
    {
        const double amplitude =
            beam.wavelength * beam.mass * std::abs(structure_factor(h, l)) / (a * c);
        return amplitude * amplitude;
    }
};

/// One sheet of lepidocrocite-type TiO2: edge-sharing TiO6 octahedra, two Ti layers thick, with
/// rounded cell edges a = 3.8, c = 3.0 Angstrom. Every atom of the lepidocrocite type lies on a
/// mirror along a and one along c (site 4c of Cmcm), so seen along the normal nothing is left to
/// choose: Ti at the corner and at the centre of the cell, two O in each middle of an edge. That
/// cell is centred: F = 0 exactly where h + l is odd. Without vacancies, as in the calculations of
/// Uesugi et al. 2021, Supplementary note 1. B = 0.8 (Ti) and 1.0 (O) are our choice.
inline sheet_crystal titania_sheet()
{
    constexpr double b_ti = 0.8, b_o = 1.0;
    return {3.8,
            3.0,
            {{titanium, 0, 0, b_ti},
             {titanium, 0.5, 0.5, b_ti},
             {oxygen, 0.5, 0, b_o},
             {oxygen, 0.5, 0, b_o},
             {oxygen, 0, 0.5, b_o},
             {oxygen, 0, 0.5, b_o}}};
}

/// The Ti2O3 sheet that topotactic reduction makes of it, in the same cell and orientation. Half of
/// the Ti are shifted along a, as Uesugi et al. 2021, Supplementary note 1, tell. The amount, an
/// eighth of a, and which O leaves (one of the two in the rows along c of the shifted Ti) are our
/// choice. Both changes matter: the shift alone would leave 00l with odd l at zero.
inline sheet_crystal reduced_titania_sheet()
{
    auto sheet = titania_sheet();
    sheet.atoms[1].x += 0.125;
    sheet.atoms.erase(sheet.atoms.begin() + 2);
    return sheet;
}
}
