// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/spa.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/hals.hpp>

#include "mixtures.hpp"

namespace spa_test
{
using namespace support;

namespace
{
template <class Data>
auto search(const Data& x, std::size_t rank, xu::spa how = {}, std::uint64_t seed = 1,
            std::size_t threads = 1)
{
    return xu::extract_endmembers(x, how, {.rank = rank, .seed = seed, .threads = threads});
}

template <class Data>
bool finds(const Data& x, const mixture& mix, xu::spa how = {}, std::uint64_t seed = 1)
{
    return sorted(search(x, mix.pure.size(), how, seed).positions) == sorted(mix.pure);
}

/// The algorithm as it is written, on whole rows and with residuals kept.
std::vector<std::size_t> by_the_book(matrix R, std::size_t rank)
{
    std::vector<std::size_t> found;
    while (found.size() < rank)
    {
        std::size_t best = 0;
        double longest = -1;
        for (std::size_t i = 0; i < R.rows; ++i)
        {
            double square = 0;
            for (std::size_t c = 0; c < R.cols; ++c)
                square += R(i, c) * R(i, c);
            if (square > longest)
                longest = square, best = i;
        }
        found.push_back(best);
        matrix u(R.cols, 1);
        for (std::size_t c = 0; c < R.cols; ++c)
            u(c, 0) = R(best, c);
        const matrix along = R * u;
        for (std::size_t i = 0; i < R.rows; ++i)
            for (std::size_t c = 0; c < R.cols; ++c)
                R(i, c) -= along(i, 0) * u(c, 0) / longest;
    }
    return found;
}
}

TEST_CASE("spa: pure positions are found, bright or dark")
{
    for (const std::size_t rank : {2U, 3U, 5U, 8U, 12U, 20U})
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
            for (const double decibel : {50.0, 0.0})
            {
                CAPTURE(rank);
                CAPTURE(seed);
                CAPTURE(decibel);
                const mixture mix =
                    mixed({.rank = rank, .brightness = 3, .decibel = decibel, .seed = seed});
                CHECK(finds(unfold_as<double>(mix.X), mix, {}, seed));
            }
}

TEST_CASE("spa: without scaling, the algorithm as it is written")
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        // As many channels as components: the leading directions are the whole space.
        const matrix X = random_matrix(60, 6, seed);
        CHECK(search(unfold_as<double>(X), 6, {.projective = false}).positions ==
              by_the_book(X, 6));
        const mixture mix = mixed({.rank = 4, .seed = seed});
        CHECK(search(unfold_as<double>(mix.X), 4, {.projective = false}).positions ==
              by_the_book(mix.X, 4));
        CHECK(finds(unfold_as<double>(mix.X), mix, {.projective = false}));
    }
}

TEST_CASE("spa: the seed, units, layouts, number types and threads change nothing")
{
    mixture mix = mixed({.rank = 5, .brightness = 3, .decibel = 45});
    const auto x = unfold_as<double>(mix.X);
    const auto found = search(x, 5);
    for (std::uint64_t seed = 2; seed < 10; ++seed)
        CHECK(search(x, 5, {}, seed).positions == found.positions);
    const auto two = search(x, 5, {}, 1, 2);
    CHECK((two.positions == found.positions && two.components == found.components));
    CHECK(search(unfold_as<double>(mix.X, layout::column_major), 5).positions == found.positions);
    CHECK(search(unfold_as<float>(mix.X), 5).positions == found.positions);
    CHECK(search(xu::unscaled(xu::dense(x)), 5).positions == found.positions);
    CHECK(finds(unfold_as<std::uint16_t>(counted(mix.X, 3000)), mix));
    for (double& value : mix.X.values)
        value *= 1e-8;
    CHECK(search(unfold_as<double>(mix.X), 5).positions == found.positions);
}

TEST_CASE("spa: of equals, the one that was longer to begin with")
{
    // Both last rows have the same part beyond the first, which is the longest.
    const matrix X = []
    {
        matrix rows(3, 2);
        rows(0, 0) = 5;
        rows(1, 1) = 1;
        rows(2, 0) = 2, rows(2, 1) = 1;
        return rows;
    }();
    CHECK(search(unfold_as<double>(X), 2, {.projective = false}).positions ==
          std::vector<std::size_t>{0, 2});
}

TEST_CASE("spa: what is masked is not read and not chosen")
{
    mixture mix = mixed({.rank = 3, .decibel = 45});
    auto positions = xu::tensor<bool>::from_shape({mix.X.rows});
    auto channels = xu::tensor<bool>::from_shape({mix.X.cols});
    for (std::size_t i = 0; i < mix.X.rows; ++i)
        positions(i) = i % 9 != 4 || std::count(mix.pure.begin(), mix.pure.end(), i) > 0;
    for (std::size_t c = 0; c < mix.X.cols; ++c)
        channels(c) = c % 7 != 2;
    for (std::size_t i = 0; i < mix.X.rows; ++i)
        for (std::size_t c = 0; c < mix.X.cols; ++c)
            if (!positions(i) || !channels(c))
                mix.X(i, c) = std::nan("");
    const auto x = unfold_as<float>(mix.X).mask_positions(positions).mask_channels(channels);
    CHECK(finds(x, mix));
    CHECK(search(x, 3).components(1, 2) == 0);
    positions(mix.pure[0]) = false;
    const auto fewer = search(x.mask_positions(positions), 3).positions;
    CHECK(std::count(fewer.begin(), fewer.end(), mix.pure[0]) == 0);
}

TEST_CASE("spa: as a start")
{
    const mixture mix = mixed({.rank = 4, .decibel = 50});
    for (const double least : {0.0, 0.01})
    {
        const auto solver = xu::make_solver(unfold_as<double>(mix.X), {.rank = 4, .threads = 1},
                                            xu::hals{}, xu::spa{.least = least});
        const matrix C = to_matrix(solver.current().maps),
                     S = to_matrix(solver.current().components);
        CHECK(squared_residual(mix.X, C, S) < (least > 0 ? 1e-2 : 1e-4) * squared_norm(mix.X));
        CHECK((*std::min_element(C.values.begin(), C.values.end()) > 0) == (least > 0));
        CHECK(mean_angle(S, mix.components) < 0.02);
    }
}

TEST_CASE("spa: bad input is refused in words")
{
    const auto refusal = [](const matrix& X, std::size_t rank)
    { return message_of<xu::invalid_argument>([&] { search(unfold_as<double>(X), rank); }); };
    CHECK(refusal(random_matrix(4, 9, 1), 5) ==
          "the rank must be at least 1 and at most the smaller of positions and channels, "
          "min(4, 9) unmasked; got 5");
    CHECK(refusal(random_matrix(9, 2, 1) * random_matrix(2, 5, 2), 3) ==
          "spa needs data of rank 3 at least, and X has rank 2; ask for 2 components");
    CHECK(message_of<xu::invalid_argument>(
              [&]
              {
                  xu::make_solver(unfold_as<double>(random_matrix(9, 5, 1)), {.rank = 2},
                                  xu::hals{}, xu::spa{.least = std::nan("")});
              }) == "spa: least is a share of a column's mean, 0 or more, got nan");
}
}
