// SPDX-License-Identifier: BSD-3-Clause
// Registers, panels, and the products of a few rows with a narrow factor, against plain loops in
// double.
#include "../support.hpp"

#include <xunmix/matrix/kernels.hpp>
#include <xunmix/matrix/residual.hpp>
#include <xunmix/matrix/summary.hpp>

namespace kernels_test
{
using namespace support;
namespace kernels = xu::kernels;

namespace
{
constexpr std::size_t columns_tried[] = {1, 2, 15, 16, 17, 33, 64, 156};
constexpr std::size_t ranks_tried[] = {1, 2, 3, 7, 8, 16, 33};

/// Rows of one type, as far apart as `stride` says, holding the values of a matrix.
template <class T>
struct stored_rows
{
    stored_rows(const matrix& from, std::size_t stride)
        : memory(from.rows * stride)
    {
        for (std::size_t i = 0; i < from.rows; ++i)
        {
            for (std::size_t c = 0; c < from.cols; ++c)
                memory[i * stride + c] = static_cast<T>(from(i, c));
            rows.push_back(memory.data() + i * stride);
        }
    }
    std::vector<T> memory;
    std::vector<const T*> rows;
};

/// A mask that hides every third column and a whole stretch of 20.
std::vector<std::uint8_t> some_mask(std::size_t columns)
{
    std::vector<std::uint8_t> keep(columns, 1);
    for (std::size_t c = 0; c < columns; ++c)
        keep[c] = c % 3 == 1 || (c >= 40 && c < 60) ? 0 : 1;
    return keep;
}

matrix masked(matrix X, const std::vector<std::uint8_t>& keep)
{
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < X.cols; ++c)
            if (!keep.empty() && !keep[c])
                X(i, c) = 0;
    return X;
}

/// Whole numbers that every type holds exactly, and float sums of products of too.
matrix small_numbers(std::size_t rows, std::size_t cols, std::uint64_t seed)
{
    return counted(random_matrix(rows, cols, seed), 9);
}

template <class F>
std::vector<F> packed(const matrix& factor, std::size_t panels)
{
    owned_factor<F> f(factor);
    std::vector<F> out(panels * xu::simd::lanes<F> * factor.cols, F{77});
    kernels::pack<F>(f.view(), panels, out.data());
    return out;
}

template <class F>
matrix unpacked(const std::vector<F>& from, std::size_t rows, std::size_t rank, std::size_t panels)
{
    matrix out(rows, rank);
    for (std::size_t p = 0; p < panels; ++p)
        kernels::for_each_pack<F>(rank, p, panels,
                                  [&](std::size_t j, std::size_t at)
                                  {
                                      constexpr std::size_t L = xu::simd::lanes<F>;
                                      for (std::size_t l = 0; l < L && p * L + l < rows; ++l)
                                          out(p * L + l, j) = static_cast<double>(from[at + l]);
                                  });
    return out;
}
}

TEST_CASE_TEMPLATE("kernels: a register holds any type's numbers as float", T, bool, std::int8_t,
                   std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, float)
{
    using pack = xu::simd::pack<float>;
    constexpr std::size_t L = xu::simd::lanes<float>;
    T numbers[L + 1] = {};
    float out[L];
    for (std::size_t l = 0; l < L; ++l)
        numbers[l + 1] = static_cast<T>(std::numeric_limits<T>::max() - static_cast<T>(l % 2));
    numbers[2] = std::numeric_limits<T>::lowest();
    pack::load(numbers + 1).store(out); // not aligned
    for (std::size_t l = 0; l < L; ++l)
        CHECK(out[l] == static_cast<float>(numbers[l + 1]));
}

TEST_CASE_TEMPLATE("kernels: a register holds any type's numbers as double", T, std::int64_t,
                   std::uint64_t, double)
{
    constexpr std::size_t L = xu::simd::lanes<double>;
    T numbers[L];
    double out[L];
    for (std::size_t l = 0; l < L; ++l)
        numbers[l] = static_cast<T>((std::uint64_t{1} << 50) + l);
    numbers[0] = std::numeric_limits<T>::max();
    xu::simd::pack<double>::load(numbers).store(out);
    for (std::size_t l = 0; l < L; ++l)
        CHECK(out[l] == static_cast<double>(numbers[l]));
}

TEST_CASE_TEMPLATE("kernels: register arithmetic", F, float, double)
{
    using pack = xu::simd::pack<F>;
    constexpr std::size_t L = xu::simd::lanes<F>;
    F numbers[L], out[L];
    F sum = 0;
    for (std::size_t l = 0; l < L; ++l)
        sum += numbers[l] = static_cast<F>(l + 1);
    const auto x = pack::load(numbers);
    CHECK(x.sum() == sum);
    CHECK(pack::zero().sum() == F{0});
    CHECK(pack::broadcast(F{3}).sum() == F{3} * L);
    auto y = pack::broadcast(F{2});
    y.add_product(x, pack::broadcast(F{10}));
    y.store(out);
    for (std::size_t l = 0; l < L; ++l)
        CHECK(out[l] == 2 + 10 * numbers[l]);
    (x * x).store(out);
    for (std::size_t l = 0; l < L; ++l)
        CHECK(out[l] == numbers[l] * numbers[l]);
}

TEST_CASE("kernels: tiles share the columns out evenly")
{
    for (std::size_t rank = 1; rank <= 100; ++rank)
    {
        const kernels::tiling t{rank};
        std::size_t next = 0, widest = 0, narrowest = rank;
        for (std::size_t tile = 0; tile < t.tiles(); ++tile)
        {
            CHECK(t.first(tile) == next);
            next += t.width(tile);
            widest = std::max(widest, t.width(tile));
            narrowest = std::min(narrowest, t.width(tile));
        }
        CHECK(next == rank);
        CHECK(widest <= kernels::widest_tile);
        CHECK(widest - narrowest <= 1);
    }
}

TEST_CASE_TEMPLATE("kernels: a packed factor comes back, padded with zeros", F, float, double)
{
    constexpr std::size_t L = xu::simd::lanes<F>;
    for (std::size_t rows : columns_tried)
        for (std::size_t rank : ranks_tried)
        {
            const std::size_t panels = (rows + L - 1) / L;
            const matrix factor = small_numbers(rows, rank, rows + rank);
            const auto data = packed<F>(factor, panels);
            CHECK(unpacked(data, rows, rank, panels).values == factor.values);
            double total = 0;
            for (F x : data)
                total += static_cast<double>(x);
            CHECK(total ==
                  std::accumulate(factor.values.begin(), factor.values.end(), 0.0)); // padding
        }
}

TEST_CASE("kernels: the plan reads every unmasked column once and no other")
{
    constexpr std::size_t L = xu::simd::lanes<float>;
    for (std::size_t columns : columns_tried)
        for (const auto& keep :
             {std::vector<std::uint8_t>{}, some_mask(columns), std::vector<std::uint8_t>(columns)})
        {
            const kernels::panel_plan<float> plan(columns, keep);
            std::vector<int> reads(columns);
            for (const auto& run : plan.runs())
                for (std::size_t p = run.first; p < run.last; ++p)
                    for (std::size_t c = p * L; c < std::min(columns, (p + 1) * L); ++c)
                    {
                        if (!run.partial)
                            CHECK((p + 1) * L <= columns);
                        reads[c] += !run.partial || keep.empty() || keep[c] != 0;
                    }
            for (std::size_t c = 0; c < columns; ++c)
                CHECK(reads[c] == (keep.empty() || keep[c] ? 1 : 0));
        }
}

TEST_CASE_TEMPLATE("kernels: products of rows with a packed factor", T, std::uint8_t, std::int16_t,
                   float, double)
{
    using F = xu::factor_value_t<T>;
    for (std::size_t columns : columns_tried)
        for (std::size_t rank : ranks_tried)
            for (std::size_t count : {1U, 3U, 4U, 6U, 9U})
                for (bool hides : {false, true})
                {
                    const auto keep = hides ? some_mask(columns) : std::vector<std::uint8_t>{};
                    const matrix X = small_numbers(count, columns, 1);
                    const matrix S = small_numbers(columns, rank, 2),
                                 C = small_numbers(count, rank, 3);
                    const matrix counts = masked(X, keep);
                    const stored_rows<T> rows(X, columns + 3);
                    const kernels::panel_plan<F> plan(columns, keep);
                    const auto s = packed<F>(S, plan.panels());

                    std::vector<F> out(count * rank);
                    std::vector<xu::simd::pack<F>> scratch(count * rank);
                    const kernels::row_block<T> block{rows.rows.data(), count};
                    kernels::dot_rows<T, F>(block, plan, s.data(), rank, out.data(), count,
                                            scratch.data());
                    const matrix XS = counts * S;
                    bool same = true;
                    for (std::size_t i = 0; i < count; ++i)
                        for (std::size_t j = 0; j < rank; ++j)
                            same &= static_cast<double>(out[j * count + i]) == XS(i, j);
                    CHECK(same);

                    std::vector<F> c(C.values.begin(), C.values.end()), sums(s.size(), F{0});
                    for (int twice = 0; twice < 2; ++twice)
                        kernels::accumulate_rows<T, F>(block, plan, c.data(), rank, sums.data(),
                                                       rank % 2 == 0);
                    matrix XtC = transposed(counts) * C;
                    for (double& x : XtC.values)
                        x *= 2;
                    CHECK(unpacked(sums, columns, rank, plan.panels()).values == XtC.values);
                }
}

/// [first, last) of what is not masked.
std::vector<std::pair<std::size_t, std::size_t>> ranges_of(std::size_t columns,
                                                           const std::vector<std::uint8_t>& keep)
{
    xu::grid places;
    places.shape = {columns};
    places.keep = keep;
    return xu::detail::kept_ranges(places);
}

TEST_CASE_TEMPLATE("kernels: weighted residuals of rows", T, std::uint16_t, std::int8_t, float,
                   double)
{
    using F = xu::factor_value_t<T>;
    for (std::size_t columns : columns_tried)
        for (std::size_t rank : {0U, 1U, 7U, 16U})
            for (bool hides : {false, true})
                for (bool weighs : {false, true})
                {
                    const std::size_t count = 6;
                    const auto keep = hides ? some_mask(columns) : std::vector<std::uint8_t>{};
                    const auto ranges = ranges_of(columns, keep);
                    const matrix X = small_numbers(count, columns, 4),
                                 S = random_matrix(columns, rank, 5),
                                 C = random_matrix(count, rank, 6);
                    const matrix v = random_matrix(1, columns, 7);
                    const stored_rows<T> rows(X, columns);
                    owned_factor<F> s(S);
                    double out[6];
                    kernels::residual_rows<T, F>(rows.rows.data(), count, ranges, s.view(),
                                                 C.values.data(),
                                                 weighs ? v.values.data() : nullptr, out);
                    const matrix rest = masked(X - C * transposed(to_matrix(s.view())), keep);
                    for (std::size_t i = 0; i < count; ++i)
                    {
                        double wanted = 0;
                        for (std::size_t col = 0; col < columns; ++col)
                            wanted += (weighs ? v(0, col) : 1) * rest(i, col) * rest(i, col);
                        CHECK(out[i] == doctest::Approx(wanted).epsilon(1e-12));
                    }
                }
}

TEST_CASE("kernels: a residual of one beside elements of a million has all its digits")
{
    const std::size_t columns = 37;
    std::vector<float> row(columns, 1.0F), s(columns, 1.0F);
    row[5] = s[5] = 1e6F;
    const double c = 1 + 1e-7;
    const float* rows[] = {row.data()};
    double out = 0;
    kernels::residual_rows<float, float>(rows, 1, ranges_of(columns, {}),
                                         xu::factor_ref<const float>(s.data(), columns, 1, columns),
                                         &c, nullptr, &out);
    CHECK(out == doctest::Approx((1e12 + 36) * 1e-14).epsilon(1e-6));
}

TEST_CASE("kernels: what lies under a mask is not read, be it NaN")
{
    const std::size_t columns = 70, rank = 3;
    const auto keep = some_mask(columns);
    matrix X = small_numbers(5, columns, 8);
    const matrix S = masked(transposed(small_numbers(columns, rank, 9)), keep),
                 C = small_numbers(5, rank, 10);
    const matrix hidden = masked(X, keep);
    for (std::size_t i = 0; i < X.rows; ++i)
        for (std::size_t c = 0; c < columns; ++c)
            if (!keep[c])
                X(i, c) = c % 2 ? std::numeric_limits<double>::quiet_NaN()
                                : std::numeric_limits<double>::infinity();
    const stored_rows<float> rows(X, columns);
    const kernels::panel_plan<float> plan(columns, keep);
    const auto s = packed<float>(transposed(S), plan.panels());
    const std::vector<float> c(C.values.begin(), C.values.end());
    std::vector<float> out(5 * rank), sums(s.size(), 0.0F);
    double residual[5];
    std::vector<xu::simd::pack<float>> scratch(5 * rank);
    const kernels::row_block<float> block{rows.rows.data(), 5};
    kernels::dot_rows<float, float>(block, plan, s.data(), rank, out.data(), 5, scratch.data());
    kernels::accumulate_rows<float, float>(block, plan, c.data(), rank, sums.data(), true);
    owned_factor<float> by_columns(transposed(S));
    kernels::residual_rows<float, float>(rows.rows.data(), 5, ranges_of(columns, keep),
                                         by_columns.view(), C.values.data(), nullptr, residual);
    const matrix XS = hidden * transposed(S), rest = hidden - C * S;
    for (std::size_t i = 0; i < 5; ++i)
    {
        for (std::size_t j = 0; j < rank; ++j)
            CHECK(static_cast<double>(out[j * 5 + i]) == XS(i, j));
        double wanted = 0;
        for (std::size_t col = 0; col < columns; ++col)
            wanted += rest(i, col) * rest(i, col);
        CHECK(residual[i] == wanted);
    }
    CHECK(unpacked(sums, columns, rank, plan.panels()).values == (transposed(hidden) * C).values);
}
}
