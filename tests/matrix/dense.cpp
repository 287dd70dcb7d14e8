// SPDX-License-Identifier: BSD-3-Clause
// The verbs of the dense data matrix against plain loops in double.
#include <atomic>
#include <thread>

#include <xunmix/matrix/dense.hpp>

#include "stored.hpp"

namespace dense_test
{
using namespace stored;
using support::owned_factor;
using support::to_matrix;
using support::transposed;

namespace
{
/// X with factors of rank k, and the places they know of.
template <class T>
struct problem
{
    using F = xu::factor_value_t<T>;

    problem(const matrix& counts, std::size_t k, const arrangement& arranged)
        : how(arranged)
        , X(visible(counts, how))
        , data(store<T>(counts, how))
        , C(held(support::random_matrix(counts.rows, k, 11, -1, 1), how.masks))
        , S(held(support::random_matrix(counts.cols, k, 12, -1, 1), how.masks))
        , maps(C, data.shape().positions)
        , components(S, data.shape().channels)
    {
        C = to_matrix(maps.view()); // what is left of them in F
        S = to_matrix(components.view());
    }

    arrangement how;
    matrix X;
    xu::dense<T> data;
    matrix C, S;
    owned_factor<F> maps, components;
};

/// A factor of the same size, full of rubbish: every entry must be written.
template <class F>
owned_factor<F> rubbish_like(const owned_factor<F>& f)
{
    return owned_factor<F>(matrix(f.rows, f.rank, rubbish<double>()), f.places);
}

template <class F>
struct products
{
    std::vector<F> XS, XtC, swept;
    double residual = 0;

    bool operator==(const products&) const = default;
};

/// All verbs, with so many threads. The sweep leaves in P what P has, and rubbish in masked rows.
template <class T>
products<xu::factor_value_t<T>> all_products(problem<T>& p, std::size_t threads)
{
    using F = xu::factor_value_t<T>;
    typename xu::dense<T>::workspace work{.threads = threads};
    auto XS = rubbish_like(p.maps), XtC = rubbish_like(p.components);
    p.data.multiply(p.components.view(), XS.ref(), work);
    p.data.multiply_transposed(p.maps.view(), XtC.ref(), work);
    const bool by_row = p.data.sweep_side() == xu::side::maps;
    auto& P = by_row ? p.maps : p.components;
    auto& O = by_row ? p.components : p.maps;
    auto swept = rubbish_like(O);
    const auto visit = [&](std::size_t first, xu::factor_ref<F> block, std::size_t)
    {
        for (std::size_t j = 0; j < block.rank(); ++j)
            for (std::size_t i = 0; i < block.rows(); ++i)
                block(i, j) = block.keeps(i) ? P.view()(first + i, j) : rubbish<F>();
    };
    p.data.sweep(O.view(), visit, swept.ref(), work);
    return {XS.values, XtC.values, swept.values,
            p.data.residual_squared_norm(p.maps.view(), p.components.view(), work)};
}

template <class T>
void check_products(const matrix& counts, std::size_t rank, const arrangement& how)
{
    using F = xu::factor_value_t<T>;
    problem<T> p(counts, rank, how);
    const auto found = all_products(p, 1);
    INFO(counts.rows, " x ", counts.cols, ", rank ", rank, ", arrangement ",
         &how - std::begin(arrangements));
    const auto as_matrix = [&](const std::vector<F>& values, const owned_factor<F>& like)
    {
        owned_factor<F> f = like;
        f.values = values;
        return to_matrix(f.view());
    };
    const bool by_row = p.data.sweep_side() == xu::side::maps;
    if (counts.rows > 1) // a single position is both, without a gap
        CHECK(by_row == (how.order == layout::row_major));
    CHECK(is_product<F>(as_matrix(found.XS, p.maps), p.X, p.S));
    CHECK(is_product<F>(as_matrix(found.XtC, p.components), transposed(p.X), p.C));
    if (by_row)
        CHECK(is_product<F>(as_matrix(found.swept, p.components), transposed(p.X), p.C));
    else
        CHECK(is_product<F>(as_matrix(found.swept, p.maps), p.X, p.S));
    const double exact = support::squared_norm(visible(p.X - p.C * transposed(p.S), how));
    CHECK(found.residual ==
          doctest::Approx(exact).epsilon(40 * double(std::numeric_limits<F>::epsilon())));
    CHECK(p.data.squared_norm() == doctest::Approx(support::squared_norm(p.X)).epsilon(1e-13));
}

constexpr std::size_t ranks[] = {1, 2, 3, 7, 8, 16, 33, 64, 100};
}

TEST_CASE("dense: products of float scans of all shapes, orders and ranks")
{
    for (const auto& how : arrangements)
        for (std::size_t cols : {1U, 2U, 15U, 17U, 33U, 156U})
            for (std::size_t rows : {1U, 2U, 3U, 7U, 8U, 13U, 40U})
                for (std::size_t rank : ranks)
                    check_products<float>(counts(rows, cols, 1), rank, how);
}

TEST_CASE_TEMPLATE("dense: products of every other type", T, bool, std::int8_t, std::uint8_t,
                   std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                   std::uint64_t, double)
{
    for (const auto& how : arrangements)
        for (std::size_t cols : {2U, 17U, 156U})
            for (std::size_t rows : {1U, 9U, 40U})
                for (std::size_t rank : {1U, 3U, 7U, 16U})
                {
                    matrix X = counts(rows, cols, 2);
                    for (double& x : X.values)
                        if constexpr (std::is_same_v<T, bool>)
                            x = x > 45;
                        else if constexpr (std::is_signed_v<T>)
                            x -= 50;
                    check_products<T>(X, rank, how);
                }
}

TEST_CASE_TEMPLATE("dense: products of any number of positions, at low and high ranks", T, float,
                   double, std::uint8_t, std::uint16_t, std::int16_t, std::uint32_t)
{
    for (std::size_t rows = 1; rows <= 40; ++rows)
        for (std::size_t cols : {1U, 15U, 17U, 100U, 250U})
        {
            matrix X = counts(rows, cols, rows);
            for (double& x : X.values)
                x -= std::is_same_v<T, std::int16_t> ? 50 : 0;
            for (std::size_t rank : {4U, 16U, 64U, 100U})
                check_products<T>(X, rank, arrangements[rows % 2 == 0 ? 0 : 3]);
        }
}

TEST_CASE_TEMPLATE("dense: products of larger scans", T, std::uint16_t, float)
{
    for (const auto& how : arrangements)
    {
        check_products<T>(counts(700, 300, 3), 7, how);  // many blocks, several chunks
        check_products<T>(counts(21, 40000, 4), 3, how); // rows longer than a block
        check_products<T>(counts(3000, 5, 5), 2, how);   // more positions than channels
    }
}

TEST_CASE("dense: counts that fill their type")
{
    matrix X(6, 40, 65535);
    check_products<std::uint16_t>(X, 3, {});
    X = matrix(6, 40, -128);
    check_products<std::int8_t>(X, 3, {});
    X = matrix(6, 40, 4294967295.0);
    check_products<std::uint32_t>(X, 3, {});
}

TEST_CASE_TEMPLATE("dense: the same bits for 1, 2 and 3 threads", T, std::uint8_t, float, double)
{
    for (const auto& how : arrangements)
        for (std::size_t rank : {2U, 7U})
        {
            problem<T> p(counts(411, 230, 6), rank, how);
            const auto one = all_products(p, 1);
            CHECK(all_products(p, 2) == one);
            CHECK(all_products(p, 3) == one);
        }
}

TEST_CASE("dense: a sweep visits every row once, in blocks, with its product")
{
    for (const auto& how : arrangements)
        for (std::size_t threads : {1U, 3U})
        {
            problem<float> p(counts(403, 310, 7), 5, how);
            const bool by_row = how.order == layout::row_major;
            const auto& P = by_row ? p.maps : p.components;
            auto& O = by_row ? p.components : p.maps;
            const matrix XO = by_row ? p.X * p.S : transposed(p.X) * p.C;
            std::vector<std::atomic<int>> visits(P.rows);
            std::atomic<bool> right{true};
            const auto visit =
                [&](std::size_t first, xu::factor_ref<float> block, std::size_t worker)
            {
                bool good = worker < threads && block.first_row() == first && block.rank() == 5 &&
                            block.shape().size() == 1 && block.shape()[0] == P.rows;
                for (std::size_t i = 0; i < block.rows(); ++i)
                {
                    ++visits[first + i];
                    good &= block.keeps(i) == P.places.keeps(first + i);
                    for (std::size_t j = 0; j < 5; ++j)
                        good &= block.keeps(i) ? std::abs(block(i, j) - XO(first + i, j)) < 0.05
                                               : block(i, j) == 0.0F;
                }
                if (!good)
                    right = false;
            };
            auto product = rubbish_like(O);
            xu::dense<float>::workspace work{.threads = threads};
            p.data.sweep(O.view(), visit, product.ref(), work);
            CHECK(right);
            for (const auto& count : visits)
                CHECK(count == 1);
            // the visits left the products as they were: X^T X O
            const matrix rows = by_row ? p.X : transposed(p.X);
            CHECK(support::relative_distance(to_matrix(product.view()), transposed(rows) * XO) <
                  1e-5);
        }
}

TEST_CASE("dense: a sweep stops at a visitor's exception")
{
    problem<float> p(counts(403, 310, 7), 5, {});
    for (std::size_t threads : {1U, 3U})
    {
        xu::dense<float>::workspace work{.threads = threads};
        auto product = rubbish_like(p.components);
        CHECK_THROWS_AS(p.data.sweep(
                            p.components.view(),
                            [](std::size_t first, xu::factor_ref<float>, std::size_t)
                            {
                                if (first > 200)
                                    throw std::domain_error("enough");
                            },
                            product.ref(), work),
                        std::domain_error);
    }
}

TEST_CASE_TEMPLATE("dense: weighted residuals", T, std::uint16_t, double)
{
    using F = xu::factor_value_t<T>;
    for (const auto& how : arrangements)
    {
        problem<T> p(counts(150, 130, 8), 4, how);
        xu::entry_weights weights{support::random_matrix(1, 150, 9).values,
                                  support::random_matrix(1, 130, 10).values};
        const matrix rest = visible(p.X - p.C * transposed(p.S), how);
        double wanted = 0;
        for (std::size_t i = 0; i < 150; ++i)
            for (std::size_t c = 0; c < 130; ++c)
                wanted += weights.positions[i] * weights.channels[c] * rest(i, c) * rest(i, c);
        typename xu::dense<T>::workspace work{.threads = 2};
        CHECK(p.data.residual_squared_norm(p.maps.view(), p.components.view(), work, &weights) ==
              doctest::Approx(wanted).epsilon(1e-6));
        const xu::factor_ref<const F> none_c(nullptr, 150, 0, 0), none_s(nullptr, 130, 0, 0);
        CHECK(p.data.residual_squared_norm(none_c, none_s, work) ==
              doctest::Approx(p.data.squared_norm()).epsilon(1e-6));
    }
}

TEST_CASE("dense: one matrix, two threads of the host, a workspace each")
{
    for (const auto& how : {arrangements[1], arrangements[4]})
    {
        problem<std::uint16_t> p(counts(500, 200, 11), 7, how);
        const auto alone = all_products(p, 1);
        std::atomic<int> same{0};
        const auto repeat = [&](std::size_t threads)
        {
            for (int i = 0; i < 20; ++i)
                same += all_products(p, threads) == alone;
        };
        std::thread first(repeat, 1), second(repeat, 2);
        first.join();
        second.join();
        CHECK(same == 40);
    }
}

TEST_CASE("dense: a workspace serves any matrix and rank in turn, without growing again")
{
    problem<float> small(counts(20, 30, 12), 2, {}), large(counts(200, 300, 13), 16, {});
    xu::dense<float>::workspace work{.threads = 2};
    auto big = rubbish_like(large.maps), little = rubbish_like(small.maps),
         again = rubbish_like(large.maps);
    large.data.multiply(large.components.view(), big.ref(), work);
    const float* packed = work.packed.data();
    small.data.multiply(small.components.view(), little.ref(), work);
    large.data.multiply(large.components.view(), again.ref(), work);
    CHECK(work.packed.data() == packed);
    CHECK(again.values == big.values);
    CHECK(is_product<float>(to_matrix(little.view()), small.X, small.S));
}

TEST_CASE("dense: copies read the same data")
{
    problem<float> p(counts(40, 50, 14), 3, arrangements[1]);
    const auto wanted = all_products(p, 1);
    auto copy = std::make_unique<xu::dense<float>>(p.data);
    problem<float> other(counts(4, 5, 15), 3, {});
    p.data = other.data; // the copy alone holds the data now
    std::swap(p.data, *copy);
    CHECK(all_products(p, 1) == wanted);
}
}
