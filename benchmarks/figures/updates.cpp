// SPDX-License-Identifier: BSD-3-Clause

// What updates and constraints cost beside a plain iteration of hals.
#include <cstdio>

#include "figure.hpp"

namespace figures
{
namespace
{
/// Looks at a whole map, so it is not for blocks of rows: X is read twice.
const auto whole_maps = xu::on_maps([](xu::factor_ref<float> f) { xu::non_negative{}.project(f); });

/// An update that needs whole maps beside hals that reads X twice as well: its constraint looks at
/// a whole map.
template <class U>
void beside_two_reads(U update, const char* name)
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    auto two = warm_solver(x, 7, 2, whole_maps, on_components);
    auto other = warm_solver_of(x, 7, 2, update, on_maps, on_components);
    const auto s = alternate({[&] { two.step(); }, [&] { other.step(); }});
    std::printf("hals with two reads %.4f s, %s %.4f s, one read only: %d and %d\n", s[0], name,
                s[1], static_cast<int>(two.one_read()), static_cast<int>(other.one_read()));
    std::printf("figure: %.3f %s / hals that reads X twice\n", s[1] / s[0], name);
}
}

void two_reads()
{
    const auto scan = bench::load_scan<float>();
    auto solver = warm_solver(unfolded(scan), 7, 2, whole_maps, on_components);
    const auto s =
        alternate({[&] { bench::read(scan.data(), bytes(scan), 2); }, [&] { solver.step(); }});
    std::printf("one read %.4f s, iteration with two reads %.4f s, one read only: %d\n", s[0], s[1],
                static_cast<int>(solver.one_read()));
    std::printf("figure: %.3f iteration / two reads\n", s[1] / s[0] / 2);
}

/// What the constraints on maps and patterns add to an iteration that reads X twice anyway, and to
/// one that reads it once without them.
void constraints()
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    const auto limited = xu::on_maps(xu::resolution_limit{.cutoff = 0.25});
    const auto patterns = xu::on_components(xu::non_negative{}, xu::no_downward_convex_peak{});
    auto one = warm_solver(x, 7, 2, on_maps, on_components);
    auto two = warm_solver(x, 7, 2, whole_maps, on_components);
    auto both = warm_solver(x, 7, 2, limited, patterns);
    const auto s = alternate({[&] { one.step(); }, [&] { two.step(); }, [&] { both.step(); }});
    std::printf(
        "one read %.4f s, two reads %.4f s, with both constraints %.4f s: %.3f x one read\n", s[0],
        s[1], s[2], s[2] / s[0]);
    std::printf("figure: %.3f with both constraints / two reads\n", s[2] / s[1]);
}

/// What smoothing the maps adds to a plain iteration, which reads X once.
void smoothing()
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    auto plain = warm_solver(x, 7, 2, on_maps, on_components);
    auto even = warm_solver(x, 7, 2, xu::on_maps(xu::non_negative{}, xu::smooth{.weight = 1}),
                            on_components);
    const auto s = alternate({[&] { plain.step(); }, [&] { even.step(); }});
    std::printf("plain %.4f s, with smooth %.4f s\n", s[0], s[1]);
    std::printf("figure: %.3f with smooth / plain hals\n", s[1] / s[0]);
}

void soft_orthogonality()
{
    beside_two_reads(xu::soft_orthogonal{}, "soft_orthogonal");
}

void relevance()
{
    beside_two_reads(xu::ard{}, "ard");
}

/// What weighing every element adds to an iteration.
void scaling()
{
    const auto scan = bench::load_scan<float>();
    const xu::dense<float> x(unfolded(scan), 2);
    const auto weighed = xu::poisson_scaled(x, 2);
    auto plain = warm_solver(x, 7, 2, on_maps, on_components);
    auto scaled = warm_solver(weighed, 7, 2, on_maps, on_components);
    const auto s = alternate({[&] { plain.step(); }, [&] { scaled.step(); }});
    std::printf("plain %.4f s, Poisson-scaled %.4f s\n", s[0], s[1]);
    std::printf("figure: %.3f Poisson-scaled / plain hals\n", s[1] / s[0]);
}
}
