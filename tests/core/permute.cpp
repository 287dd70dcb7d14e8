// SPDX-License-Identifier: BSD-3-Clause
// The strided copy and what it is made of, against plain index arithmetic.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/core/permute.hpp>

namespace permute_test
{
namespace
{
using xunmix::detail::strided_axis;

template <class T>
std::vector<T> numbered(std::size_t count)
{
    std::vector<T> out(count);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<T>(i * 37 + i / 251);
    return out;
}

std::size_t size_of(const std::vector<strided_axis>& axes)
{
    return std::accumulate(axes.begin(), axes.end(), std::size_t{1},
                           [](std::size_t n, const strided_axis& a) { return n * a.extent; });
}

/// Number `i` of the copy, found by taking i apart into one index an axis.
template <class T>
T expected(const T* src, const std::vector<strided_axis>& axes, std::size_t i)
{
    for (std::size_t a = axes.size(); a-- > 0; i /= axes[a].extent)
        src += static_cast<std::ptrdiff_t>(i % axes[a].extent) * axes[a].stride;
    return *src;
}

/// Whether the copy is right and nothing was written before or after it. `shift` numbers off a
/// cache line's boundary.
template <class T>
bool copies(const T* src, const std::vector<strided_axis>& axes, std::size_t shift = 0,
            std::size_t threads = 1)
{
    const std::size_t count = size_of(axes), margin = 64;
    const auto guard = static_cast<T>(99);
    std::vector<T> memory(count + 3 * margin, guard);
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data() + margin);
    const std::size_t first = margin + (64 - address % 64) % 64 / sizeof(T) + shift;
    xunmix::detail::permuted_copy<T>(src, axes, memory.data() + first, threads)();
    bool right = true;
    for (std::size_t i = 0; i < memory.size(); ++i)
        right &=
            memory[i] == (i < first || i >= first + count ? guard : expected(src, axes, i - first));
    return right;
}

/// The C-order strides of a shape.
std::vector<strided_axis> packed_axes(const std::vector<std::size_t>& shape)
{
    std::vector<strided_axis> axes(shape.size());
    std::ptrdiff_t stride = 1;
    for (std::size_t a = shape.size(); a-- > 0; stride *= static_cast<std::ptrdiff_t>(shape[a]))
        axes[a] = {shape[a], stride};
    return axes;
}
}

TEST_CASE_TEMPLATE("permute: squares and their edges, transposed", T, std::uint8_t, std::uint16_t,
                   float, double)
{
    const std::size_t stride = 41, out_stride = 45;
    const auto from = numbered<T>(40 * stride);
    for (std::size_t rows = 0; rows <= 37; ++rows)
        for (std::size_t cols : {0U, 1U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 31U, 32U, 33U, 39U})
        {
            std::vector<T> to(40 * out_stride, T{7});
            xunmix::simd::transpose(from.data(), static_cast<std::ptrdiff_t>(stride), to.data(),
                                    out_stride, rows, cols);
            bool right = true;
            for (std::size_t i = 0; i < 40; ++i)
                for (std::size_t j = 0; j < out_stride; ++j)
                    right &= to[i * out_stride + j] ==
                             (i < rows && j < cols ? from[i + j * stride] : T{7});
            CHECK_MESSAGE(right, rows, " x ", cols);
        }
}

TEST_CASE("permute: a streamed copy writes what it should and nothing else")
{
    const auto from = numbered<std::uint8_t>(1000);
    for (std::size_t to_shift : {0U, 1U, 16U, 63U})
        for (std::size_t from_shift : {0U, 5U})
            for (std::size_t count : {0U, 1U, 63U, 64U, 65U, 127U, 128U, 500U, 900U})
            {
                std::vector<std::uint8_t> to(1100, 3);
                xunmix::detail::stream_copy(to.data() + to_shift, from.data() + from_shift, count);
                xunmix::detail::stream_fence();
                std::vector<std::uint8_t> wanted(1100, 3);
                std::copy_n(from.data() + from_shift, count, wanted.data() + to_shift);
                CHECK(to == wanted);
            }
}

TEST_CASE("permute: axes of extent 1 vanish and neighbours join")
{
    using xunmix::detail::joined;
    const auto joins =
        [](const std::vector<strided_axis>& from, const std::vector<strided_axis>& to)
    {
        const auto out = joined(from);
        return std::equal(out.begin(), out.end(), to.begin(), to.end(),
                          [](auto a, auto b)
                          { return a.extent == b.extent && a.stride == b.stride; });
    };
    CHECK(joins({{2, 12}, {3, 4}, {4, 1}}, {{24, 1}}));
    CHECK(joins({{2, 24}, {3, 4}, {4, 1}}, {{2, 24}, {12, 1}}));
    CHECK(joins({{1, 99}, {3, 8}, {1, 0}, {4, 2}, {1, -5}}, {{12, 2}}));
    CHECK(joins({{3, 1}, {4, 3}}, {{3, 1}, {4, 3}}));
    CHECK(joins({{3, -4}, {4, -1}}, {{12, -1}}));
    CHECK(joins({{3, 0}, {4, 0}}, {{12, 0}}));
    CHECK(joins({{1, 7}, {1, 3}}, {}));
    CHECK(joins({}, {}));
}

TEST_CASE_TEMPLATE("permute: every order of up to five axes", T, std::uint8_t, std::int16_t, float,
                   double)
{
    for (const auto& shape : std::vector<std::vector<std::size_t>>{{1},
                                                                   {7},
                                                                   {6, 5},
                                                                   {70, 33},
                                                                   {16, 64},
                                                                   {5, 1, 6},
                                                                   {3, 40, 17},
                                                                   {2, 3, 4, 5},
                                                                   {9, 2, 33, 3},
                                                                   {2, 3, 2, 4, 5}})
    {
        const auto axes = packed_axes(shape);
        const auto src = numbered<T>(size_of(axes));
        std::vector<std::size_t> order(shape.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        do
        {
            std::vector<strided_axis> permuted;
            permuted.reserve(order.size());
            for (std::size_t a : order)
                permuted.push_back(axes[a]);
            CHECK(copies(src.data(), permuted));
            CHECK(copies(src.data(), permuted, 1));
        } while (std::next_permutation(order.begin(), order.end()));
    }
}

TEST_CASE("permute: any strides")
{
    const auto src = numbered<float>(200000);
    const float* middle = src.data() + 100000;
    const std::vector<std::vector<strided_axis>> cases{
        {{30, 100}, {90, 1}},            // rows with gaps
        {{30, 100}, {45, 2}},            // every other column
        {{90, 1}, {30, 100}},            // transposed, with gaps
        {{30, -100}, {90, 1}},           // from the last row up
        {{30, 100}, {90, -1}},           // from the last column back
        {{30, -100}, {90, -1}},          // both
        {{90, -1}, {30, -100}},          // both, transposed
        {{20, 5}, {30, 1000}, {5, 1}},   // short runs change places
        {{20, 40}, {30, 1000}, {40, 1}}, // long runs change places
        {{20, 40}, {1, 0}, {30, 1000}},  // no contiguous axis
        {{40, 1}, {30, 0}},              // one value many times
        {{30, 0}, {40, 1}},              // one row many times
        {{700, 1}, {3, 7000}},           // a short last axis
        {{3, 7000}, {11, 21}, {7, 3}, {3, 1}}};
    for (const auto& axes : cases)
        for (std::size_t shift : {0U, 3U})
            CHECK(copies(middle, axes, shift));
}

TEST_CASE("permute: an empty array copies nothing")
{
    const auto src = numbered<float>(10);
    CHECK(copies(src.data(), {{0, 5}, {5, 1}}));
    CHECK(copies(src.data(), {{5, 1}, {0, 5}}));
    CHECK(copies(src.data(), {{5, 1}, {3, 0}, {0, 5}}));
    xunmix::detail::permuted_copy<float>(nullptr, {{0, 1}}, nullptr, 1)();
}

TEST_CASE("permute: a single number")
{
    const auto src = numbered<double>(1);
    CHECK(copies(src.data(), {}));
    CHECK(copies(src.data(), {{1, 0}, {1, 17}}));
}

TEST_CASE_TEMPLATE("permute: larger than the caches, by several threads", T, std::uint8_t, float)
{
    const std::size_t n = 1100 * 1013 * 4 / sizeof(T) + 17;
    const std::size_t rows = 1013, cols = n / rows;
    const auto src = numbered<T>(2 * rows * cols);
    const auto stride = static_cast<std::ptrdiff_t>(rows);
    for (std::size_t threads : {1U, 3U})
    {
        CHECK(copies(src.data(), {{rows, 1}, {cols, stride}}, 0, threads));
        CHECK(copies(src.data(), {{rows, 1}, {cols, stride}}, 1, threads));
        CHECK(copies(src.data(), {{rows * cols, 1}}, 1, threads));
        CHECK(copies(src.data(), {{rows * cols, 2}}, 0, threads));
    }
    // whole cache lines: a multiple of 64 columns
    const std::size_t whole = cols / 64 * 64;
    CHECK(copies(src.data(), {{rows, 1}, {whole, stride}}, 0, 2));
    // long runs, and another axis around them
    CHECK(copies(
        src.data(),
        {{whole / 64, 64 * 8}, {rows / 8, static_cast<std::ptrdiff_t>(whole)}, {64 * 8, 1}}, 0, 2));
}
}
