// SPDX-License-Identifier: BSD-3-Clause
// Loops over tasks: each task once, exceptions carried over, results that do not depend on who did
// what. Scratch memory.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define XUNMIX_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XUNMIX_ADDRESS_SANITIZER
#endif
#endif

namespace parallel_test
{
namespace xu = xunmix;

TEST_CASE("parallel: every task runs once, by one of the workers")
{
    for (std::size_t threads : {0U, 1U, 2U, 3U, 8U})
        for (std::size_t tasks : {0U, 1U, 2U, 7U, 500U})
        {
            std::vector<std::atomic<int>> visits(tasks);
            std::atomic<std::size_t> highest{0};
            xu::parallel_for(tasks, threads,
                             [&](std::size_t task, std::size_t worker)
                             {
                                 ++visits[task];
                                 std::size_t seen = highest;
                                 while (worker > seen &&
                                        !highest.compare_exchange_weak(seen, worker))
                                     ;
                             });
            for (const auto& v : visits)
                CHECK(v == 1);
            CHECK(highest < xu::thread_count(threads));
        }
}

TEST_CASE("parallel: no two tasks at a time share a worker")
{
    std::vector<std::atomic<int>> busy(4);
    std::atomic<int> clashes{0};
    xu::parallel_for(2000, 4,
                     [&](std::size_t, std::size_t worker)
                     {
                         clashes += busy[worker].fetch_add(1);
                         busy[worker].fetch_sub(1);
                     });
    CHECK(clashes == 0);
}

TEST_CASE("parallel: an exception comes out as it was thrown, and the other tasks are done")
{
    for (std::size_t threads : {1U, 3U})
    {
        std::atomic<int> done{0};
        std::string message;
        try
        {
            xu::parallel_for(100, threads,
                             [&](std::size_t task, std::size_t)
                             {
                                 if (task == 99)
                                     throw std::out_of_range("the last one");
                                 ++done;
                             });
        }
        catch (const std::out_of_range& e)
        {
            message = e.what();
        }
        CHECK(message == "the last one");
        CHECK(done == 99);
    }
    CHECK_THROWS_AS(xu::parallel_for(50, 2, [](std::size_t, std::size_t) { throw 1; }), int);
}

TEST_CASE("parallel: loops within loops")
{
    std::vector<std::atomic<int>> visits(12);
    xu::parallel_for(3, 2,
                     [&](std::size_t outer, std::size_t) {
                         xu::parallel_for(4, 2,
                                          [&](std::size_t inner, std::size_t)
                                          { ++visits[outer * 4 + inner]; });
                     });
    for (const auto& v : visits)
        CHECK(v == 1);
}

TEST_CASE("parallel: the number of threads")
{
    CHECK(xu::thread_count(0) >= 1);
    CHECK(xu::thread_count(1) == 1);
#ifdef _OPENMP
    CHECK(xu::thread_count(5) == 5);
#else
    CHECK(xu::thread_count(5) == 1);
#endif
}

TEST_CASE("buffer: grows, keeps, aligns, and survives a move and a failure")
{
    xu::buffer<double> memory;
    double* first = memory.get(10);
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
    first[9] = 4;
    CHECK(memory.get(5) == first);
    CHECK(memory.data() == first);
    CHECK(memory.get(10)[9] == 4);
    double* larger = memory.get(1000);
    CHECK(reinterpret_cast<std::uintptr_t>(larger) % 64 == 0);
    larger[999] = 1;

    xu::buffer<double> taken = std::move(memory);
    CHECK(taken.data() == larger);
    double* again = memory.get(3); // NOLINT(bugprone-use-after-move): empty, and usable
    REQUIRE(again != nullptr);
    again[2] = 2;

#ifndef XUNMIX_ADDRESS_SANITIZER // which takes a failing new for an error
    CHECK_THROWS_AS(static_cast<void>(taken.get(std::size_t{1} << 58)), std::bad_alloc);
    double* after = taken.get(3);
    REQUIRE(after != nullptr);
    after[2] = 3;
#endif
}

TEST_CASE("random: uniform numbers are in range, well spread, and the same everywhere")
{
    xu::random_engine engine(1);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < 100000; ++i)
    {
        const double x = xu::uniform01(engine);
        sum += x;
        least = std::min(least, x);
        most = std::max(most, x);
    }
    CHECK(least >= 0);
    CHECK(most < 1);
    CHECK(least < 1e-3);
    CHECK(most > 1 - 1e-3);
    CHECK(sum / 100000 == doctest::Approx(0.5).epsilon(0.01));

    // The engine's 10000th draw is fixed by the C++ standard.
    xu::random_engine standard;
    standard.discard(9999);
    CHECK(xu::uniform01(standard) == static_cast<double>(9981545732273789042U >> 11) * 0x1p-53);
}

TEST_CASE("random: whole numbers below n, all of them equally often")
{
    xu::random_engine engine(2);
    for (std::uint64_t n : {1U, 2U, 7U, 10U})
    {
        std::vector<int> count(n);
        for (int i = 0; i < 7000; ++i)
            ++count.at(xu::uniform_below(engine, n));
        for (int c : count)
            CHECK(c == doctest::Approx(7000.0 / static_cast<double>(n)).epsilon(0.15));
    }
    // Just above half of all draws: without rejection the lower half would come twice as often.
    const std::uint64_t n = (std::uint64_t{1} << 63) + 1;
    int low = 0;
    for (int i = 0; i < 4000; ++i)
    {
        const auto draw = xu::uniform_below(engine, n);
        CHECK(draw < n);
        low += draw < n / 2;
    }
    CHECK(low == doctest::Approx(2000).epsilon(0.1));
}
}
