// SPDX-License-Identifier: BSD-3-Clause
// After the first iteration nothing is allocated any more.
#include "../support.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace
{
std::atomic<std::size_t> allocations{0};

void* counted_or_null(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) noexcept
{
    ++allocations;
    return std::aligned_alloc(alignment, (std::max<std::size_t>(size, 1) + alignment - 1) /
                                             alignment * alignment);
}

void* counted_allocation(std::size_t size, std::size_t alignment = alignof(std::max_align_t))
{
    if (void* memory = counted_or_null(size, alignment))
        return memory;
    throw std::bad_alloc();
}
}

// In the place of the program's own, all of them: sanitizers have each of their own.
void* operator new(std::size_t size)
{
    return counted_allocation(size);
}
void* operator new[](std::size_t size)
{
    return counted_allocation(size);
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    return counted_allocation(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return counted_allocation(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    return counted_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept
{
    return counted_or_null(size);
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

namespace allocations_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;

/// Allocations in the second to the sixth iteration.
template <class Solver>
std::size_t later_allocations(Solver solver)
{
    solver.step();
    const std::size_t before = allocations;
    for (int t = 0; t < 5; ++t)
        solver.step();
    const std::size_t after = allocations;
    CHECK(solver.state().iterations == 6);
    return after - before;
}

template <class T, class U>
void check_none()
{
    const matrix X = counted(random_matrix(700, 90, 1), 100);
    for (const layout how : {layout::row_major, layout::column_major})
        for (const std::size_t threads : {1U, 2U})
            for (const auto& [maps, components] :
                 {std::pair<names, names>{{"non_negative"}, {"non_negative"}},
                  {{"non_negative", "sparse:0.1"}, {"non_negative", "unit_norm"}},
                  {{"sum_to_one"}, {"ridge:1", "bounded:0:200"}}})
            {
                CAPTURE(threads);
                for (const std::size_t groups : {1U, 3U})
                    CHECK(later_allocations(xu::make_solver(
                              unfold_as<T>(X, how),
                              {.rank = 4, .tolerance = 0, .groups = groups, .threads = threads},
                              U{}, xu::on_maps(xu::any_constraint(maps)),
                              xu::on_components(xu::any_constraint(components)))) == 0);
            }
}
}

TEST_CASE("allocations: the counter counts")
{
    const std::size_t before = allocations;
    const auto number = std::make_unique<int>(3);
    const std::vector<double> numbers(100);
    xu::buffer<float> aligned;
    aligned.get(10);
    CHECK(allocations - before == 3);
}

TEST_CASE_TEMPLATE("allocations: none after the first iteration of als", T, float, std::uint16_t)
{
    check_none<T, xu::als>();
}
TEST_CASE_TEMPLATE("allocations: none after the first iteration of hals", T, float, std::uint16_t)
{
    check_none<T, xu::hals>();
}
TEST_CASE_TEMPLATE("allocations: none after the first iteration of multiplicative", T, float,
                   std::uint16_t)
{
    check_none<T, xu::multiplicative>();
}
TEST_CASE_TEMPLATE("allocations: none after the first iteration of bpp", T, float, std::uint16_t)
{
    check_none<T, xu::bpp>();
}

TEST_CASE("allocations: none after the first iteration of the updates that adapt themselves")
{
    const auto none = [](const auto& update, const auto&... more)
    {
        const auto data = unfold_as<std::uint16_t>(counted(random_matrix(700, 90, 1), 100));
        for (const std::size_t threads : {1U, 2U})
            CHECK(later_allocations(
                      xu::make_solver(data, {.rank = 4, .tolerance = 0, .threads = threads}, update,
                                      xu::on_maps(xu::non_negative{}),
                                      xu::on_components(xu::non_negative{}), more...)) == 0);
    };
    none(xu::soft_orthogonal{});
    none(xu::ard{.orthogonality = 0.1});
    none(xu::mals{});
    none(xu::ard_multiplicative{});
    none(xu::multiplicative{}, xu::beta_divergence{});
    none(xu::ard_multiplicative{}, xu::beta_divergence{.beta = 1.5});
}

TEST_CASE("allocations: none either with two reads, nor after a resume")
{
    const auto whole = [](xu::factor_ref<double> f) { REQUIRE(f.is_whole()); };
    const auto make = [&](std::size_t iterations)
    {
        return xu::make_solver(
            unfold_as<double>(random_matrix(300, 80, 2)),
            {.rank = 3, .max_iterations = iterations, .tolerance = 0, .threads = 1},
            xu::multiplicative{}, xu::on_maps(whole), xu::on_components(whole));
    };
    CHECK(later_allocations(make(6)) == 0);
    auto first = make(3);
    for (int t = 0; t < 3; ++t)
        first.step();
    auto second = make(20);
    second.resume(first.state());
    second.step();
    const std::size_t before = allocations;
    for (int t = 0; t < 10; ++t)
        second.step();
    CHECK(allocations - before == 0);
    CHECK(second.state().iterations == 14);
}
}
