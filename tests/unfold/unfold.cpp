// SPDX-License-Identifier: BSD-3-Clause
// Tensors of any rank, order and type as X.
#include <array>

#include "cases.hpp"

namespace unfold_test
{
using namespace cases;
using support::message_of;

TEST_CASE("unfold: every choice of positions of row-major tensors of 2 to 5 axes")
{
    for (const auto& shape : std::vector<sizes>{{4, 5}, {3, 4, 5}, {2, 3, 4, 5}, {2, 3, 2, 4, 3}})
    {
        const auto scan = numbered<float>(shape);
        const std::size_t rank = shape.size();
        // positions first or last, in order: k of the axes from either end
        CHECK(check_every_choice(scan) == 2 * (rank - 1));
    }
}

TEST_CASE("unfold: every choice of positions of column-major tensors of 2 to 5 axes")
{
    for (const auto& shape : std::vector<sizes>{{4, 5}, {3, 4, 5}, {2, 3, 4, 5}, {2, 3, 2, 4, 3}})
        // one channel axis, the first or the last, and the position axes backwards
        CHECK(check_every_choice(numbered<std::uint16_t, xt::layout_type::column_major>(shape)) ==
              2);
}

TEST_CASE("unfold: axes of extent 1 anywhere")
{
    for (const auto& shape : std::vector<sizes>{{1, 5},
                                                {5, 1},
                                                {1, 1},
                                                {1, 4, 5},
                                                {4, 1, 5},
                                                {4, 5, 1},
                                                {1, 5, 1, 3},
                                                {2, 1, 3, 1, 2}})
    {
        CHECK(check_every_choice(numbered<double>(shape)) > 0);
        check_every_choice(numbered<double, xt::layout_type::column_major>(shape));
    }
}

TEST_CASE_TEMPLATE("unfold: every arithmetic type", T, std::int8_t, std::uint8_t, std::int16_t,
                   std::uint16_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float,
                   double)
{
    const auto scan = numbered<T>({3, 4, 5});
    static_assert(std::is_same_v<decltype(xu::unfold(scan, xu::positions{0})), xu::unfolded<T>>);
    CHECK(check_every_choice(scan) == 4);
}

TEST_CASE("unfold: booleans become bytes")
{
    const auto scan = numbered<bool>({3, 4, 5});
    for (const auto& axes : choices(3))
    {
        const xu::unfolded<std::uint8_t> u = xu::unfold(scan, xu::positions(axes));
        CHECK(agrees(u, scan, axes));
    }
}

TEST_CASE("unfold: other containers")
{
    xt::xtensor<float, 3, xt::layout_type::row_major> ranked({3, 4, 5});
    number(ranked);
    CHECK(check_every_choice(ranked) == 4);

    xt::xtensor_fixed<std::int16_t, xt::xshape<3, 4, 5>, xt::layout_type::row_major> fixed;
    number(fixed);
    CHECK(check_every_choice(fixed) == 4);

    std::vector<double> memory(60);
    const auto adapted = xt::adapt(memory, sizes{3, 4, 5});
    std::iota(memory.begin(), memory.end(), 0.0);
    CHECK(check_every_choice(adapted) == 4);

    // somebody else's memory, rows 7 numbers apart
    std::vector<float> padded(3 * 4 * 7);
    std::iota(padded.begin(), padded.end(), 0.0F);
    const auto rows = xt::adapt(padded.data(), 3 * 4 * 5, xt::no_ownership(), sizes{3, 4, 5},
                                std::vector<std::ptrdiff_t>{28, 7, 1});
    CHECK(check_every_choice(rows) == 2); // (0, 1) as rows, as columns (2): one stride each
    const auto u = xu::unfold(rows, xu::positions{0, 1});
    CHECK(u.data() == padded.data());
    CHECK(u.row_stride() == 7);
    CHECK(u.cols() == 5);

    // windows that overlap are no rows of a matrix
    const auto windows = xt::adapt(padded.data(), 6 * 4, xt::no_ownership(), sizes{6, 4},
                                   std::vector<std::ptrdiff_t>{2, 1});
    CHECK(check_every_choice(windows) == 0);

    xt::xarray<float, xt::layout_type::dynamic> dynamic(sizes{3, 4}, xt::layout_type::column_major);
    number(dynamic);
    CHECK(check_every_choice(dynamic) == 2);
}

TEST_CASE("unfold: strided views, in place where they allow it")
{
    const auto scan = numbered<float>({6, 7, 8, 9});
    using xt::all, xt::range;
    const auto crop = xt::view(scan, range(1, 5), all(), all(), all());
    CHECK(check_every_choice(crop) == 6); // still contiguous
    const auto window = xt::view(scan, all(), all(), all(), range(2, 6));
    CHECK(check_every_choice(window) > 0);
    const auto u = xu::unfold(window, xu::positions{0, 1, 2});
    CHECK(u.data() == &scan(0, 0, 0, 2));
    CHECK(u.row_stride() == 9);
    CHECK(u.cols() == 4);

    const auto every_other = xt::view(scan, range(0, 6, 2), all(), all(), all());
    CHECK(xu::unfold(every_other, xu::positions{0}).row_stride() == 2 * 7 * 8 * 9);
    check_every_choice(every_other);
    check_every_choice(xt::view(scan, all(), range(1, 7, 3), 4, range(0, 9, 2)));
    check_every_choice(xt::view(scan, 2, all(), xt::newaxis(), all(), 3));
    check_every_choice(xt::view(scan, 2, 3));
    check_every_choice(xt::strided_view(scan, {range(1, 5), all(), 2, range(0, 9, 4)}));
    check_every_choice(xt::transpose(scan, {2, 0, 3, 1}));
    check_every_choice(xt::transpose(scan));
}

TEST_CASE("unfold: views that run backwards are copied")
{
    const auto scan = numbered<std::uint16_t>({5, 6, 7});
    using xt::all, xt::range, xt::placeholders::_;
    check_every_choice(xt::view(scan, all(), all(), range(_, _, -1)));
    check_every_choice(xt::view(scan, range(_, _, -1), all(), all()));
    check_every_choice(xt::view(scan, range(4, 0, -2), range(_, _, -1), range(_, _, -1)));
    check_every_choice(xt::strided_view(scan, {range(_, _, -1), all(), range(_, _, -3)}));
}

TEST_CASE("unfold: a temporary is moved in and owned")
{
    auto scan = numbered<float>({3, 4, 5});
    const auto copy = scan;
    const float* memory = scan.data();
    auto u = xu::unfold(std::move(scan), xu::positions{0, 1});
    CHECK(u.data() == memory);
    const auto shared = u; // a copy holds on to the same memory
    u = xu::unfold(numbered<float>({2, 2}), xu::positions{0});
    CHECK(agrees(shared, copy, {0, 1}));
    CHECK(agrees(u, numbered<float>({2, 2}), {0}));

    const auto permuted = xu::unfold(numbered<float>({3, 4, 5}), xu::positions{1});
    CHECK(agrees(permuted, copy, {1}));
    const auto backwards = xu::unfold(numbered<float>({3, 4, 5}), xu::positions{1, 2});
    CHECK_FALSE(backwards.is_row_major());
    CHECK(agrees(backwards, copy, {1, 2}));

    // a temporary view: of a tensor that stays
    const auto window =
        xu::unfold(xt::view(copy, xt::all(), xt::all(), xt::range(1, 3)), xu::positions{0, 1});
    CHECK(window.data() == &copy(0, 0, 1));
    CHECK(window(7, 1) == copy(1, 3, 2));
}

TEST_CASE("unfold: a lazy expression is evaluated once and owned")
{
    const auto a = numbered<float>({3, 4, 5}), b = numbered<float>({3, 4, 5});
    const xu::tensor<float> sum = a + 2 * b, cut = xt::view(sum, xt::all(), xt::range(1, 3));
    CHECK(agrees(xu::unfold(a + 2 * b, xu::positions{0, 1}), sum, {0, 1}));
    CHECK(agrees(xu::unfold(a + 2 * b, xu::positions{2, 0}), sum, {2, 0}));
    CHECK(agrees(xu::unfold(xt::view(a + 2 * b, xt::all(), xt::range(1, 3)), xu::positions{2}), cut,
                 {2}));
    CHECK(agrees(xu::unfold(xt::transpose(a), xu::positions{1}),
                 xu::tensor<float>(xt::transpose(a)), {1}));
    const auto named = a + 2 * b;
    CHECK(agrees(xu::unfold(named, xu::positions{1}), sum, {1}));

    const xu::unfolded<double> widened = xu::unfold(xt::cast<double>(a), xu::positions{0});
    CHECK(agrees(widened, a, {0}));
    const xu::unfolded<std::uint8_t> above = xu::unfold(a > 60.0F, xu::positions{0});
    CHECK(agrees(above, xu::tensor<bool>(a > 60.0F), {0}));
    // chosen rows have no stride
    const auto some = xt::view(a, xt::keep(0, 2, 1), xt::all(), xt::all());
    CHECK(agrees(xu::unfold(some, xu::positions{0, 1}), xu::tensor<float>(some), {0, 1}));
}

TEST_CASE("unfold: a tensor of one position and one channel")
{
    const auto scan = numbered<float>({1, 1});
    const auto u = xu::unfold(scan, xu::positions{1});
    CHECK(u.data() == scan.data());
    CHECK(u.rows() == 1);
    CHECK(u.cols() == 1);
    CHECK(u.is_row_major());
}

TEST_CASE("unfold: positions from a list made at run time")
{
    const auto scan = numbered<float>({3, 4, 5});
    const sizes axes{1, 0};
    CHECK(agrees(xu::unfold(scan, xu::positions(axes)), scan, {1, 0}));
    CHECK(agrees(xu::unfold(scan, xu::positions{2}), scan, {2})); // mode-2 unfolding
}

TEST_CASE("unfold: axes that cannot be")
{
    const auto scan = numbered<float>({3, 4, 5});
    const auto message = [](const auto& e, const sizes& axes)
    {
        return message_of<xu::invalid_argument>(
            [&] { static_cast<void>(xu::unfold(e, xu::positions(axes))); });
    };
    CHECK(message(scan, {3}) ==
          "position axis 3 is out of range: the tensor (3, 4, 5) has axes 0 to 2");
    CHECK(message(scan, {1, 1}) == "position axis 1 is named twice in (1, 1)");
    CHECK(message(scan, {}) == "of the 3 axes at least one must be a position and one a channel, "
                               "got 0 position axes ()");
    CHECK(message(scan, {0, 1, 2}) == "of the 3 axes at least one must be a position and one a "
                                      "channel, got 3 position axes (0, 1, 2)");
    CHECK(message(scan, {0, 1, 2, 3}) == "of the 3 axes at least one must be a position and one a "
                                         "channel, got 4 position axes (0, 1, 2, 3)");
    CHECK(message(numbered<float>({3}), {0}) ==
          "unfolding needs a tensor of at least 2 axes, got 1; a scan has axes of positions and "
          "axes of channels");
    CHECK(message(xt::xarray<float>(3.0F), {0}) ==
          "unfolding needs a tensor of at least 2 axes, got 0; a scan has axes of positions and "
          "axes of channels");
    CHECK(message(numbered<float>({3, 0, 5}), {0}) ==
          "axis 1 of the tensor (3, 0, 5) is empty; every axis needs at least one element");
    CHECK(message(numbered<bool>({0, 5}), {1}) ==
          "axis 0 of the tensor (0, 5) is empty; every axis needs at least one element");
}
}
