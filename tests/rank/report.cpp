// SPDX-License-Identifier: BSD-3-Clause
#include "planted.hpp"

#include <xunmix/rank/report.hpp>

namespace report_test
{
using namespace support;

namespace
{
template <class T>
xu::unfolded<T> planted_scan(std::size_t rank, double counts, std::uint64_t seed)
{
    return unfold_as<T>(poisson_counts(planted_means(rank, 28, 90, counts, seed), seed + 100));
}

/// The weakest component above the noise edge of the means' own Poisson-scaled spectrum.
double weakest(const matrix& means, std::size_t rank)
{
    const auto s =
        xu::spectrum_of(xu::poisson_scaled(xu::dense(unfold_as<double>(means))), rank, 1);
    return std::sqrt(s.values.back()) / xu::marchenko_pastur_edge(s.positions, s.channels);
}

bool mentions(const std::vector<std::string>& reasons, const std::string& part)
{
    return std::any_of(reasons.begin(), reasons.end(),
                       [&](const std::string& r) { return r.find(part) != std::string::npos; });
}
}

TEST_CASE("draw_counts: means and variances are Poisson's, neighbours independent")
{
    xu::random_engine engine(1);
    const std::vector<double> means{0, 0.03, 1.5, 30, 9, 11, 5000};
    std::vector<double> counts(means.size()), sum(means.size()), square(means.size());
    double together = 0;
    constexpr int draws = 20000;
    for (int d = 0; d < draws; ++d)
    {
        xu::detail::draw_counts(means, counts, engine);
        for (std::size_t c = 0; c < means.size(); ++c)
        {
            CHECK((counts[c] >= 0 && counts[c] == std::floor(counts[c])));
            sum[c] += (counts[c] - means[c]) / draws;
            square[c] += (counts[c] - means[c]) * (counts[c] - means[c]) / draws;
        }
        together += (counts[2] - means[2]) * (counts[3] - means[3]) / draws;
    }
    for (std::size_t c = 0; c < means.size(); ++c)
    {
        const double m = means[c];
        CAPTURE(m);
        CHECK(std::abs(sum[c]) <= 4.5 * std::sqrt(m / draws));
        CHECK(std::abs(square[c] - m) <= 4.5 * std::sqrt((2 * m * m + m) / draws));
    }
    CHECK(std::abs(together) < 4.5 * std::sqrt(means[2] * means[3] / draws));
}

TEST_CASE("simulated_counts: a part of the smaller side tells the edge of the whole")
{
    const matrix C = random_matrix(900, 3, 1, 0.1, 1), S = random_matrix(300, 3, 2, 0.1, 1);
    for (const bool turned : {false, true})
    {
        owned_factor<float> c(turned ? S : C), s(turned ? C : S);
        const xu::detail::simulated_counts whole(c.view(), s.view(), {}, 300),
            part(c.view(), s.view(), {}, 150);
        const double a = whole.squared_singular_values(4, 1, 0)[3],
                     b = part.squared_singular_values(4, 1, 1)[3];
        CHECK(std::sqrt(b / a) == doctest::Approx(1).epsilon(0.02));
        CHECK(std::sqrt(a) == doctest::Approx(xu::marchenko_pastur_edge(900, 300)).epsilon(0.03));
    }
}

TEST_CASE("noise_edge: near sqrt(n) + sqrt(m) for even counts, one component found")
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const auto x = xu::poisson_scaled(
            xu::dense(unfold_as<std::uint16_t>(poisson_counts(matrix(500, 60, 2), seed))));
        const auto edge = xu::noise_edge(x, {.highest = 5, .seed = seed, .threads = 1});
        CAPTURE(seed);
        CHECK(edge.rank == 1);
        CHECK(!edge.is_open);
        CHECK(edge.edges.back() ==
              doctest::Approx(xu::marchenko_pastur_edge(500, 60)).epsilon(0.06));
    }
    const auto x = xu::poisson_scaled(xu::dense(unfold_as<float>(matrix(5, 5, 2))));
    CHECK(message_of<xu::invalid_argument>([&] { xu::noise_edge(x, {.draws = 0}); }) ==
          "a noise edge needs at least one draw and one component, got draws 0 and highest 10");
}

TEST_CASE("rank_report: finds the number of components planted in counts")
{
    std::size_t scans = 0;
    for (std::uint64_t seed = 1; scans < 10; ++seed)
    {
        const std::size_t rank = 2 + seed % 4;
        const double counts = seed % 3 == 0 ? 60 : 400;
        if (weakest(planted_means(rank, 28, 90, counts, seed), rank) < 1.1)
            continue;
        ++scans;
        const auto report = xu::rank_report(planted_scan<std::uint16_t>(rank, counts, seed),
                                            {.ranks = xu::rank_range(1, 7),
                                             .starts = 2,
                                             .max_iterations = 40,
                                             .draws = 5,
                                             .seed = seed});
        CAPTURE(seed);
        CAPTURE(rank);
        CAPTURE(report.reasons.front());
        CHECK(report.recommended == rank);
        CHECK(report.noise == xu::noise_model::poisson);
        CHECK(report.noise_variance == doctest::Approx(1).epsilon(0.1));
        CHECK(report.rows[rank - 1].mse < 1.05);
        for (const auto& row : report.rows)
            CHECK(row.mse > row.pca_mse * (1 - 1e-4));
    }
}

TEST_CASE("rank_report: the same for any number of threads, element type and order in memory")
{
    const auto counted = planted_scan<std::uint16_t>(3, 200, 3);
    const xu::rank_options options{
        .ranks = {4, 1, 3}, .starts = 2, .max_iterations = 15, .draws = 2, .seed = 2};
    auto other = options;
    other.threads = 2;
    const auto a = xu::rank_report(counted, options), b = xu::rank_report(counted, other);
    CHECK(a.recommended == 3);
    CHECK(a.rows[0].rank == 1);
    for (std::size_t i = 0; i < a.rows.size(); ++i)
    {
        CHECK(a.rows[i].mse == b.rows[i].mse);
        CHECK(a.rows[i].cophenetic == b.rows[i].cophenetic);
    }
    for (std::size_t s = 0; s < a.scores.size(); ++s)
    {
        CHECK(a.scores[s].rank == b.scores[s].rank);
        for (std::size_t i = 0; i < a.rows.size(); ++i)
            CHECK((a.scores[s].values[i] == b.scores[s].values[i] ||
                   (std::isnan(a.scores[s].values[i]) && std::isnan(b.scores[s].values[i]))));
    }
    const auto matrix = poisson_counts(planted_means(3, 28, 90, 200, 3), 103);
    CHECK(xu::rank_report(unfold_as<float>(matrix, layout::column_major), options).recommended ==
          3);
}

TEST_CASE("rank_report: masked places are not looked at")
{
    matrix X = poisson_counts(planted_means(3, 28, 90, 200, 3), 103);
    xu::tensor<bool> keep = xu::tensor<bool>::from_shape({28 * 28});
    for (std::size_t i = 0; i < X.rows; ++i)
    {
        keep.data()[i] = i % 5 != 2;
        for (std::size_t c = 0; i % 5 == 2 && c < X.cols; ++c)
            X(i, c) = std::numeric_limits<double>::quiet_NaN();
    }
    const auto report =
        xu::rank_report(unfold_as<float>(X).mask_positions(keep),
                        {.ranks = xu::rank_range(1, 5), .starts = 2, .max_iterations = 30});
    CHECK(report.noise == xu::noise_model::poisson);
    CHECK(report.recommended == 3);
    CHECK(report.score("held_out").rank == 3);
}

TEST_CASE("rank_report: numbers with even noise, and what has no answer says why")
{
    matrix X = random_matrix(150, 4, 1) * transposed(random_matrix(70, 4, 2));
    const matrix noise = random_matrix(150, 70, 3, -0.2, 0.2);
    for (std::size_t e = 0; e < X.values.size(); ++e)
        X.values[e] += noise.values[e];
    const auto data = unfold_as<double>(X);
    const auto report =
        xu::rank_report(data, {.ranks = xu::rank_range(1, 6), .starts = 1, .max_iterations = 30});
    CHECK(report.noise == xu::noise_model::gaussian);
    CHECK(report.recommended == 4);
    CHECK(report.noise_variance == doctest::Approx(0.16 / 12).epsilon(0.05));
    CHECK(!report.score("held_out").rank);
    CHECK(report.score("held_out").how ==
          "Not applicable: thinning needs counts, whole numbers that are not negative.");
    CHECK(!report.score("dispersion").rank);
    CHECK(report.score("dispersion").how ==
          "Not applicable: consistency needs at least two starts.");
    CHECK(mentions(report.reasons, "No answer from: held_out, dispersion, cophenetic, stability."));
    const auto dense = xu::rank_report(
        xu::dense(data), {.ranks = xu::rank_range(1, 6), .starts = 1, .max_iterations = 30});
    CHECK(dense.recommended == 4);
    CHECK(dense.score("held_out").how ==
          "Not applicable: counts are thinned from an unfolded tensor, not from a data matrix.");
    CHECK(message_of<xu::invalid_argument>([&] { report.score("guess"); }) ==
          "there is no criterion guess");
}

TEST_CASE("rank_report: says where more stands out than it looked at, and a gain that is not one")
{
    const auto scan = planted_scan<std::uint16_t>(4, 400, 5);
    const auto report =
        xu::rank_report(scan, {.ranks = {1, 2}, .starts = 1, .max_iterations = 30, .draws = 3});
    CHECK(report.recommended == 2);
    CHECK(mentions(report.reasons, "raise ranks"));
    auto multiplied = poisson_counts(planted_means(3, 28, 90, 200, 3), 103);
    for (double& x : multiplied.values)
        x *= 10;
    const auto gained = xu::rank_report(
        unfold_as<std::uint16_t>(multiplied),
        {.ranks = xu::rank_range(1, 4), .starts = 1, .max_iterations = 30, .draws = 3});
    CHECK(mentions(gained.reasons, "divide the data by the detector's gain"));
    CHECK(gained.noise_variance == doctest::Approx(10).epsilon(0.1));
}

TEST_CASE("rank_report: bad input is refused before any work")
{
    const auto scan = planted_scan<std::uint16_t>(2, 100, 1);
    const auto message = [&](const xu::rank_options& o)
    { return message_of<xu::invalid_argument>([&] { xu::rank_report(scan, o); }); };
    CHECK(message({.ranks = xu::rank_range(3, 2)}) ==
          "a rank report needs at least one rank, got none: is the first of the range above the "
          "last?");
    CHECK(message({.ranks = {2, 91}}) ==
          "the rank must be at least 1 and at most the smaller of positions and channels, min(784, "
          "90) unmasked; got 91");
    CHECK(message({.ranks = {0}}).find("got 0") != std::string::npos);
    CHECK(message({.ranks = {2, 3, 2}}) == "rank 2 is named twice among the report's ranks");
    CHECK(message({.starts = 0}) ==
          "a rank report needs at least one start, draw and iteration, got 0, 10 and 100");
    CHECK(message({.consensus_positions = 1}) == "a consensus needs at least two positions, got 1");
    CHECK(message({.held_out = 0}) == "the share held out must lie between 0 and 1, got 0");
    matrix X = poisson_counts(matrix(9, 9, 3), 1);
    X(2, 3) = -4;
    CHECK(message_of<xu::invalid_data>(
              [&]
              {
                  xu::rank_report(unfold_as<std::int16_t>(X),
                                  {.ranks = {2}, .noise = xu::noise_model::poisson});
              }) == "Poisson scaling is for counts, X >= 0: it holds 1 negative values, the "
                    "smallest -4; clip them with unfold(...).clipped(0)");
    CHECK_THROWS_AS(xu::rank_report(unfold_as<float>(matrix(4, 4)), {.ranks = {1}}),
                    xu::invalid_data);
}

TEST_CASE("rank_report: small and degenerate data give an answer")
{
    // One channel; two positions; rank up to the smaller side; dark positions and channels.
    const xu::rank_options few{.ranks = {1}, .starts = 2, .max_iterations = 10, .draws = 2};
    CHECK(xu::rank_report(unfold_as<std::uint8_t>(poisson_counts(matrix(20, 1, 5), 1)), few)
              .recommended == 1);
    CHECK(xu::rank_report(unfold_as<std::uint8_t>(poisson_counts(matrix(2, 30, 5), 1)), few)
              .recommended == 1);
    matrix X = poisson_counts(matrix(30, 6, 5), 1);
    for (std::size_t c = 0; c < 6; ++c)
        X(3, c) = 0;
    for (std::size_t i = 0; i < 30; ++i)
        X(i, 2) = 0;
    const auto report = xu::rank_report(
        unfold_as<std::uint8_t>(X),
        {.ranks = xu::rank_range(1, 6), .starts = 2, .max_iterations = 10, .draws = 4});
    CHECK(report.recommended == 1);
    CHECK(report.rows.size() == 6);
}
}
