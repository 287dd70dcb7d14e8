// SPDX-License-Identifier: BSD-3-Clause

// What diffraction/ computes, for comparison with other software.
#include <cstdio>
#include <exception>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <xunmix/diffraction/clustering.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/model/factor.hpp>

namespace
{
namespace xu = xunmix;

constexpr const char* usage =
    "usage: run_diffraction listing-s4 PATTERNS.npy OUT.npy\n"
    "           PATTERNS (k, v, u) with the constraint of Listing S4\n"
    "       run_diffraction cluster DISTANCES.npy single|complete|average|ward OUT.npy\n"
    "           merges (n - 1, 4) of the n x n distances, as scipy.cluster.hierarchy.linkage "
    "gives\n"
    "           them, and the cophenetic correlation on standard output\n";

void constrain(const std::string& from, const std::string& to)
{
    auto patterns = xu::read_npy_as<double>(from);
    const xu::grid places{{patterns.shape(1), patterns.shape(2)}, {}};
    const xu::factor_ref<double> f(patterns.data(), places.size(), patterns.shape(0), places.size(),
                                   &places);
    const xu::no_downward_convex_peak constraint{.bound = xu::background_bound::listing_s4};
    constraint.validate(places, f.rank());
    constraint.project(f);
    xu::write_npy(to, patterns);
}

void cluster(const std::string& from, const std::string& rule, const std::string& to)
{
    static const std::map<std::string, xu::linkage> rules{{"single", xu::linkage::single},
                                                          {"complete", xu::linkage::complete},
                                                          {"average", xu::linkage::average},
                                                          {"ward", xu::linkage::ward}};
    const auto distances = xu::read_npy_as<double>(from);
    const std::span<const double> all(distances.data(), distances.size());
    const auto tree = xu::cluster(all, rules.at(rule));
    auto out = xu::tensor<double>::from_shape({tree.merges().size(), 4});
    for (std::size_t i = 0; i < tree.merges().size(); ++i)
    {
        const auto& m = tree.merges()[i];
        out(i, 0) = static_cast<double>(m.first);
        out(i, 1) = static_cast<double>(m.second);
        out(i, 2) = m.distance;
        out(i, 3) = static_cast<double>(m.size);
    }
    xu::write_npy(to, out);
    std::printf("%.17g\n", tree.cophenetic_correlation(all));
}
}

int main(int argc, char** argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try
    {
        if (arguments.size() == 3 && arguments[0] == "listing-s4")
            constrain(arguments[1], arguments[2]);
        else if (arguments.size() == 4 && arguments[0] == "cluster")
            cluster(arguments[1], arguments[2], arguments[3]);
        else
        {
            std::fputs(usage, stderr);
            return 2;
        }
    }
    catch (const std::exception& e)
    {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
