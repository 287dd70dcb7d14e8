// SPDX-License-Identifier: BSD-3-Clause
// Masks, and shapes to mask with.
#include "cases.hpp"

#include <xunmix/unfold/mask.hpp>

namespace mask_test
{
using namespace cases;
using support::message_of;

namespace
{
/// Whether the shape's images are what `on_shape` says of every pixel.
template <class Shape, class Rule>
bool draws(const Shape& shape, const xu::image_extents& extents, Rule&& on_shape)
{
    const xu::tensor<bool> inside = shape.inside(extents), outside = shape.outside(extents);
    bool right = shape_of(inside) == sizes{extents[0], extents[1]} &&
                 shape_of(outside) == sizes{extents[0], extents[1]};
    for (std::size_t y = 0; right && y < extents[0]; ++y)
        for (std::size_t x = 0; x < extents[1]; ++x)
        {
            const bool on = on_shape(static_cast<double>(y), static_cast<double>(x));
            right &= inside(y, x) == on && outside(y, x) == !on;
        }
    return right;
}

std::size_t count(const xu::tensor<bool>& image)
{
    return static_cast<std::size_t>(std::count(image.begin(), image.end(), true));
}
}

TEST_CASE("mask: a disk holds the pixels whose centres are within its radius")
{
    for (double cy : {-3.0, 0.0, 7.0, 9.5, 30.0})
        for (double cx : {0.0, 4.25, 11.0})
            for (double r : {0.0, 0.5, 1.0, 5.0, 7.3, 100.0})
                CHECK(draws(xu::disk{.center = {cy, cx}, .radius = r}, {20, 13},
                            [&](double y, double x) { return std::hypot(y - cy, x - cx) <= r; }));
    // the first coordinate goes along the first axis
    const auto beam = xu::disk{.center = {2, 9}, .radius = 1}.inside({5, 12});
    CHECK(count(beam) == 5);
    for (auto [y, x] : {std::pair{2, 9}, {1, 9}, {3, 9}, {2, 8}, {2, 10}})
        CHECK(beam(y, x));
}

TEST_CASE("mask: an annulus holds both its edges")
{
    for (double inner : {0.0, 2.0, 3.5})
        for (double outer : {3.5, 5.0, 50.0})
            CHECK(draws(xu::annulus{.center = {6, 8}, .inner = inner, .outer = outer}, {14, 17},
                        [&](double y, double x)
                        {
                            const double r = std::hypot(y - 6, x - 8);
                            return inner <= r && r <= outer;
                        }));
    const auto ring = xu::annulus{.center = {3, 3}, .inner = 1, .outer = 2}.inside({7, 7});
    CHECK_FALSE(ring(3, 3));
    CHECK(ring(3, 4));
    CHECK(ring(3, 5));
    CHECK_FALSE(ring(3, 6));
}

TEST_CASE("mask: a rectangle holds its corners")
{
    const xu::rectangle box{.first = {1, 2.5}, .last = {4, 6}};
    CHECK(draws(box, {8, 9},
                [](double y, double x) { return 1 <= y && y <= 4 && 2.5 <= x && x <= 6; }));
    CHECK(count(box.inside({8, 9})) == 4 * 4);
    CHECK(count(xu::rectangle{.first = {3, 3}, .last = {3, 3}}.inside({8, 9})) == 1);
    CHECK(count(xu::rectangle{.first = {-5, -5}, .last = {50, 50}}.inside({8, 9})) == 72);
}

TEST_CASE("mask: shapes that cannot be")
{
    const auto message = [](const auto& shape) {
        return message_of<xu::invalid_argument>([&] { static_cast<void>(shape.inside({4, 4})); });
    };
    CHECK(message(xu::disk{.center = {1, 1}, .radius = -1}) ==
          "a disk's radius must not be negative, got -1");
    CHECK(message(xu::disk{.center = {1, 1}, .radius = std::nan("")}) ==
          "a disk's centre and radius are numbers of pixels, got nan");
    CHECK(message(xu::annulus{.center = {1, 1}, .inner = 3, .outer = 2}) ==
          "an annulus needs 0 <= inner <= outer, got inner 3 and outer 2");
    CHECK(message(xu::annulus{.center = {1, 1}, .inner = -3, .outer = 2}) ==
          "an annulus needs 0 <= inner <= outer, got inner -3 and outer 2");
    CHECK(message(xu::rectangle{.first = {2, 0}, .last = {1, 5}}) ==
          "a rectangle's first corner must not lie beyond its last, got (2, 0) and (1, 5)");
    CHECK(message_of<xu::invalid_argument>(
              [] {
                  static_cast<void>(xu::disk{.radius = -2}.outside({4, 4}));
              }) == "a disk's radius must not be negative, got -2");
}

TEST_CASE("mask: masks add up and copy no data")
{
    const auto scan = numbered<float>({6, 7, 8, 9});
    const auto data = xu::unfold(scan, xu::positions{0, 1});
    const auto off_beam = xu::disk{.center = {4, 4}, .radius = 2}.outside({8, 9});
    const auto in_box = xu::rectangle{.first = {0, 3}, .last = {7, 8}}.inside({8, 9});
    const auto masked = data.mask_channels(off_beam).mask_channels(in_box);
    CHECK(masked.data() == data.data());
    CHECK(data.shape().channels.keep.empty()); // the first is as it was
    CHECK(masked.shape().positions.keep.empty());
    std::size_t kept = 0;
    for (std::size_t v = 0; v < 8; ++v)
        for (std::size_t u = 0; u < 9; ++u)
        {
            const bool both = off_beam(v, u) && in_box(v, u);
            CHECK(masked.shape().channels.keeps(v * 9 + u) == both);
            kept += both;
        }
    CHECK(masked.shape().channels.kept() == kept);
    CHECK(data.shape().channels.kept() == 72);

    xu::tensor<bool> first_row = xt::zeros<bool>({6, 7});
    xt::view(first_row, 0, xt::all()) = true;
    const auto positions = masked.mask_positions(first_row);
    CHECK(positions.shape().positions.kept() == 7);
    CHECK(positions.shape().channels.keep == masked.shape().channels.keep);
    CHECK(positions.shape().of(xu::side::maps).keep == positions.shape().positions.keep);
    CHECK(positions.shape().of(xu::side::components).keep == positions.shape().channels.keep);
}

TEST_CASE("mask: any boolean tensor of the shape, whatever its order in memory")
{
    const auto scan = numbered<float>({4, 5, 6});
    const auto data = xu::unfold(scan, xu::positions{2, 0}); // (6, 4) positions
    const auto image = numbered<float>({6, 4});
    const xu::tensor<bool> rows = image > 30.0F;
    const xt::xarray<bool, xt::layout_type::column_major> columns = rows;
    const xu::tensor<bool> larger = numbered<bool>({8, 4});
    const auto wanted = data.mask_positions(rows).shape().positions.keep;
    for (std::size_t i = 0; i < 24; ++i)
        CHECK(wanted[i] == (image.data()[i] > 30.0F ? 1 : 0));
    CHECK(data.mask_positions(columns).shape().positions.keep == wanted);
    CHECK(data.mask_positions(image > 30.0F).shape().positions.keep == wanted);
    const auto part = data.mask_positions(xt::view(larger, xt::range(2, 8), xt::all()));
    for (std::size_t i = 0; i < 24; ++i)
        CHECK(part.shape().positions.keeps(i) == larger.data()[8 + i]);
}

TEST_CASE("mask: masks of another shape, and masks that leave nothing")
{
    const auto scan = numbered<float>({4, 5, 6, 7});
    const auto data = xu::unfold(scan, xu::positions{0, 1});
    const auto message = [&](const auto& mask)
    { return message_of<xu::invalid_argument>([&] { static_cast<void>(mask()); }); };
    const xu::tensor<bool> turned = xt::ones<bool>({5, 4}), flat = xt::ones<bool>({20}),
                           none = xt::zeros<bool>({4, 5}), left = numbered<bool>({6, 7}),
                           right = !left;
    CHECK(message([&] { return data.mask_positions(turned); }) ==
          "a position mask must have the shape of the positions, (4, 5), got (5, 4)");
    CHECK(message([&] { return data.mask_channels(flat); }) ==
          "a channel mask must have the shape of the channels, (6, 7), got (20)");
    CHECK(message([&] { return data.mask_positions(none); }) ==
          "the position mask masks all 20 positions; a mask is true where the data counts");
    CHECK(message([&] { return data.mask_channels(left).mask_channels(right); }) ==
          "the channel mask masks all 42 channels; a mask is true where the data counts");
}
}
