// SPDX-License-Identifier: BSD-3-Clause
// What cannot be factorized is refused before any work, with the rule, what was found and a remedy.
#include "../support.hpp"

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/hals.hpp>

namespace bad_input_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(12, 9, 1);

/// The message for such data and arguments. No start is made and no observer called.
template <class E, class T, class... Args>
std::string refusal(const xu::unfolded<T>& x, const xu::options& opt, const Args&... args)
{
    const auto init = [](const auto&, auto, auto, xu::random_engine&, auto&)
    { FAIL("work was begun"); };
    return message_of<E>(
        [&]
        {
            xu::factorize(
                x, opt, xu::hals{}, init, [](const auto&) { FAIL("work was done"); }, args...);
        });
}

std::string option_refusal(const xu::options& opt)
{
    return refusal<xu::invalid_argument>(unfold_as<float>(X), opt);
}

xu::tensor<bool> first_places(std::size_t kept, std::size_t count)
{
    auto keep = xu::tensor<bool>::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        keep(i) = i < kept;
    return keep;
}

/// hals for which ridge is one constraint too many.
struct without_ridge : xu::hals
{
    template <class M, class T>
    static constexpr xu::pairing pairing_with()
    {
        return std::is_same_v<M, xu::ridge> ? xu::pairing::unsupported
                                            : xu::hals::pairing_with<M, T>();
    }
};
}

TEST_CASE("bad input: the rank")
{
    const std::string rule = "the rank must be at least 1 and at most the smaller of positions and "
                             "channels, ";
    CHECK(option_refusal({}) == rule + "min(12, 9) unmasked; got 0");
    CHECK(option_refusal({.rank = 10, .threads = 1}) == rule + "min(12, 9) unmasked; got 10");
    CHECK(refusal<xu::invalid_argument>(unfold_as<float>(X).mask_positions(first_places(3, 12)),
                                        {.rank = 4, .threads = 1}) ==
          rule + "min(3, 9) unmasked; got 4");
    CHECK(refusal<xu::invalid_argument>(unfold_as<float>(X).mask_channels(first_places(2, 9)),
                                        {.rank = 3, .threads = 1}) ==
          rule + "min(12, 2) unmasked; got 3");
}

TEST_CASE("bad input: tolerance")
{
    const std::string rule = "the tolerance must be zero (never stop on it) or positive, got ";
    CHECK(option_refusal({.rank = 2, .tolerance = -1e-3, .threads = 1}) == rule + "-0.001");
    CHECK(option_refusal({.rank = 2, .tolerance = std::nan(""), .threads = 1}) == rule + "nan");
    CHECK(option_refusal(
              {.rank = 2, .tolerance = std::numeric_limits<double>::infinity(), .threads = 1}) ==
          rule + "inf");
}

TEST_CASE_TEMPLATE("bad input: NaN and infinity outside masks", T, float, double)
{
    matrix bad = X;
    bad(3, 5) = std::nan("");
    bad(7, 1) = std::numeric_limits<double>::infinity();
    bad(3, 6) = -std::numeric_limits<double>::infinity();
    for (const layout how : {layout::row_major, layout::column_major})
    {
        const auto x = unfold_as<T>(bad, how);
        CHECK(
            refusal<xu::invalid_data>(x, {.rank = 2, .threads = 1}) ==
            "X must be finite: it holds 3 NaN or infinite values, the first at position 3, channel "
            "5; replace or mask them");
        auto keep = xu::tensor<bool>::from_shape({12});
        keep.fill(true);
        keep(3) = false;
        CHECK(
            refusal<xu::invalid_data>(x.mask_positions(keep), {.rank = 2, .threads = 1}) ==
            "X must be finite: it holds 1 NaN or infinite values, the first at position 7, channel "
            "1; replace or mask them");
        keep(7) = false;
        CHECK_NOTHROW(xu::factorize(x.mask_positions(keep), {.rank = 2, .threads = 1}, xu::hals{}));
    }
}

TEST_CASE("bad input: nothing but zeros")
{
    const std::string rule =
        "X is zero at all unmasked places: there is nothing to factorize; look "
        "at the file, the choice of positions and the masks";
    CHECK(refusal<xu::invalid_data>(unfold_as<std::uint16_t>(matrix(12, 9)),
                                    {.rank = 2, .threads = 1}) == rule);
    matrix one(12, 9);
    one(11, 8) = 1;
    CHECK(refusal<xu::invalid_data>(unfold_as<double>(one).mask_positions(first_places(11, 12)),
                                    {.rank = 2, .threads = 1}) == rule);
    CHECK_NOTHROW(xu::factorize(unfold_as<double>(one), {.rank = 2, .threads = 1}, xu::hals{}));
}

TEST_CASE("bad input: values outside the range of the factors' arithmetic")
{
    matrix tiny(12, 9, 0), huge(12, 9, 0);
    tiny(0, 0) = 1e-20;
    huge(0, 0) = 1e20;
    CHECK(refusal<xu::invalid_data>(unfold_as<float>(tiny), {.rank = 2, .threads = 1}) ==
          "X is out of the range in which 4-byte factors can be computed: its values go from 0 to "
          "1e-20, and |X|^2 is 1e-40; scale it to values near 1, or unfold it as double");
    CHECK(refusal<xu::invalid_data>(unfold_as<float>(huge), {.rank = 2, .threads = 1}) ==
          "X is out of the range in which 4-byte factors can be computed: its values go from 0 to "
          "1e+20, and |X|^2 is 1e+40; scale it to values near 1, or unfold it as double");
    CHECK_NOTHROW(xu::factorize(unfold_as<double>(tiny), {.rank = 2, .threads = 1}, xu::hals{}));
    CHECK_NOTHROW(xu::factorize(unfold_as<double>(huge), {.rank = 2, .threads = 1}, xu::hals{}));
    huge(0, 0) = 1e160;
    CHECK_THROWS_AS(xu::factorize(unfold_as<double>(huge), {.rank = 2, .threads = 1}, xu::hals{}),
                    xu::invalid_data);
}

TEST_CASE("bad input: a constraint's own options")
{
    const auto x = unfold_as<float>(X);
    CHECK(refusal<xu::invalid_argument>(x, {.rank = 2, .threads = 1},
                                        xu::on_maps(xu::sparse{.weight = -1})) ==
          "sparse needs a weight that is not negative and finite, got -1");
    CHECK(
        refusal<xu::invalid_argument>(x, {.rank = 2, .threads = 1},
                                      xu::on_components(xu::any_constraint({"bounded:1:0"}))) ==
        "bounded needs lower <= upper and a finite number between them, got 1 and 0; leave a side "
        "open with lower = -infinity or upper = infinity");
    CHECK(refusal<xu::invalid_argument>(x, {.rank = 2, .threads = 1},
                                        xu::on_maps(xu::fixed(to_tensor(matrix(9, 1, 1))))) ==
          "fixed needs values of shape (c, 12) with 1 <= c <= 2, got (1, 9)");
}

TEST_CASE("bad input: constraints that pull at one scale")
{
    const auto x = unfold_as<float>(X);
    const std::string rule =
        "a constraint that moves one factor's scale to the other, as unit_norm does, cannot go "
        "with "
        "one that holds the scale of either (bounded, sum_to_one, fixed, another unit_norm); leave "
        "one out";
    const auto tried =
        [&](const std::vector<std::string>& maps, const std::vector<std::string>& components)
    {
        return message_of<xu::invalid_argument>(
            [&]
            {
                xu::factorize(x, {.rank = 2, .max_iterations = 2, .threads = 1}, xu::hals{},
                              xu::on_maps(xu::any_constraint(maps)),
                              xu::on_components(xu::any_constraint(components)));
            });
    };
    CHECK(tried({"sum_to_one"}, {"unit_norm"}) == rule);
    CHECK(tried({"unit_norm"}, {"non_negative", "bounded:0:1"}) == rule);
    CHECK(tried({"unit_norm"}, {"unit_norm"}) == rule);
    CHECK(tried({}, {"unit_norm:1", "unit_norm:2"}) == rule);
    CHECK(tried({}, {"sum_to_one", "unit_norm"}) == rule);
    CHECK(tried({"non_negative", "sparse:1"}, {"non_negative", "unit_norm"}) == "no exception");
    CHECK(tried({"sum_to_one"}, {"bounded:0:1"}) == "no exception");
    CHECK(refusal<xu::invalid_argument>(x, {.rank = 2, .threads = 1}, xu::on_maps(xu::unit_norm{}),
                                        xu::on_components(xu::fixed(to_tensor(matrix(9, 1, 1))))) ==
          rule);
}

TEST_CASE("bad input: a constraint chosen at run time that the update cannot use")
{
    CHECK(message_of<xu::invalid_argument>(
              []
              {
                  xu::factorize(unfold_as<float>(X), {.rank = 2, .threads = 1}, without_ridge{},
                                xu::on_components(xu::any_constraint({"ridge:1"})));
              }) == "the constraint on the components has no hook this update can use; see the "
                    "table in include/xunmix/contract/README.md");
}
}
