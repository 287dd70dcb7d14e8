// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a solver's state: solvers go on from it, or refuse it.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>

namespace
{
namespace xu = xunmix;

template <class Update>
void go_on(const xu::solver_state<float>& state, const Update& update)
{
    static const auto scan = []
    {
        auto values = xu::tensor<float>::from_shape({4, 5});
        for (std::size_t i = 0; i < values.size(); ++i)
            values.data()[i] = static_cast<float>(i * i % 7 + 1);
        return values;
    }();
    auto solver = xu::make_solver(
        xu::unfold(scan, xu::positions{0}),
        {.rank = 2, .max_iterations = state.iterations % 1000 + 3, .threads = 1}, update,
        xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    try
    {
        auto fitting = state; // what is refused at once would end the search here
        fitting.method = solver.state().method;
        fitting.data = solver.state().data;
        solver.resume(fitting);
        for (int i = 0; i < 2; ++i)
            solver.step();
        static_cast<void>(solver.result());
    }
    catch (const xu::error&)
    {
    }
}
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try
    {
        std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
        const auto state = xu::read_state<float>(in);
        go_on(state, xu::hals{});
        go_on(state, xu::mals{});
    }
    catch (const xu::error&)
    {
    }
    return 0;
}
