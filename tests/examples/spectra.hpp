// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "program.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <xunmix/core/random.hpp>
#include <xunmix/io/npy.hpp>

/// Counts of two lines on a flat background, (8, 9, 40): what is left of one of them, on the right
/// of the scan, and the other one, on the left.
inline xunmix::tensor<std::uint16_t> counted_spectra()
{
    auto scan = xunmix::tensor<std::uint16_t>::from_shape({8, 9, 40});
    xunmix::random_engine engine(5);
    for (std::size_t y = 0; y < 8; ++y)
        for (std::size_t x = 0; x < 9; ++x)
            for (std::size_t c = 0; c < 40; ++c)
            {
                const auto line = [&](double at)
                { return std::exp(-std::pow((static_cast<double>(c) - at) / 3, 2)); };
                const double right = static_cast<double>(x) / 8;
                const double expected = 20 + 300 * (1 - right) * line(12) + 200 * right * line(25);
                scan(y, x, c) = static_cast<std::uint16_t>(
                    expected + std::sqrt(expected) * (2 * xunmix::uniform01(engine) - 1));
            }
    return scan;
}

/// Runs unmix, with a word before the scan or without; it must fail with this exit code and exactly
/// this last sentence, and write nothing.
template <class T>
void check_refused(const xunmix::tensor<T>& scan, const std::string& word,
                   const std::string& options, int exit_code, const std::string& sentence)
{
    const scratch_folder folder;
    xunmix::write_npy(folder / "scan.npy", scan);
    const auto run = run_unmix(word + " " + (folder / "scan.npy").string() + " " + options +
                               " --output " + (folder / "out").string());
    CAPTURE(options);
    CAPTURE(run.output);
    CHECK(run.exit_code == exit_code);
    CHECK(run.output.ends_with(exit_code == 2
                                   ? sentence + "\nRun with --help for more information.\n"
                                   : "unmix: " + sentence + "\n"));
    CHECK(folder.count() == 1); // the scan alone
}
