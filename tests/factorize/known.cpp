// SPDX-License-Identifier: BSD-3-Clause
// With one factor known, the other is the non-negative least-squares fit, for a single spectrum
// too.
#include "../support.hpp"

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>

namespace known_test
{
using namespace support;

namespace
{
xu::unfolded<double> unfold_as_rows(const matrix& X)
{
    return xu::unfold(to_tensor(transposed(X)), xu::positions{0});
}

/// How far maps C are from the conditions of the non-negative least-squares fit of X by S: C >= 0,
/// the gradient G = (C S^T - X) S >= 0, and C G = 0, each entry in units of |X| |S|.
double distance_from_nnls(const matrix& X, const matrix& C, const matrix& S)
{
    const matrix G = (C * transposed(S) - X) * S;
    const double unit = std::sqrt(squared_norm(X) * squared_norm(S));
    double worst = 0;
    for (std::size_t e = 0; e < C.values.size(); ++e)
    {
        worst = std::max(worst, -C.values[e]);
        worst = std::max(worst, -G.values[e] / unit);
        worst = std::max(worst, std::abs(C.values[e] * G.values[e]) / unit);
    }
    return worst;
}

template <class U>
void check_fit(const U& update, std::size_t positions, std::size_t rank)
{
    CAPTURE(positions);
    CAPTURE(rank);
    const matrix S = random_matrix(30, rank, 1), X = random_matrix(positions, 30, 2, -0.2, 1);
    const auto found = xu::factorize(
        unfold_as_rows(X), {.rank = rank, .max_iterations = 2000, .tolerance = 1e-14}, update,
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::fixed(to_tensor(S))));
    CHECK(relative_distance(to_matrix(found.components_matrix()), S) == 0);
    CHECK(distance_from_nnls(X, to_matrix(found.maps_matrix()), S) < 1e-6);
}
}

TEST_CASE("known: one spectrum, few and many, are fitted with known components")
{
    for (const std::size_t positions : std::vector<std::size_t>{1, 2, 40})
        for (const std::size_t rank : std::vector<std::size_t>{1, 3, 7})
        {
            check_fit(xu::bpp{}, positions, rank);
            check_fit(xu::hals{}, positions, rank);
        }
}

TEST_CASE("known: one channel is fitted with known maps")
{
    const matrix C = random_matrix(25, 3, 3), X = random_matrix(25, 1, 4);
    const auto found =
        xu::factorize(xu::unfold(to_tensor(transposed(X)), xu::positions{0}),
                      {.rank = 3, .max_iterations = 500, .tolerance = 1e-14}, xu::bpp{},
                      xu::on_components(xu::non_negative{}), xu::on_maps(xu::fixed(to_tensor(C))));
    CHECK(distance_from_nnls(transposed(X), to_matrix(found.components_matrix()), C) < 1e-6);
}

TEST_CASE("known: the rank is at most what the known factor can tell apart")
{
    const matrix S = random_matrix(5, 6, 1), X = random_matrix(1, 5, 2);
    const auto run = [&](const matrix& known, std::size_t rank)
    {
        return message_of<xu::invalid_argument>(
            [&]
            {
                xu::factorize(unfold_as_rows(X), {.rank = rank}, xu::hals{},
                              xu::on_components(xu::fixed(to_tensor(known))));
            });
    };
    CHECK(run(S, 6) == "the rank must be at least 1 and at most the number of channels where all "
                       "components are known, 5 unmasked; got 6");
    CHECK(
        run(random_matrix(5, 1, 1), 2) ==
        "the rank must be at least 1 and at most the smaller of positions and channels, min(1, 5) "
        "unmasked; got 2");
}

TEST_CASE("known: updates that clip say which update fits exactly")
{
    const matrix S = random_matrix(12, 3, 1), X = random_matrix(9, 12, 2);
    const auto run = [&](const auto& update)
    {
        return message_of<xu::invalid_argument>(
            [&]
            {
                xu::factorize(unfold_as_rows(X), {.rank = 3}, update,
                              xu::on_maps(xu::non_negative{}),
                              xu::on_components(xu::fixed(to_tensor(S))));
            });
    };
    const std::string rest = " would clip the fit without constraints instead: take bpp, which is "
                             "exact, or hals";
    const std::string rule = "where all components are known, what is looked for is the "
                             "non-negative least-squares fit of the other factor; ";
    CHECK(run(xu::als{}) == rule + "als" + rest);
    CHECK(run(xu::mals{}) == rule + "mals" + rest);
}
}
