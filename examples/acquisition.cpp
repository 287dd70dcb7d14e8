// SPDX-License-Identifier: BSD-3-Clause

// Inside acquisition software: step when there is time, look at the factors, save, go on later.

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdlib>
#include <iostream>
#include <sstream>

namespace xu = xunmix;

int main()
{
    const auto simulated = xu::simulate::nanosheets({.positions = {20, 20}, .detector = {32, 32}});
    const xu::dense data(xu::unfold(simulated.scan, xu::positions{0, 1}));
    const auto make = [&]
    {
        return xu::make_solver(data, {.rank = 4, .max_iterations = 40, .tolerance = 0}, xu::hals{},
                               xu::on_maps(xu::non_negative{}),
                               xu::on_components(xu::non_negative{}));
    };

    auto solver = make();
    std::stringstream file;
    while (solver.status() == xu::status::running)
    {
        solver.step();
        const auto now = solver.current(); // a view of the factors, to display
        if (now.number == 10)
            xu::write_state(file, solver.state());
    }

    auto later = make(); // perhaps in another process
    later.resume(xu::read_state<float>(file));
    while (later.status() == xu::status::running)
        later.step();

    const bool same = later.state().maps == solver.state().maps;
    std::cout << "resumed at iteration 10, the same bits at 40: " << (same ? "yes" : "no") << '\n';
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
