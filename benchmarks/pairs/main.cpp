// SPDX-License-Identifier: BSD-3-Clause

// Without an argument the names of the rows; with one of them the seconds that its work takes.
#include <chrono>
#include <cstdio>
#include <exception>

#include "rows.hpp"

namespace
{
using namespace pairs;

std::vector<row> all_rows()
{
    std::vector<row> all;
    for (const auto& some : {updates(), constraints(), layouts(), searches()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

double seconds_of(const std::function<void()>& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The median after one repetition that does not count.
double measure(const measurement& m)
{
    m.work();
    std::vector<double> seconds(m.repetitions);
    std::generate(seconds.begin(), seconds.end(), [&] { return seconds_of(m.work); });
    const auto middle = seconds.begin() + std::ssize(seconds) / 2;
    std::nth_element(seconds.begin(), middle, seconds.end());
    return *middle;
}
}

int main(int argc, char** argv)
{
    const auto rows = all_rows();
    if (argc < 2)
    {
        for (const auto& r : rows)
            std::puts(r.name.c_str());
        return 0;
    }
    const std::string name = argv[1];
    const auto chosen =
        std::find_if(rows.begin(), rows.end(), [&](const row& r) { return r.name == name; });
    if (chosen == rows.end())
    {
        std::fprintf(stderr, "there is no row %s\n", name.c_str());
        return 2;
    }
    try
    {
        std::printf("%.9f\n", measure(chosen->prepare()));
    }
    catch (const std::exception& e)
    {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), e.what());
        return 1;
    }
}
