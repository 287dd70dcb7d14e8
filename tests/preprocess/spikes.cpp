// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <set>

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/preprocess/hot_channels.hpp>
#include <xunmix/preprocess/spikes.hpp>

namespace spikes_test
{
using namespace support;

namespace
{
using places = std::set<std::pair<std::size_t, std::size_t>>; // position, channel

constexpr std::size_t height = 24, width = 24, positions = height * width, channels = 128;

/// Expected spectra of a scan of 24 x 24: a decaying background, thicker to the right, a
/// rectangular grain with two lines hardly wider than a channel, and a smaller one with a third.
matrix expected_spectra(double level)
{
    matrix out(positions, channels);
    const auto line = [](std::size_t c, double centre)
    { return std::exp(-std::pow(static_cast<double>(c) - centre, 2) / (2 * 0.6 * 0.6)); };
    for (std::size_t i = 0; i < positions; ++i)
    {
        const std::size_t y = i / width, x = i % width;
        const bool grain = y >= 5 && y < 15 && x >= 4 && x < 20,
                   small = y >= 17 && y < 19 && x >= 8 && x < 10;
        for (std::size_t c = 0; c < channels; ++c)
        {
            out(i, c) = level * (0.5 + static_cast<double>(x) / width) *
                        std::exp(-static_cast<double>(c) / 60);
            if (grain)
                out(i, c) += 20 * level * line(c, 40.2) + 5 * level * line(c, 90);
            if (small)
                out(i, c) += 10 * level * line(c, 70.4);
        }
    }
    return out;
}

matrix drawn(const matrix& X, xu::random_engine& engine)
{
    matrix out = X;
    for (double& x : out.values)
        x = static_cast<double>(xu::simulate::poisson(engine, x));
    return out;
}

/// Adds `count` hits, each to one channel or to two; every one at least `height` x the noise there
/// (of what neighbours have, lines included). Returns where.
places add_spikes(matrix& X, const matrix& expected, std::size_t count, double least,
                  xu::random_engine& engine)
{
    places where;
    while (where.size() < count)
    {
        const std::size_t i = xu::uniform_below(engine, X.rows);
        const std::size_t c = xu::uniform_below(engine, X.cols - 1);
        for (std::size_t wide = 1 + xu::uniform_below(engine, 2); wide-- > 0;)
            if (where.emplace(i, c + wide).second)
                X(i, c + wide) += std::round(least * (1 + 10 * xu::uniform01(engine)) *
                                             std::sqrt(expected(i, c + wide) + 1));
    }
    return where;
}

template <class T>
places places_of(const xu::despiked<T>& d)
{
    places out;
    for (const auto& s : d.spikes)
        out.emplace(s.position, s.channel);
    return out;
}

std::size_t in_both(const places& a, const places& b)
{
    std::size_t count = 0;
    for (const auto& place : a)
        count += b.count(place);
    return count;
}
}

TEST_CASE("spikes: all of them are found, and no line of the specimen")
{
    for (const double level : {0.5, 20.0, 400.0})
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
        {
            xu::random_engine engine(seed);
            const matrix expected = expected_spectra(level);
            const matrix clean = drawn(expected, engine);
            matrix X = clean;
            const places where = add_spikes(X, expected, 60, 40, engine);
            const auto data = unfold_as<std::uint32_t>(X, layout::row_major, {height, width});
            const auto out = xu::remove_spikes(data);
            CAPTURE(level);
            CAPTURE(seed);
            CHECK(in_both(where, places_of(out)) == where.size()); // recall
            CHECK(out.spikes.size() == where.size());              // precision
            // What is put in is as good as a count; all else is as it was.
            double squares = 0;
            for (std::size_t i = 0; i < positions; ++i)
                for (std::size_t c = 0; c < channels; ++c)
                {
                    const auto value = static_cast<double>(out.scan.data()[i * channels + c]);
                    if (where.count({i, c}) == 0)
                        CHECK(value == clean(i, c));
                    else
                        squares += std::pow(value - expected(i, c), 2) / (expected(i, c) + 1);
                }
            CHECK(squares / static_cast<double>(where.size()) < (level > 100 ? 6 : 1.5));
        }
}

TEST_CASE("spikes: no false alarm in counts, and few where the noise is not known")
{
    for (const double level : {0.05, 0.5, 5.0, 50.0, 1000.0})
    {
        xu::random_engine engine(3);
        std::size_t found = 0;
        for (int scan = 0; scan < 4; ++scan)
        {
            const matrix X = drawn(expected_spectra(level), engine);
            const auto data = unfold_as<std::uint32_t>(X, layout::row_major, {height, width});
            found += xu::remove_spikes(data).spikes.size();
        }
        CAPTURE(level);
        CHECK(found == 0);
    }
    // Spreads of ten numbers and of eight: one entry in 10,000.
    std::mt19937_64 engine(5);
    std::normal_distribution<double> normal;
    matrix noise(positions, channels);
    for (double& x : noise.values)
        x = normal(engine);
    const auto data = unfold_as<double>(noise, layout::row_major, {height, width});
    CHECK(xu::remove_spikes(data, {.gain = 0}).spikes.size() <= 15);
    noise(100, 50) = 40;
    const auto spiked = unfold_as<double>(noise, layout::row_major, {height, width});
    CHECK(places_of(xu::remove_spikes(spiked, {.gain = 0})).count({100, 50}) == 1);
}

namespace
{
/// Expected patterns of 16 x 16 positions and 24 x 24 pixels: a halo, sharp spots in a grain.
constexpr std::size_t side_of_scan = 16, side_of_detector = 24;
matrix expected_patterns(double level)
{
    matrix out(side_of_scan * side_of_scan, side_of_detector * side_of_detector);
    for (std::size_t i = 0; i < out.rows; ++i)
        for (std::size_t c = 0; c < out.cols; ++c)
        {
            const bool grain = i / side_of_scan < 9 && i % side_of_scan >= 5;
            const double v = static_cast<double>(c / side_of_detector) - 11.5,
                         u = static_cast<double>(c % side_of_detector) - 11.5;
            const double to_spot =
                std::pow(std::remainder(v - 1, 7), 2) + std::pow(std::remainder(u + 2, 7), 2);
            out(i, c) = level * std::exp(-std::hypot(v, u) / 8) +
                        (grain ? 20 * level * std::exp(-to_spot / (2 * 0.7 * 0.7)) : 0);
        }
    return out;
}
const std::vector<std::size_t> scan_shape{side_of_scan, side_of_scan},
    detector_shape{side_of_detector, side_of_detector};
}

TEST_CASE("spikes: in detector images too, whatever the layout, the type and the threads")
{
    xu::random_engine engine(2);
    const matrix expected = expected_patterns(3);
    matrix X = drawn(expected, engine);
    const places where = add_spikes(X, expected, 40, 40, engine);
    const auto data = unfold_as<std::uint16_t>(X, layout::row_major, scan_shape, detector_shape);
    const auto out = xu::remove_spikes(data, {.channel_reach = 2, .threads = 1});
    CHECK(places_of(out) == where);
    const std::vector<std::size_t> shape(out.scan.shape().begin(), out.scan.shape().end());
    CHECK(shape == std::vector<std::size_t>{16, 16, 24, 24});
    for (const auto& s : out.spikes)
    {
        CHECK(s.value == X(s.position, s.channel));
        CHECK(s.replacement ==
              static_cast<double>(out.scan.data()[s.position * X.cols + s.channel]));
    }
    const auto threads = xu::remove_spikes(data, {.channel_reach = 2, .threads = 3});
    const auto turned = xu::remove_spikes(
        unfold_as<std::uint16_t>(X, layout::column_major, scan_shape, detector_shape),
        {.channel_reach = 2});
    CHECK((threads.scan == out.scan && turned.scan == out.scan));
    const auto real = xu::remove_spikes(
        unfold_as<float>(X, layout::row_major, scan_shape, detector_shape), {.channel_reach = 2});
    CHECK(places_of(real) == where);
    // Ten data units a count.
    matrix scaled = X;
    for (double& x : scaled.values)
        x *= 10;
    CHECK(places_of(xu::remove_spikes(
              unfold_as<double>(scaled, layout::row_major, scan_shape, detector_shape),
              {.channel_reach = 2, .gain = 10})) == where);
}

TEST_CASE("spikes: what lies under masks is neither looked at nor changed, NaN is no spike")
{
    xu::random_engine engine(6);
    matrix X = drawn(expected_spectra(20), engine);
    for (std::size_t c = 0; c < channels; ++c)
        X(200, c) = std::nan("");
    for (std::size_t i = 0; i < positions; ++i)
        X(i, 60) = i % 2 == 0 ? 1e9 : std::nan("");
    X(201, 30) = 5000, X(300, 20) = std::nan("");
    auto keep_p = xu::tensor<bool>::from_shape({height, width}),
         keep_c = xu::tensor<bool>::from_shape({channels});
    keep_p.fill(true), keep_c.fill(true);
    keep_p.data()[200] = keep_c.data()[60] = false;
    const auto data = unfold_as<double>(X, layout::row_major, {height, width});
    const auto out = xu::remove_spikes(data.mask_positions(keep_p).mask_channels(keep_c));
    CHECK(places_of(out) == places{{201, 30}});
    for (std::size_t e = 0; e < X.values.size(); ++e)
        if (e != 201 * channels + 30)
            CHECK((out.scan.data()[e] == X.values[e] ||
                   (std::isnan(out.scan.data()[e]) && std::isnan(X.values[e]))));
    CHECK(xu::find_hot_channels(data.mask_positions(keep_p).mask_channels(keep_c)).hot.empty());
}

TEST_CASE("spikes: on a line of positions, and bad input")
{
    xu::random_engine engine(8);
    matrix expected = expected_spectra(20);
    matrix X = drawn(expected, engine);
    X(50, 20) = 1000;
    const auto line = unfold_as<std::uint16_t>(X);
    CHECK(places_of(xu::remove_spikes(line)).count({50, 20}) == 1);
    const auto refused = [&](const xu::spike_rule& rule)
    { return message_of<xu::invalid_argument>([&] { xu::remove_spikes(line, rule); }); };
    CHECK(refused({.threshold = 0}) == "a spike needs a threshold above 0, got 0");
    CHECK(refused({.gain = -1}) == "the gain must be 0 or more data units a count, got -1");
    CHECK(refused({.position_reach = 0}) == "spikes are found among neighbours: both reaches must "
                                            "be at least 1, got 0 and 5");
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::remove_spikes(unfold_as<float>(matrix(2, 9, 1.0))); }) ==
          "spikes are outliers among positions and among channels: at least 3 positions and 2 "
          "channels are needed, got 2 and 9");
}

TEST_CASE("hot channels: all are found, and neither lines nor spots")
{
    for (const double level : {0.02, 1.0, 50.0})
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
        {
            xu::random_engine engine(seed);
            matrix expected = expected_patterns(level), plain = expected;
            std::set<std::size_t> hot;
            while (hot.size() < 6)
                if (const auto c = xu::uniform_below(engine, expected.cols); hot.insert(c).second)
                    for (std::size_t i = 0; i < expected.rows; ++i)
                        expected(i, c) += 4 + 20 * level * (1 + xu::uniform01(engine));
            CAPTURE(level);
            CAPTURE(seed);
            const auto find = [&](const matrix& X)
            {
                return xu::find_hot_channels(unfold_as<std::uint16_t>(
                    drawn(X, engine), layout::row_major, scan_shape, detector_shape));
            };
            const auto found = find(expected);
            CHECK(std::set<std::size_t>(found.hot.begin(), found.hot.end()) == hot);
            for (std::size_t c = 0; c < expected.cols; ++c)
                CHECK(found.keep.data()[c] == (hot.count(c) == 0));
            CHECK(find(plain).hot.empty());
        }
    // A spectrum that all positions have: lines of 1.6 channels and wider stay.
    for (const double fwhm : {1.7, 2.5, 4.0})
        for (const double shift : {0.0, 0.3, 0.5})
        {
            xu::random_engine engine(9);
            matrix X(100, 60);
            for (std::size_t i = 0; i < X.rows; ++i)
                for (std::size_t c = 0; c < X.cols; ++c)
                    X(i, c) =
                        1 +
                        1000 * std::exp(-2.7725887 *
                                        std::pow((static_cast<double>(c) - 30 - shift) / fwhm, 2));
            CAPTURE(fwhm);
            CHECK(xu::find_hot_channels(unfold_as<std::uint16_t>(drawn(X, engine))).hot.empty());
            for (std::size_t i = 0; i < X.rows; ++i)
                X(i, 10) = 9;
            CHECK(xu::find_hot_channels(unfold_as<std::uint16_t>(drawn(X, engine))).hot ==
                  std::vector<std::size_t>{10});
        }
}

TEST_CASE("hot channels: the mask masks, the replacement is the neighbours' median")
{
    xu::random_engine engine(4);
    matrix X = drawn(expected_patterns(20), engine);
    for (std::size_t i = 0; i < X.rows; ++i)
        X(i, 100) = 5000, X(i, 101) = 4000, X(i, 575) = 6000;
    for (const auto how : {layout::row_major, layout::column_major})
    {
        const auto data = unfold_as<std::uint16_t>(X, how, scan_shape, detector_shape);
        const auto found = xu::find_hot_channels(data, {.threads = 2});
        CHECK(found.hot == std::vector<std::size_t>{100, 101, 575});
        CHECK(data.mask_channels(found.keep).shape().channels.kept() == X.cols - 3);
        const auto out = xu::replace_channels(data, found.keep);
        for (std::size_t i = 0; i < X.rows; ++i)
            for (std::size_t c = 0; c < X.cols; ++c)
                if (c != 100 && c != 101 && c != 575)
                    CHECK(static_cast<double>(out.data()[i * X.cols + c]) == X(i, c));
        // The last pixel's kept neighbours are 550, 551 and 574.
        for (std::size_t i = 0; i < X.rows; ++i)
        {
            std::vector<double> near{X(i, 550), X(i, 551), X(i, 574)};
            std::sort(near.begin(), near.end());
            CHECK(static_cast<double>(out.data()[i * X.cols + 575]) == near[1]);
        }
    }
    const auto data = unfold_as<std::uint16_t>(X, layout::row_major, scan_shape, detector_shape);
    const auto refused = [&](const xu::hot_channel_rule& rule)
    { return message_of<xu::invalid_argument>([&] { xu::find_hot_channels(data, rule); }); };
    CHECK(refused({.factor = 0.5}) ==
          "a hot channel needs a factor of at least 1, a threshold above 0, a gain of 0 or more "
          "and a reach of at least 1, got 0.5, 7, 1 and 2");
    CHECK(refused({.share = 2}) ==
          "the share of the positions must be above 0 and at most 1, got 2");
    CHECK_THROWS_AS(xu::replace_channels(data, xu::tensor<bool>::from_shape({24})),
                    xu::invalid_argument);
}
}
