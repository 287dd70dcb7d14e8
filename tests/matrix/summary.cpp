// SPDX-License-Identifier: BSD-3-Clause
// What one read of X tells, against a plain loop.
#include <bit>

#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/summary.hpp>

#include "stored.hpp"

namespace summary_test
{
using namespace stored;

namespace
{
/// Everything in a summary, element after element in double.
xu::data_summary plain_summary(const matrix& X, const arrangement& how)
{
    const flags rows = mask_of(X.rows, how.masks), cols = mask_of(X.cols, how.masks);
    xu::data_summary out;
    std::vector<int> lit_rows(X.rows), lit_cols(X.cols);
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
        {
            if (!keeps(rows, i) || !keeps(cols, c))
                continue;
            const double x = X(i, c);
            ++out.entries;
            if (!std::isfinite(x) && out.non_finite++ == 0)
                out.first_bad_position = i, out.first_bad_channel = c;
            out.sum += x;
            out.squared_norm += x * x;
            out.minimum = std::min(out.minimum, x);
            out.maximum = std::max(out.maximum, x);
            out.negative += x < 0;
            lit_rows[i] |= x != 0;
            lit_cols[c] |= x != 0;
        }
    for (std::size_t i = 0; i < X.rows; ++i)
        out.dark_positions += keeps(rows, i) && !lit_rows[i];
    for (std::size_t c = 0; c < X.cols; ++c)
        out.dark_channels += keeps(cols, c) && !lit_cols[c];
    return out;
}

void check_same(const xu::data_summary& found, const xu::data_summary& wanted)
{
    CHECK(found.entries == wanted.entries);
    CHECK(found.negative == wanted.negative);
    CHECK(found.non_finite == wanted.non_finite);
    CHECK(found.first_bad_position == wanted.first_bad_position);
    CHECK(found.first_bad_channel == wanted.first_bad_channel);
    CHECK(found.dark_positions == wanted.dark_positions);
    CHECK(found.dark_channels == wanted.dark_channels);
    if (wanted.non_finite > 0)
        return;
    CHECK(found.minimum == wanted.minimum);
    CHECK(found.maximum == wanted.maximum);
    CHECK(found.sum == doctest::Approx(wanted.sum).epsilon(1e-13));
    CHECK(found.squared_norm == doctest::Approx(wanted.squared_norm).epsilon(1e-13));
}

bool same_bits(const xu::data_summary& a, const xu::data_summary& b)
{
    const auto bits = [](double x) { return std::bit_cast<std::uint64_t>(x); };
    return bits(a.squared_norm) == bits(b.squared_norm) && bits(a.sum) == bits(b.sum) &&
           a.minimum == b.minimum && a.maximum == b.maximum && a.negative == b.negative &&
           a.entries == b.entries && a.dark_positions == b.dark_positions &&
           a.dark_channels == b.dark_channels;
}

/// Counts with a dark position and two dark channels, all of them unmasked.
matrix with_dark_places(std::size_t rows, std::size_t cols)
{
    matrix X = counts(rows, cols, rows * 1000 + cols);
    for (std::size_t c = 0; c < cols; ++c)
        X(rows / 3, c) = 0;
    for (std::size_t i = 0; i < rows; ++i)
        X(i, cols / 2) = X(i, cols - 1) = 0;
    return X;
}
}

TEST_CASE_TEMPLATE("summary: what a plain loop finds, for every type", T, bool, std::int8_t,
                   std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                   std::int64_t, std::uint64_t, float, double)
{
    for (const auto& how : arrangements)
        for (std::size_t rows : {1U, 5U, 40U})
            for (std::size_t cols : {1U, 7U, 33U, 156U})
            {
                matrix X = with_dark_places(rows, cols);
                for (double& x : X.values)
                    if constexpr (std::is_same_v<T, bool>)
                        x = x > 45;
                    else if constexpr (std::is_signed_v<T>)
                        x -= x > 0 ? 30 : 0;
                check_same(xu::dense(store<T>(X, how)).summary(), plain_summary(X, how));
            }
}

TEST_CASE("summary: the ends of the integers' ranges")
{
    matrix X(2, 9, 1);
    X(0, 3) = -32768;
    X(1, 8) = 32767;
    check_same(xu::dense(store<std::int16_t>(X, {})).summary(), plain_summary(X, {}));
    X = matrix(2, 9, 4294967295.0);
    check_same(xu::dense(store<std::uint32_t>(X, {})).summary(), plain_summary(X, {}));
}

TEST_CASE("summary: NaN and infinities are counted, the first in position order named")
{
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    for (const auto& how : arrangements)
    {
        matrix X = counts(41, 66, 1);
        check_same(xu::dense(store<float>(X, how)).summary(), plain_summary(X, how));
        X(8, 1) = nan; // unmasked in all arrangements
        X(5, 10) = infinity;
        X(5, 11) = -infinity;
        X(40, 65) = nan;
        X(7, 3) = nan; // masked in some, as is the one before
        const auto found = xu::dense(store<float>(X, how)).summary(),
                   wanted = plain_summary(X, how);
        check_same(found, wanted);
        CHECK(found.first_bad_position == 5);
        CHECK(found.first_bad_channel == 10);
        CHECK(found.non_finite == (how.masks ? 3 : 5));
    }
    // infinities of both signs, whose sum is NaN and whose squares are not
    matrix X(3, 3, 1);
    X(1, 1) = infinity;
    X(2, 2) = -infinity;
    CHECK(xu::dense(store<double>(X, {})).summary().non_finite == 2);
}

TEST_CASE("summary: finite data of any size is not taken for bad")
{
    matrix X(3, 3, 3e38);
    const auto found = xu::dense(store<float>(X, {})).summary();
    CHECK(found.non_finite == 0);
    CHECK(found.squared_norm == doctest::Approx(9 * 9e76).epsilon(1e-6));
    X = matrix(3, 3, 1e200); // its square is beyond double, it is not
    CHECK(xu::dense(store<double>(X, {})).summary().non_finite == 0);
}

TEST_CASE("summary: all dark")
{
    for (const auto& how : arrangements)
    {
        const matrix X(30, 50);
        const auto found = xu::dense(store<std::uint16_t>(X, how)).summary();
        check_same(found, plain_summary(X, how));
        CHECK(found.squared_norm == 0);
    }
}

TEST_CASE_TEMPLATE("summary: the same bits for any number of threads", T, std::uint16_t, float)
{
    const matrix X = support::random_matrix(301, 157, 2, 0, 60000);
    for (const auto& how : arrangements)
    {
        const auto data = store<T>(X, how);
        const auto one = xu::dense(data, 1).summary();
        for (std::size_t threads : {0U, 2U, 3U, 5U})
            CHECK(same_bits(xu::dense(data, threads).summary(), one));
    }
}
}
