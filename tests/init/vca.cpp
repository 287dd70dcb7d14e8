// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/init/vca.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/svd/compressed.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

#include "../io/files.hpp"
#include "mixtures.hpp"

namespace vca_test
{
using namespace support;

namespace
{
template <class Data>
auto search(const Data& x, std::size_t rank, std::uint64_t seed = 1, xu::vca how = {},
            std::size_t threads = 1)
{
    return xu::extract_endmembers(x, how, {.rank = rank, .seed = seed, .threads = threads});
}

template <class Data>
bool finds(const Data& x, const mixture& mix, std::uint64_t seed = 1, xu::vca how = {})
{
    return sorted(search(x, mix.pure.size(), seed, how).positions) == sorted(mix.pure);
}

std::string refusal(const matrix& X, std::size_t rank, xu::vca how = {})
{
    return message_of<xu::error>([&] { search(unfold_as<double>(X), rank, 1, how); });
}
}

TEST_CASE("vca: pure positions are found at 40 dB and above, whatever the seed")
{
    for (const std::size_t rank : {2U, 3U, 5U, 8U, 12U, 20U})
        for (std::uint64_t seed = 1; seed <= 6; ++seed)
            for (const double decibel : {40.0, 60.0, 0.0})
            {
                CAPTURE(rank);
                CAPTURE(seed);
                CAPTURE(decibel);
                const mixture mix = mixed({.rank = rank, .decibel = decibel, .seed = seed});
                CHECK(finds(unfold_as<double>(mix.X), mix, seed + 100));
            }
}

TEST_CASE("vca: one set of random directions finds them too")
{
    const mixture mix = mixed({.rank = 5, .decibel = 50});
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        CHECK(finds(unfold_as<double>(mix.X), mix, seed, {.draws = 1}));
}

TEST_CASE("vca: brightness counts where rows are not projected, and only there")
{
    int of_affine = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const mixture mix = mixed({.rank = 4, .brightness = 20, .decibel = 50, .seed = seed});
        const auto x = unfold_as<double>(mix.X);
        CHECK(finds(x, mix, seed));
        of_affine += finds(x, mix, seed, {.projection = xu::vca_projection::affine});
    }
    CHECK(of_affine == 0);
}

TEST_CASE("vca: the signal-to-noise ratio, and what it decides")
{
    for (const double decibel : {5.0, 10.0, 20.0, 30.0, 50.0})
    {
        const mixture mix = mixed({.rank = 4, .decibel = decibel});
        const auto u = unfold_as<double>(mix.X);
        const auto x = xu::dense(u);
        CHECK(std::abs(xu::vca::signal_to_noise(x, xu::range_finder(x, 4, 4, 1)) - decibel) < 0.3);
        const auto automatic = search(u, 4).components,
                   projective =
                       search(u, 4, 1, {.projection = xu::vca_projection::projective}).components,
                   affine = search(u, 4, 1, {.projection = xu::vca_projection::affine}).components;
        CHECK((automatic == affine) == (decibel < 21.02)); // 15 + 10 log10(4)
        CHECK((automatic == projective) == (decibel > 21.02));
    }
}

TEST_CASE("vca: components have less noise than what was measured at their positions")
{
    const mixture mix = mixed({.rank = 4, .decibel = 30});
    const auto found = search(unfold_as<double>(mix.X), 4);
    const matrix S = from_tensor(found.components);
    for (std::size_t e = 0; e < 4; ++e)
    {
        const auto true_one = std::find(mix.pure.begin(), mix.pure.end(), found.positions[e]);
        REQUIRE(true_one != mix.pure.end());
        const auto j = static_cast<std::size_t>(true_one - mix.pure.begin());
        matrix measured(mix.X.cols, 1);
        for (std::size_t c = 0; c < mix.X.cols; ++c)
            measured(c, 0) = mix.X(found.positions[e], c);
        CHECK(angle(S, e, mix.components, j) < 0.4 * angle(measured, 0, mix.components, j));
    }
}

TEST_CASE("vca: noise without signal is no endmember")
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        mixture mix = mixed({.rank = 4, .decibel = 40, .seed = seed});
        const matrix vacuum = random_matrix(mix.X.rows, mix.X.cols, seed, -0.002, 0.002);
        for (std::size_t i = 0; i < mix.X.rows; i += 3)
            for (std::size_t c = 0; c < mix.X.cols; ++c)
                if (std::count(mix.pure.begin(), mix.pure.end(), i) == 0)
                    mix.X(i, c) = vacuum(i, c);
        CHECK(finds(unfold_as<double>(mix.X), mix, seed));
    }
}

TEST_CASE("vca: units, layouts, number types and threads change nothing")
{
    const mixture mix = mixed({.rank = 5, .decibel = 40});
    const auto x = unfold_as<double>(mix.X);
    const auto found = search(x, 5);
    const matrix S = from_tensor(found.components);
    for (const double unit : {1e-9, 1e7})
    {
        matrix scaled = mix.X;
        for (double& value : scaled.values)
            value *= unit;
        const auto other = search(unfold_as<double>(scaled), 5);
        CHECK(other.positions == found.positions);
        matrix back = from_tensor(other.components);
        for (double& value : back.values)
            value /= unit;
        CHECK(relative_distance(back, S) < 1e-9);
    }
    const auto two = search(x, 5, 1, {}, 2);
    CHECK((two.positions == found.positions && two.components == found.components));
    CHECK(search(unfold_as<double>(mix.X, layout::column_major), 5).positions == found.positions);
    CHECK(search(unfold_as<float>(mix.X), 5).positions == found.positions);
    CHECK(finds(unfold_as<std::uint16_t>(counted(mix.X, 3000)), mix));
    CHECK(finds(unfold_as<std::int32_t>(counted(mix.X, 3000)), mix));
    CHECK(finds(xu::any_matrix<float>(xu::dense(unfold_as<float>(mix.X))), mix));
    CHECK(finds(xu::compressed(xu::dense(x), 20), mix));
    CHECK(finds(xu::unscaled(xu::dense(x)), mix));
    const auto folded = search(unfold_as<float>(mix.X, layout::row_major, {20, 20}, {4, 25}), 5);
    CHECK(folded.positions == found.positions);
    CHECK((folded.components.shape(0) == 5 && folded.components.shape(1) == 4 &&
           folded.components.shape(2) == 25));
}

TEST_CASE("vca: weights of counts, and positions that have none")
{
    mixture mix = mixed({.positions = 300, .rank = 3, .brightness = 5});
    std::mt19937_64 engine(1);
    for (double& value : mix.X.values)
        value = std::poisson_distribution<int>(2000 * value + 1e-300)(engine);
    for (std::size_t c = 0; c < mix.X.cols; ++c)
        mix.X(0, c) = mix.X(50, c) = 0;
    const auto counts = unfold_as<std::uint16_t>(mix.X);
    const auto weighted = xu::poisson_scaled(xu::dense(counts));
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const auto found = search(weighted, 3, seed);
        CHECK(sorted(found.positions) == sorted(mix.pure));
        CHECK(mean_angle(from_tensor(found.components), mix.components) < 0.02);
        const auto small = search(xu::compressed(weighted, 20), 3, seed);
        CHECK(sorted(small.positions) == sorted(mix.pure));
        CHECK(mean_angle(from_tensor(small.components), mix.components) < 0.02);
        // X's own units: the component is what was counted at its position.
        matrix rows(mix.X.cols, 3);
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t c = 0; c < mix.X.cols; ++c)
                rows(c, j) = mix.X(found.positions[j], c);
        CHECK(relative_distance(from_tensor(found.components), rows) < 0.1);
    }
}

TEST_CASE("vca: what is masked is not read and not chosen")
{
    const mixture mix = mixed({.rank = 3, .decibel = 45});
    const std::size_t n = mix.X.rows, m = mix.X.cols;
    auto positions = xu::tensor<bool>::from_shape({n});
    auto channels = xu::tensor<bool>::from_shape({m});
    matrix dirty = mix.X, cut(0, 0);
    std::vector<std::size_t> rows, cols;
    for (std::size_t i = 0; i < n; ++i)
    {
        positions(i) = i % 5 != 3 && i != mix.pure[1];
        if (positions(i))
            rows.push_back(i);
    }
    for (std::size_t c = 0; c < m; ++c)
    {
        channels(c) = c % 7 != 2;
        if (channels(c))
            cols.push_back(c);
    }
    cut = matrix(rows.size(), cols.size());
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < m; ++c)
            if (!positions(i) || !channels(c))
                dirty(i, c) = (i + c) % 2 ? std::nan("") : 1e30;
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t c = 0; c < cols.size(); ++c)
            cut(i, c) = mix.X(rows[i], cols[c]);
    const auto x = unfold_as<double>(dirty).mask_positions(positions).mask_channels(channels);
    for (const auto how : {xu::vca_projection::projective, xu::vca_projection::affine})
    {
        const auto found = search(x, 3, 1, {.projection = how}),
                   expected = search(unfold_as<double>(cut), 3, 1, {.projection = how});
        std::vector<std::size_t> there;
        for (std::size_t i : expected.positions)
            there.push_back(rows[i]);
        CHECK(sorted(found.positions) == sorted(there));
        CHECK(std::count(there.begin(), there.end(), mix.pure[1]) == 0);
        for (std::size_t j = 0; j < 3; ++j)
            CHECK((found.components(j, 2) == 0 && std::isfinite(found.components(j, 3))));
    }
}

TEST_CASE("vca: rank 1, one channel, one position, as many components as positions")
{
    matrix one = random_matrix(30, 8, 1) * matrix(8, 8, 1);
    for (std::size_t c = 0; c < 8; ++c)
        one(17, c) *= 3;
    CHECK(search(unfold_as<double>(one), 1).positions == std::vector<std::size_t>{17});
    CHECK(search(unfold_as<double>(matrix(5, 1, 2)), 1).components(0, 0) ==
          doctest::Approx(2).epsilon(1e-12));
    CHECK(search(unfold_as<double>(matrix(1, 5, 2)), 1).positions == std::vector<std::size_t>{0});
    matrix diagonal(6, 6, 0.1);
    for (std::size_t i = 0; i < 6; ++i)
        diagonal(i, i) = 1;
    CHECK(sorted(search(unfold_as<double>(diagonal), 6).positions) ==
          std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("vca: bad input is refused in words")
{
    matrix X = random_matrix(9, 5, 1);
    const std::string rule = "the rank must be at least 1 and at most the smaller of positions and "
                             "channels, min(9, 5) unmasked; got ";
    CHECK(refusal(X, 0) == rule + "0");
    CHECK(refusal(X, 6) == rule + "6");
    CHECK(refusal(random_matrix(9, 2, 1) * random_matrix(2, 5, 2), 3) ==
          "vca needs data of rank 3 at least, and X has rank 2; ask for 2 components");
    CHECK(refusal(X, 2, {.draws = 0}) == "vca needs at least one draw of directions, got 0");
    X(3, 2) = std::nan("");
    CHECK(refusal(X, 2).substr(0, 42) == "X must be finite: it holds 1 NaN or infini");
    CHECK(refusal(matrix(9, 5), 2).substr(0, 34) == "X is zero at all unmasked places: ");
    const auto x = unfold_as<float>(random_matrix(9, 2, 1) * random_matrix(2, 5, 2));
    CHECK(message_of<xu::invalid_argument>([&] { search(x, 3); }) ==
          "vca needs data of rank 3 at least, and X has rank 2; ask for 2 components");
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::make_solver(x, {.rank = 2}, xu::hals{}, xu::vca{.least = -1}); }) ==
          "vca: least is a share of a column's mean, 0 or more, got -1");
}

TEST_CASE("vca: as a start")
{
    const mixture mix = mixed({.rank = 4, .decibel = 40, .alone = 5});
    const auto start = [&](xu::vca how, const auto& x)
    {
        const auto solver =
            xu::make_solver(x, {.rank = 4, .seed = 3, .threads = 1}, xu::hals{}, how);
        return std::pair(to_matrix(solver.current().maps), to_matrix(solver.current().components));
    };
    const auto smallest = [](const matrix& f)
    { return *std::min_element(f.values.begin(), f.values.end()); };
    const auto x = unfold_as<double>(mix.X);
    const auto clipped = start({}, x), free = start({.clip = false}, x),
               lifted = start({.least = 0.01}, x);
    CHECK(squared_residual(mix.X, clipped.first, clipped.second) < 2e-4 * squared_norm(mix.X));
    CHECK((smallest(clipped.first) == 0 && smallest(clipped.second) >= 0));
    CHECK(smallest(free.second) < 0);
    CHECK((smallest(lifted.first) > 0 && smallest(lifted.second) > 0));
    auto keep = xu::tensor<bool>::from_shape({std::size_t{400}});
    for (std::size_t i = 0; i < 400; ++i)
        keep(i) = i != 11;
    CHECK(start({.least = 0.01}, x.mask_positions(keep)).first(11, 2) == 0);

    const auto counts = unfold_as<std::uint16_t>(counted(mixed({.rank = 4, .alone = 5}).X, 500));
    const auto r = xu::factorize(counts, {.rank = 4, .max_iterations = 100, .threads = 1},
                                 xu::multiplicative{}, xu::vca{.least = 0.01});
    CHECK(mean_angle(to_matrix(r.components_matrix()), mix.components) < 0.03);
}

TEST_CASE("vca: Samson, on its own and as a start of hals")
{
    const auto scan_file = data_file("samson.npy"), truth_file = data_file("samson_components.npy");
    if (scan_file.empty() || truth_file.empty())
        return;
    const auto scan = xu::read_npy_as<float>(scan_file);
    const auto truth = from_tensor(xu::read_npy_as<double>(truth_file));
    const auto x = xu::dense(xu::unfold(scan, xu::positions{0, 1}));
    double worst = 0, single = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
    {
        worst = std::max(worst, mean_angle(from_tensor(search(x, 3, seed).components), truth));
        single += mean_angle(from_tensor(search(x, 3, seed, {.draws = 1}).components), truth) / 10;
    }
    MESSAGE("mean spectral angle of vca: " << worst << " at worst of 10 seeds; " << single
                                           << " on average with one draw");
    CHECK(worst <= 0.106);

    const auto factorized = [&](const auto& init, std::uint64_t seed)
    {
        const auto r = xu::factorize(
            x, {.rank = 3, .max_iterations = 200, .seed = seed, .threads = 1}, xu::hals{},
            xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}), init);
        return mean_angle(to_matrix(r.components_matrix()), truth);
    };
    for (std::uint64_t seed = 0; seed < 3; ++seed)
    {
        const double from_vca = factorized(xu::vca{}, seed),
                     from_random = factorized(xu::random_uniform{}, seed);
        MESSAGE("hals from vca: " << from_vca << ", from random_uniform: " << from_random);
        CHECK(from_vca < from_random);
    }
}
}
