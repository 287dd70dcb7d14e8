// SPDX-License-Identifier: BSD-3-Clause
// The way back: matrices to tensors, factors to images; and X in memory of its own.
#include "cases.hpp"

namespace fold_test
{
using namespace cases;
using support::layout;
using support::matrix;
using support::message_of;
using support::owned_factor;
using support::unfold_as;

TEST_CASE("fold: what was unfolded folds back, for every choice of positions")
{
    for (const auto& shape :
         std::vector<sizes>{{4, 5}, {3, 4, 5}, {4, 1, 3}, {2, 3, 4, 5}, {2, 3, 2, 4, 3}})
    {
        const auto scan = numbered<float>(shape);
        const auto column_major = numbered<float, xt::layout_type::column_major>(shape);
        for (const auto& axes : choices(shape.size()))
            for (std::size_t gap : {0U, 3U})
            {
                const auto u = xu::unfold(scan, xu::positions(axes));
                const std::size_t stride = u.cols() + gap;
                std::vector<float> x(u.rows() * stride, -1);
                for (std::size_t i = 0; i < u.rows(); ++i)
                    for (std::size_t c = 0; c < u.cols(); ++c)
                        x[i * stride + c] = u(i, c);
                const xu::tensor<float> folded = u.fold({x.data(), u.rows(), u.cols(), stride});
                CHECK(folded == scan);
                const auto v = xu::unfold(column_major, xu::positions(axes));
                const xu::tensor<float> packed =
                    v.fold({v.packed().data(), v.rows(), v.cols(), v.cols()});
                CHECK(packed == column_major);
            }
    }
}

TEST_CASE("fold: a matrix of another size")
{
    const auto u = xu::unfold(numbered<float>({3, 4, 5}), xu::positions{0, 1});
    const std::vector<float> x(60);
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  static_cast<void>(u.fold({x.data(), 5, 12, 12}));
              }) == "fold needs a 12 x 5 matrix, one row a position, got 5 x 12");
}

TEST_CASE_TEMPLATE("fold: factors become images, masked places filled", T, float, double)
{
    const matrix F = support::random_matrix(12, 3, 1);
    owned_factor<T> f(F);
    xu::grid places{{3, 4}, {}};
    const xu::tensor<T> whole = xu::fold(f.ref(), places);
    REQUIRE(shape_of(whole) == sizes{3, 3, 4});
    places.keep.assign(12, 1);
    places.keep[2] = places.keep[7] = 0;
    const xu::tensor<T> empty = xu::fold(f.view(), places),
                        marked = xu::fold(f.view(), places, -2.5);
    for (std::size_t j = 0; j < 3; ++j)
        for (std::size_t y = 0; y < 3; ++y)
            for (std::size_t x = 0; x < 4; ++x)
            {
                const std::size_t i = y * 4 + x;
                const bool masked = i == 2 || i == 7;
                CHECK(whole(j, y, x) == f.view()(i, j));
                CHECK(empty(j, y, x) == (masked ? T{0} : f.view()(i, j)));
                CHECK(marked(j, y, x) == (masked ? T{-2.5} : f.view()(i, j)));
            }
    const xu::tensor<T> unknown =
        xu::fold(f.view(), places, std::numeric_limits<double>::quiet_NaN());
    CHECK(std::isnan(unknown(1, 0, 2)));
    CHECK(unknown(1, 0, 1) == f.view()(1, 1));
}

TEST_CASE("fold: a factor of another size")
{
    owned_factor<float> f(support::random_matrix(12, 3, 1));
    CHECK(message_of<xu::invalid_argument>(
              [&] {
                  static_cast<void>(xu::fold(f.view(), xu::grid{{3, 5}, {}}));
              }) == "fold needs a factor with one row a place of (3, 5), got 12 rows");
}

TEST_CASE("unfold: packed() is the same X, row-major, in memory of its own")
{
    const auto scan = numbered<std::uint16_t>({6, 7, 8, 9});
    for (const auto& axes : choices(4))
    {
        const auto u = xu::unfold(scan, xu::positions(axes));
        const auto p = u.packed(2);
        CHECK(agrees(p, scan, axes));
        CHECK(p.is_row_major());
        CHECK(p.row_stride() == p.cols());
        CHECK(p.data() != u.data());
        CHECK(reinterpret_cast<std::uintptr_t>(p.data()) % 64 == 0);
    }
    const auto window = xt::view(scan, xt::all(), xt::all(), xt::all(), xt::range(2, 6));
    const auto p = xu::unfold(window, xu::positions{0, 1, 2}).packed();
    CHECK(agrees(p, window, {0, 1, 2}));
    CHECK(p.row_stride() == 4);
}

TEST_CASE_TEMPLATE("unfold: clipped() raises what is too small, in memory of its own", T,
                   std::int16_t, float)
{
    for (auto how : {layout::row_major, layout::column_major})
    {
        const matrix X = support::counted(support::random_matrix(9, 14, 1, -1, 1), 20);
        const auto u = unfold_as<T>(X, how);
        const auto c = u.clipped(T{-3});
        CHECK(c.is_row_major() == u.is_row_major());
        CHECK(c.data() != u.data());
        for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 14; ++j)
            {
                CHECK(static_cast<double>(c(i, j)) == std::max(X(i, j), -3.0));
                CHECK(static_cast<double>(u(i, j)) == X(i, j)); // the user's data stays
            }
    }
    // rows with gaps between them lose the gaps
    const auto scan = numbered<T>({5, 8});
    const auto window = xt::view(scan, xt::all(), xt::range(1, 4));
    const auto c = xu::unfold(window, xu::positions{0}).clipped(T{50});
    CHECK(c.row_stride() == 3);
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(c(i, j) == std::max(T{50}, scan(i, j + 1)));
}

TEST_CASE("unfold: packed() and clipped() keep the masks, and NaN stays NaN")
{
    auto scan = numbered<float>({3, 4, 5});
    scan(1, 1, 1) = std::numeric_limits<float>::quiet_NaN();
    xu::tensor<bool> keep = xt::ones<bool>({3, 4});
    keep(1, 1) = false;
    const auto u = xu::unfold(scan, xu::positions{0, 1}).mask_positions(keep);
    for (const auto& copy : {u.packed(), u.clipped(0)})
    {
        CHECK(copy.shape().positions.keep == u.shape().positions.keep);
        CHECK(std::isnan(copy(5, 1)));
    }
}
}
