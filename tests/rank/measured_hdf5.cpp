// SPDX-License-Identifier: BSD-3-Clause
// The number of components of a measured scan with known content.
#include "../io/files.hpp"

#include <doctest/doctest.h>

#include <xunmix/io/hdf5.hpp>
#include <xunmix/rank/report.hpp>

namespace measured_hdf5_test
{
TEST_CASE("rank_report: core, shell and background of Fe-Pt particles")
{
    namespace xu = xunmix;
    const auto file = data_file("edx_core_shell.hspy");
    if (file.empty())
        return;
    const auto scan = std::get<xu::tensor<std::uint32_t>>(xu::read_hdf5(file).data);
    const auto report =
        xu::rank_report(xu::unfold(scan, xu::positions{0, 1}),
                        {.ranks = xu::rank_range(1, 5), .starts = 2, .draws = 5, .seed = 1});
    CAPTURE(report.reasons.front());
    CHECK(report.recommended == 3);
    CHECK(report.score("held_out").rank == 3);
    CHECK(report.score("indicator").rank == 3);
    // Singular values 1, .429, .207 of the first, then a floor at .0995.
    const auto& s = report.score("elbow").values;
    CHECK(s[1] / s[0] == doctest::Approx(0.429).epsilon(0.01));
    CHECK(s[2] / s[0] == doctest::Approx(0.207).epsilon(0.01));
    CHECK(s[3] / s[0] == doctest::Approx(0.0995).epsilon(0.01));
}
}
