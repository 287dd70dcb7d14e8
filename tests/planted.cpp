// SPDX-License-Identifier: BSD-3-Clause

// Data made from known factors whose factorization is unique: every update finds them.
#include "support.hpp"

#include <cstddef>
#include <string>

#include <xunmix/xunmix.hpp>

namespace planted_test
{
namespace
{
namespace xu = xunmix;
using namespace support;

struct answer
{
    double worst_cosine = 0;
    double kkt = 0;
    double relative_objective = std::numeric_limits<double>::infinity();
};

/// The best of five starts by objective, as one chooses without knowing the truth.
template <class Update>
answer best_of_starts(const planted& p, std::size_t iterations, Update update)
{
    const xu::dense data(unfold_as<double>(p.X));
    answer best;
    for (std::uint64_t seed = 0; seed < 5; ++seed)
    {
        const auto found = xu::factorize(data,
                                         {.rank = p.maps.cols,
                                          .max_iterations = iterations,
                                          .tolerance = 0,
                                          .seed = seed,
                                          .threads = 1},
                                         update, xu::on_maps(xu::non_negative{}),
                                         xu::on_components(xu::non_negative{}));
        const double relative = found.objective / data.squared_norm();
        if (!(relative < best.relative_objective))
            continue;
        const auto C = to_matrix(found.maps_matrix()), S = to_matrix(found.components_matrix());
        best = {std::min(match(S, p.components).worst(), match(C, p.maps).worst()),
                kkt_residual_of_both(p.X, C, S), relative};
    }
    return best;
}

/// als 500 iterations, hals 3,000, multiplicative 20,000.
void check_recovery(const recipe& r)
{
    CAPTURE(r.rank);
    CAPTURE(r.pure_channels);
    CAPTURE(r.background);
    CAPTURE(r.scale_ratio);
    const auto p = plant(r);
    CHECK(best_of_starts(p, 500, xu::als{}).worst_cosine > 0.999);
    const auto by_hals = best_of_starts(p, 3000, xu::hals{});
    CHECK(by_hals.worst_cosine > 0.999);
    CHECK(by_hals.kkt < 1e-4);
    CHECK(best_of_starts(p, 20000, xu::multiplicative{}).worst_cosine > 0.999);
}
}

TEST_CASE("planted factors with pure positions are recovered, ranks 2 to 10 (slow)")
{
    for (std::size_t rank : {2U, 3U, 5U, 7U, 10U})
        check_recovery({.rank = rank, .seed = rank});
}

TEST_CASE("planted factors with pure channels are recovered, ranks 2 to 10 (slow)")
{
    for (std::size_t rank : {2U, 3U, 5U, 7U, 10U})
        check_recovery({.rank = rank, .pure_channels = true, .seed = rank});
}

TEST_CASE("planted components that resemble each other are recovered (slow)")
{
    for (std::size_t rank : {2U, 3U, 5U, 7U})
        check_recovery({.rank = rank, .background = 3, .seed = rank});
}

TEST_CASE("planted components of very different strength are recovered (slow)")
{
    check_recovery({.rank = 2, .scale_ratio = 0.1, .seed = 2});
    check_recovery({.rank = 3, .scale_ratio = 0.3, .seed = 3});
    check_recovery({.rank = 5, .scale_ratio = 0.7, .seed = 5});
}

TEST_CASE("the unit of the data does not matter")
{
    for (double unit : {1e-9, 1e9})
    {
        CAPTURE(unit);
        auto p = plant({.rank = 3, .seed = 3});
        for (double& x : p.X.values)
            x *= unit;
        CHECK(best_of_starts(p, 500, xu::als{}).worst_cosine > 0.999);
        CHECK(best_of_starts(p, 3000, xu::hals{}).worst_cosine > 0.999);
        CHECK(best_of_starts(p, 20000, xu::multiplicative{}).worst_cosine > 0.999);
    }
}
}
