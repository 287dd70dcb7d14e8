// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/diffraction/shift_similarity.hpp>

namespace shift_similarity_test
{
using namespace support;

namespace
{
/// A blob at (y, x), and one half as high six positions to the right of it.
void draw(xu::tensor<double>& maps, std::size_t j, double y, double x, double height)
{
    for (std::size_t i = 0; i < maps.shape()[1]; ++i)
        for (std::size_t l = 0; l < maps.shape()[2]; ++l)
        {
            const double v = static_cast<double>(i) - y, u = static_cast<double>(l) - x;
            maps(j, i, l) = height * (std::exp(-(v * v + u * u) / 8) +
                                      0.5 * std::exp(-(v * v + (u - 6) * (u - 6)) / 8));
        }
}

/// The largest correlation over whole shifts, by its definition.
double by_definition(const xu::tensor<double>& maps, std::ptrdiff_t reach)
{
    const auto rows = static_cast<std::ptrdiff_t>(maps.shape()[1]),
               columns = static_cast<std::ptrdiff_t>(maps.shape()[2]);
    double mean[2] = {}, square[2] = {}, best = -1;
    const auto value = [&](int j, std::ptrdiff_t i, std::ptrdiff_t l)
    {
        return maps(static_cast<std::size_t>(j), static_cast<std::size_t>(i),
                    static_cast<std::size_t>(l));
    };
    for (const int j : {0, 1})
    {
        for (std::ptrdiff_t i = 0; i < rows; ++i)
            for (std::ptrdiff_t l = 0; l < columns; ++l)
                mean[j] += value(j, i, l) / static_cast<double>(rows * columns);
        for (std::ptrdiff_t i = 0; i < rows; ++i)
            for (std::ptrdiff_t l = 0; l < columns; ++l)
                square[j] += std::pow(value(j, i, l) - mean[j], 2);
    }
    for (std::ptrdiff_t y = -reach; y <= reach; ++y)
        for (std::ptrdiff_t x = -reach; x <= reach; ++x)
        {
            double sum = 0;
            for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, -y); i < std::min(rows, rows - y);
                 ++i)
                for (std::ptrdiff_t l = std::max<std::ptrdiff_t>(0, -x);
                     l < std::min(columns, columns - x); ++l)
                    sum += (value(0, i, l) - mean[0]) * (value(1, i + y, l + x) - mean[1]);
            best = std::max(best, sum / std::sqrt(square[0] * square[1]));
        }
    return best;
}
}

TEST_CASE("shift_similarity: finds by how much a map is shifted, to a tenth of a position")
{
    auto maps = xu::tensor<double>::from_shape({4, 40, 48});
    const double at[4][2] = {{20, 18}, {20, 18}, {25, 14}, {16.4, 22.7}};
    for (std::size_t j = 0; j < 4; ++j)
        draw(maps, j, at[j][0], at[j][1], 1 + static_cast<double>(j));
    for (const std::size_t threads : {1U, 2U})
    {
        const auto table = xu::shift_similarity(maps, 0, threads);
        for (std::size_t a = 0; a < 4; ++a)
            for (std::size_t b = 0; b < 4; ++b)
            {
                CHECK(table.similarity(a, b) > 0.93); // the parts of the shift lost at the border
                CHECK(table.similarity(a, b) == table.similarity(b, a));
                const auto shift = table.shift(a, b);
                CHECK(std::abs(shift[0] - (at[b][0] - at[a][0])) < 0.1);
                CHECK(std::abs(shift[1] - (at[b][1] - at[a][1])) < 0.1);
            }
        CHECK(table.similarity(0, 1) == doctest::Approx(1));
    }
}

TEST_CASE("shift_similarity: is the largest correlation over all shifts")
{
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{9, 12}, {7, 7}, {1, 9}})
        for (const std::size_t most : {1U, 3U})
        {
            auto maps = xu::tensor<double>::from_shape({2, rows, columns});
            const matrix values = random_matrix(2, rows * columns, rows);
            std::copy(values.values.begin(), values.values.end(), maps.begin());
            const auto reach = static_cast<std::ptrdiff_t>(most);
            if (rows > most)
                CHECK(xu::shift_similarity(maps, most).similarity(0, 1) ==
                      doctest::Approx(by_definition(maps, reach)));
            else
                CHECK(xu::shift_similarity(maps, most).similarity(0, 1) <=
                      by_definition(maps, reach) + 1e-12);
        }
}

TEST_CASE("shift_similarity: a constant map is like nothing")
{
    xu::tensor<double> maps = xt::ones<double>({2, 8, 8});
    draw(maps, 1, 3, 2, 1);
    CHECK(xu::shift_similarity(maps).similarity(0, 1) == doctest::Approx(0));
}

TEST_CASE("shift_similarity: bad input")
{
    const auto refusal = [](const std::vector<std::size_t>& shape, std::size_t most)
    {
        const auto maps = xu::tensor<double>::from_shape(shape);
        return message_of<xu::invalid_argument>([&] { xu::shift_similarity(maps, most); });
    };
    CHECK(refusal({3, 20}, 0) == "shift_similarity needs maps (k, y, x), got (3, 20)");
    CHECK(refusal({3, 20, 10}, 20) ==
          "maps of 20 x 10 positions can be shifted by less than their size, got 20");
}
}
