// SPDX-License-Identifier: BSD-3-Clause
// Numbers that somebody else holds, and whether X is read where they lie.
#include <memory>
#include <span>

#include "cases.hpp"

namespace memory_test
{
using namespace cases;
using support::message_of;

TEST_CASE("unfold: a pointer with a shape is the tensor")
{
    const auto scan = numbered<float>({3, 4, 5});
    for (const auto& axes : choices(3))
    {
        const auto u = xu::unfold(scan.data(), {3, 4, 5}, {}, xu::positions(axes));
        CHECK(agrees(u, scan, axes));
        CHECK(u.is_view() == xu::unfold(scan, xu::positions(axes)).is_view());
    }
}

TEST_CASE("unfold: strides that skip and go backwards")
{
    const auto scan = numbered<float>({4, 6, 5});
    const auto every_other = xt::view(scan, xt::all(), xt::range(0, 6, 2), xt::all());
    const xu::tensor<float> wanted = every_other;
    const auto u = xu::unfold(scan.data(), {4, 3, 5}, {30, 10, 1}, xu::positions{0, 1});
    CHECK(u.is_view());
    CHECK(agrees(u, wanted, {0, 1}));
    const xu::tensor<float> flipped = xt::flip(scan, 0);
    const auto back = xu::unfold(scan.data() + 3 * 30, {4, 6, 5}, {-30, 5, 1}, xu::positions{0});
    CHECK_FALSE(back.is_view());
    CHECK(agrees(back, flipped, {0}));
}

TEST_CASE("unfold: the owner of the memory lives as long as X and its copies")
{
    auto owner = std::make_shared<xu::tensor<float>>(numbered<float>({3, 4}));
    const std::weak_ptr<xu::tensor<float>> watch = owner;
    auto u =
        xu::unfold(static_cast<const float*>(owner->data()), {3, 4}, {}, xu::positions{0}, owner);
    owner.reset();
    const auto masked = u.mask_positions(xu::tensor<bool>{true, false, true});
    u = xu::unfold(numbered<float>({3, 4}), xu::positions{0});
    CHECK_FALSE(watch.expired());
    CHECK(masked.is_view());
    CHECK(masked(2, 3) == numbered<float>({3, 4})(2, 3));
}

TEST_CASE("unfold: a span with a shape, which must be its own")
{
    const auto scan = numbered<double>({3, 4});
    const std::span<const double> numbers(scan.data(), scan.size());
    CHECK(agrees(xu::unfold(numbers, {3, 4}, xu::positions{0}), scan, {0}));
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::unfold(numbers, {3, 5}, xu::positions{0});
              }) == "an array of shape (3, 5) has 15 elements; the span holds 12");
}

TEST_CASE("unfold: is_view tells whether numbers were copied")
{
    const auto scan = numbered<std::uint16_t>({3, 4, 5});
    CHECK(xu::unfold(scan, xu::positions{0, 1}).is_view());
    CHECK(xu::unfold(scan, xu::positions{1, 2}).is_view()); // positions last
    CHECK_FALSE(xu::unfold(scan, xu::positions{0, 2}).is_view());
    CHECK(xu::unfold(numbered<float>({3, 4}), xu::positions{0}).is_view());
    CHECK_FALSE(xu::unfold(scan, xu::positions{0, 1}).clipped(3).is_view());
    CHECK_FALSE(xu::unfold(scan, xu::positions{0, 1}).packed().is_view());
    CHECK_FALSE(xu::unfold(scan + scan, xu::positions{0}).is_view());
    CHECK_FALSE(xu::unfold(numbered<bool>({3, 4}), xu::positions{0}).is_view());
}

TEST_CASE("unfold: in_place reads where the tensor lies, or says which axis prevents it")
{
    const auto scan = numbered<float>({3, 4, 5});
    CHECK(xu::unfold(scan, xu::positions{0, 1}, xu::in_place).is_view());
    const std::string remedy = "; unfold it without in_place, which copies, or store the tensor in "
                               "another order of axes";
    CHECK(
        message_of<xu::invalid_argument>(
            [&] {
                xu::unfold(scan, xu::positions{0, 2}, xu::in_place);
            }) ==
        "X cannot be read in place: from position axis 0 to axis 2 the stride is 20 where 5 would "
        "go on, so that another axis lies between them" +
            remedy);
    CHECK(message_of<xu::invalid_argument>([&]
                                           { xu::unfold(scan, xu::positions{1}, xu::in_place); }) ==
          "X cannot be read in place: from channel axis 0 to axis 2 the stride is 20 where 5 would "
          "go on, so that another axis lies between them" +
              remedy);
    const auto skipping = xt::view(scan, xt::all(), xt::all(), xt::range(0, 5, 2));
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::unfold(skipping, xu::positions{0}, xu::in_place); })
              .starts_with("X cannot be read in place: "));
    CHECK(message_of<xu::invalid_argument>(
              [&] { xu::unfold(scan + scan, xu::positions{0}, xu::in_place); })
              .starts_with("X cannot be read in place: what is unfolded is an expression"));
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::unfold(scan.data(), {3, 4, 5}, {}, xu::positions{0, 2}, xu::in_place);
              }) == "X cannot be read in place: from position axis 0 to axis 2 the stride is 20 "
                    "where 5 would go on, so that another axis lies between them" +
                        remedy);
}

TEST_CASE("unfold: bad memory is refused")
{
    const float x = 1;
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::unfold(&x, {1, 1}, {1}, xu::positions{0});
              }) == "unfold needs a stride for each of the 2 axes, or none for C order; got 1");
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  xu::unfold(static_cast<const float*>(nullptr), {1, 1}, {}, xu::positions{0});
              }) == "unfold got a null pointer instead of data");
}
}
