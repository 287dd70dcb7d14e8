// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <cmath>
#include <memory>
#include <stop_token>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/survey/multi_start.hpp>
#include <xunmix/update/hals.hpp>

namespace multi_start_test
{
using namespace support;

namespace
{
const matrix X = plant({.positions = 80, .channels = 50, .rank = 5, .background = 0.3}).X;

template <class... More>
auto run(const xu::options& opt, const More&... more)
{
    return xu::factorize(unfold_as<double>(X), opt, xu::hals{.rounds = 1, .extrapolate = false},
                         xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}),
                         more...);
}
}

TEST_CASE("multi_start: the best of the short starts goes on, as it would have alone")
{
    const xu::options opt{.rank = 5, .max_iterations = 60, .tolerance = 0, .seed = 3};
    std::size_t told = 0;
    const auto found = run(opt, xu::multi_start{.starts = 6, .iterations = 4},
                           [&](const xu::iteration<double>& it)
                           {
                               ++told;
                               CHECK(it.number == 4 + told);
                           });
    CHECK(told == 56);
    CHECK(found.iterations == 60);
    xu::options best = opt;
    double least = std::numeric_limits<double>::infinity();
    for (std::uint64_t seed = 3; seed < 9; ++seed)
    {
        xu::options brief = opt;
        brief.seed = seed;
        brief.max_iterations = 4;
        const double objective = run(brief).objective;
        if (objective < least)
            least = objective, best.seed = seed;
    }
    const auto alone = run(best);
    CHECK(found.objective == alone.objective);
    CHECK(to_matrix(found.maps_matrix()).values == to_matrix(alone.maps_matrix()).values);
}

TEST_CASE("multi_start: a start that did not stay finite is replaced by any that did")
{
    auto calls = std::make_shared<int>(0);
    const auto spoil = [calls](xu::factor_ref<double> f)
    {
        xu::non_negative{}.project(f);
        if (++*calls == 2) // after the first start itself, its first iteration
            f(0, 0) = std::nan("");
    };
    const auto found =
        xu::factorize(unfold_as<double>(X), {.rank = 5, .max_iterations = 30, .seed = 3},
                      xu::hals{}, xu::on_maps(spoil), xu::on_components(xu::non_negative{}),
                      xu::multi_start{.starts = 3, .iterations = 4});
    CHECK(*calls > 2);
    CHECK(std::isfinite(found.objective));
    CHECK(found.status != xu::status::non_finite);
}

TEST_CASE("multi_start: a stop ends the search with what there is")
{
    std::stop_source source;
    source.request_stop();
    const auto found = run({.rank = 5}, xu::multi_start{}, source.get_token());
    CHECK(found.status == xu::status::stopped);
    CHECK(found.iterations == 1);
}

TEST_CASE("multi_start: bad input is refused before any work")
{
    CHECK_THROWS_WITH_AS(run({.rank = 5}, xu::multi_start{.starts = 0, .iterations = 3}),
                         "multi_start needs at least one start of one iteration, got 0 of 3",
                         xu::invalid_argument);
    CHECK_THROWS_AS(run({.rank = 5}, xu::multi_start{.iterations = 0}), xu::invalid_argument);
}
}
