// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <vector>

// What a simulated electron energy-loss spectrum is made of.
namespace xunmix::simulate
{
/// (E / reference)^-r: what lies under all edges; 1 at the reference.
struct power_law
{
    double reference; ///< eV
    double r;

    double operator()(double energy) const
    {
        return std::pow(energy / reference, -r);
    }
};

/// A peak of an edge's near-edge fine structure, in parts of the edge itself.
struct fine_structure
{
    double energy; ///< eV
    double sigma;  ///< eV
    double height;
};

/// An ionization edge: a step at the onset, as steep as lifetime and spectrometer leave it, that
/// decays like a hydrogenic one (Egerton, Electron Energy-Loss Spectroscopy in the Electron
/// Microscope, section 3.6) and carries peaks:
///     height step(E) (E / onset)^-decay (1 + sum_p h_p exp(-(E - e_p)^2 / (2 s_p^2))),
/// where step(E) is the normal distribution function of (E - onset) / rise.
struct ionization_edge
{
    double onset; ///< eV
    double rise;  ///< sigma, eV
    double height;
    double decay;
    std::vector<fine_structure> peaks;

    double operator()(double energy) const
    {
        const double step = 0.5 * std::erfc((onset - energy) / (std::sqrt(2.0) * rise));
        double structure = 1;
        for (const auto& peak : peaks)
        {
            const double off = (energy - peak.energy) / peak.sigma;
            structure += peak.height * std::exp(-off * off / 2);
        }
        return height * step * std::pow(energy / onset, -decay) * structure;
    }
};
}
