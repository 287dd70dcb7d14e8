// SPDX-License-Identifier: BSD-3-Clause
#include "../io/files.hpp"
#include "../support.hpp"

#include <variant>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/model/relevance_trace.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace ard_test
{
using namespace support;

namespace
{
/// Counts of rank 3 whose components and maps are all but separate.
matrix three(std::uint64_t seed, double counts)
{
    const planted p = plant({.positions = 150, .channels = 60, .seed = seed});
    matrix X = p.X;
    std::mt19937_64 engine(seed);
    for (double& x : X.values)
        x = static_cast<double>(std::poisson_distribution<int>(counts * x + 0.1)(engine));
    return X;
}

template <class Data, class U, class... More>
auto with_rank(std::size_t rank, std::uint64_t seed, const Data& data, const U& update,
               More&&... more)
{
    return xu::factorize(data, {.rank = rank, .max_iterations = 3000, .seed = seed}, update,
                         xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}),
                         more...);
}

std::optional<xu::tensor<double>> measured(const std::string& name)
{
    const auto path = data_file(name);
    if (path.empty())
        return std::nullopt;
    return std::get<xu::tensor<double>>(xu::read_npy(path));
}

/// Each column less its mean: cosines between such are correlations.
matrix deviations(matrix F)
{
    for (std::size_t j = 0; j < F.cols; ++j)
    {
        double mean = 0;
        for (std::size_t i = 0; i < F.rows; ++i)
            mean += F(i, j) / static_cast<double>(F.rows);
        for (std::size_t i = 0; i < F.rows; ++i)
            F(i, j) -= mean;
    }
    return F;
}

matrix normalized(matrix S)
{
    for (std::size_t j = 0; j < S.cols; ++j)
    {
        double norm = 0;
        for (std::size_t i = 0; i < S.rows; ++i)
            norm += S(i, j) * S(i, j);
        for (std::size_t i = 0; i < S.rows; ++i)
            S(i, j) /= std::sqrt(norm);
    }
    return S;
}

/// One round of hals over the columns of F, with `pressure` taken off each column's right-hand
/// side.
void round_of(const matrix& X, matrix& F, const matrix& O, const std::vector<double>& pressure)
{
    const matrix rhs = X * O, gram = transposed(O) * O;
    for (std::size_t j = 0; j < F.cols; ++j)
        for (std::size_t i = 0; i < F.rows; ++i)
        {
            double slope = rhs(i, j) - pressure[j];
            for (std::size_t l = 0; l < F.cols; ++l)
                slope -= F(i, l) * gram(l, j);
            F(i, j) = std::max(0.0, F(i, j) + slope / gram(j, j));
        }
}
}

TEST_CASE("ard: follows its equations in both layouts")
{
    const matrix X = random_matrix(80, 30, 4);
    for (const layout how : {layout::row_major, layout::column_major})
    {
        auto solver =
            xu::make_solver(unfold_as<double>(X, how), {.rank = 3, .tolerance = 0, .threads = 1},
                            xu::ard{.rounds = 1}, xu::on_maps(xu::non_negative{}),
                            xu::on_components(xu::non_negative{}));
        matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
        const double rms = std::sqrt(squared_norm(X) / 2400),
                     beta = 1e-15 * rms * std::sqrt(30.) / 3;
        for (int t = 0; t < 25; ++t)
        {
            solver.step();
            std::vector<double> pressure(3);
            for (std::size_t j = 0; j < 3; ++j)
            {
                double sum = beta;
                for (std::size_t i = 0; i < 80; ++i)
                    sum += C(i, j);
                pressure[j] = squared_residual(X, C, S) / 2400 / (sum / 82);
            }
            round_of(transposed(X), S, C, {0, 0, 0});
            for (std::size_t j = 0; j < 3; ++j)
            {
                const double scale = std::sqrt(squared_norm(
                    [&]
                    {
                        matrix column(30, 1);
                        for (std::size_t i = 0; i < 30; ++i)
                            column(i, 0) = S(i, j);
                        return column;
                    }()));
                for (std::size_t i = 0; i < 80; ++i)
                    C(i, j) *= scale;
            }
            S = normalized(S);
            round_of(X, C, S, pressure);
        }
        CHECK(relative_distance(to_matrix(solver.current().maps), C) < 1e-9);
        CHECK(relative_distance(to_matrix(solver.current().components), S) < 1e-9);
    }
}

TEST_CASE("ard: keeps the components that were planted, whatever the unit of X")
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const matrix X = three(seed, 40);
        xu::relevance_trace trace;
        const auto found = with_rank(7, seed, unfold_as<float>(X), xu::ard{}, trace);
        CHECK(found.rank() == 3);
        CHECK(found.pruned == 4);
        CHECK(found.status == xu::status::converged);
        REQUIRE(trace.values.size() == found.iterations);
        CHECK(std::count_if(trace.values.back().begin(), trace.values.back().end(),
                            [](double relevance) { return relevance > 1e-3; }) == 3);
        for (const double unit : {1e-6, 1e6})
        {
            matrix scaled = X;
            for (double& x : scaled.values)
                x *= unit;
            CHECK(with_rank(7, seed, unfold_as<float>(scaled), xu::ard{}).rank() == 3);
        }
    }
}

TEST_CASE("ard: keeps two of nine components of Mn3O4 at any scale, in 20 of 20 seeds (slow)")
{
    const auto noisy = measured("eels_mn3o4_noisy.npy");
    if (!noisy)
        return;
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        CAPTURE(seed);
        std::vector<xu::result<double>> found;
        for (const double unit : {1.0, 1e-6, 1e6})
        {
            xu::tensor<double> scan = *noisy * unit;
            found.push_back(with_rank(9, seed, xu::unfold(scan, xu::positions{0, 1}), xu::ard{}));
            CHECK(found.back().rank() == 2);
        }
        for (const std::size_t other : {1U, 2U})
            CHECK(relative_distance(to_matrix(found[other].components_matrix()),
                                    to_matrix(found[0].components_matrix())) < 1e-6);
    }
}

TEST_CASE("ard: finds in noise what the clean Mn3O4 is made of")
{
    // Least squares with the true components correlates to 0.966 with the second true map: no
    // method that treats positions one by one can be expected to do better.
    const auto noisy = measured("eels_mn3o4_noisy.npy"), clean = measured("eels_mn3o4_clean.npy");
    if (!noisy || !clean)
        return;
    const xu::options opt{.rank = 2, .max_iterations = 3000, .seed = 1};
    const auto truth = xu::factorize(
        xu::unfold(*clean, xu::positions{0, 1}), opt, xu::soft_orthogonal{.weight = 0.01},
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    const matrix components = deviations(to_matrix(truth.components_matrix())),
                 maps = deviations(to_matrix(truth.maps_matrix()));
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        CAPTURE(seed);
        const auto found = with_rank(9, seed, xu::unfold(*noisy, xu::positions{0, 1}),
                                     xu::ard{.orthogonality = 0.01});
        REQUIRE(found.rank() == 2);
        CHECK(match(deviations(to_matrix(found.components_matrix())), components).worst() > 0.98);
        CHECK(match(deviations(to_matrix(found.maps_matrix())), maps).worst() > 0.96);
    }
}

TEST_CASE("ard: twins become one")
{
    const planted p = plant({.positions = 80, .channels = 40});
    matrix C(80, 4), S(40, 4);
    for (std::size_t j = 0; j < 4; ++j)
    {
        for (std::size_t i = 0; i < 80; ++i)
            C(i, j) = p.maps(i, j % 3);
        for (std::size_t i = 0; i < 40; ++i)
            S(i, j) = p.components(i, j % 3);
    }
    const auto found =
        xu::factorize(unfold_as<double>(p.X), {.rank = 4, .max_iterations = 20, .tolerance = 0},
                      xu::ard{}, xu::given{to_tensor(C), to_tensor(S)},
                      xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    CHECK(found.rank() == 3);
    CHECK(match(to_matrix(found.components_matrix()), p.components).worst() > 0.9999);
}

TEST_CASE("ard: a resumed solver takes the steps it would have taken")
{
    const auto make = [](std::size_t threads)
    {
        return xu::make_solver(unfold_as<float>(three(2, 20)),
                               {.rank = 6, .tolerance = 0, .threads = threads},
                               xu::ard{.orthogonality = 0.1}, xu::on_maps(xu::non_negative{}),
                               xu::on_components(xu::non_negative{}));
    };
    auto whole = make(1), first = make(2), second = make(2);
    for (int t = 0; t < 20; ++t)
        whole.step();
    for (int t = 0; t < 9; ++t)
        first.step();
    second.resume(first.state());
    for (int t = 9; t < 20; ++t)
        second.step();
    CHECK(whole.state().maps == second.state().maps);
    CHECK(whole.state().components == second.state().components);
}

TEST_CASE("ard: bad input is refused before any work")
{
    const auto data = unfold_as<double>(random_matrix(20, 10, 1));
    const auto with = [&](const xu::ard& update) { xu::factorize(data, {.rank = 3}, update); };
    CHECK_THROWS_WITH_AS(with({.orthogonality = 2}),
                         "ard needs an orthogonality from 0 to 1, got 2", xu::invalid_argument);
    CHECK_THROWS_WITH_AS(with({.merge_above = -1}),
                         "ard merges components above a cosine from 0 to 1, got -1",
                         xu::invalid_argument);
    CHECK_THROWS_WITH_AS(with({.prior = 0}), "ard needs a prior above 0 and finite, got 0",
                         xu::invalid_argument);
    CHECK_THROWS_WITH_AS(with({.prune_below = 1}),
                         "ard prunes below a share from 0 to less than 1, got 1",
                         xu::invalid_argument);
    CHECK_THROWS_AS(with({.rounds = 0}), xu::invalid_argument);
    for (const int which : {0, 1})
        CHECK_THROWS_WITH_AS(
            which == 0
                ? (void)xu::factorize(data, {.rank = 3}, xu::ard{},
                                      xu::on_components(xu::unit_norm{}))
                : (void)xu::factorize(data, {.rank = 3}, xu::ard{}, xu::on_maps(xu::sum_to_one{})),
            "this update holds the components at unit length itself: unit_norm and constraints "
            "that hold the scale of a factor (bounded, sum_to_one, fixed) cannot go with it; leave "
            "them out",
            xu::invalid_argument);
}

TEST_CASE("ard_multiplicative: never rises and keeps the components that were planted")
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        const auto data = unfold_as<double>(three(seed, 40));
        const xu::options opt{.rank = 7, .max_iterations = 6000, .tolerance = 1e-9, .seed = seed};
        const auto squares = xu::factorize(data, opt, xu::ard_multiplicative{});
        const auto deviance =
            xu::factorize(data, opt, xu::ard_multiplicative{}, xu::beta_divergence{});
        for (const auto* found : {&squares, &deviance})
        {
            CHECK(found->rank() == 3);
            CHECK(std::all_of(found->history.begin() + 1, found->history.end(),
                              [](const xu::record& r) { return r.relative_change > -1e-12; }));
        }
    }
}

TEST_CASE("ard_multiplicative: its objective is the one its comment gives")
{
    const matrix X = random_matrix(40, 30, 6);
    auto solver = xu::make_solver(unfold_as<double>(X), {.rank = 3}, xu::ard_multiplicative{});
    solver.step();
    const auto now = solver.current();
    const matrix C = to_matrix(now.maps), S = to_matrix(now.components);
    const double count = 40 + 30 + 5 + 1,
                 b = std::sqrt(4 * 3 * std::sqrt(squared_norm(X) / 1200) / 3);
    double product = 1;
    for (std::size_t j = 0; j < 3; ++j)
    {
        double size = b;
        for (std::size_t i = 0; i < 40; ++i)
            size += C(i, j);
        for (std::size_t i = 0; i < 30; ++i)
            size += S(i, j);
        product *= std::pow(size / b, 2 * count / 1200);
    }
    CHECK(now.objective == doctest::Approx(squared_residual(X, C, S) * product).epsilon(1e-9));
}

TEST_CASE("ard_multiplicative: bad input is refused before any work")
{
    const auto data = unfold_as<double>(random_matrix(20, 10, 1));
    CHECK_THROWS_WITH_AS(xu::factorize(data, {.rank = 3}, xu::ard_multiplicative{.shape = 2}),
                         "ard_multiplicative needs a shape above 2 and finite, got 2",
                         xu::invalid_argument);
    CHECK_THROWS_WITH_AS(
        xu::factorize(data, {.rank = 3}, xu::ard_multiplicative{.prune_below = -1}),
        "ard_multiplicative prunes below a share from 0 to less than 1, got -1",
        xu::invalid_argument);
}
}
