// SPDX-License-Identifier: BSD-3-Clause

// Inside acquisition software: a solver as a member, its algorithm and constraints out of a file of
// settings, stepped when there is time, looked at, saved, and gone on with later.

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

namespace xu = xunmix;

class live_unmixer
{
  public:
    live_unmixer(const xu::tensor<float>& scan, const std::string& algorithm,
                 const std::string& on_maps)
        : solver_(xu::make_solver(xu::unfold(scan, xu::positions{0, 1}),
                                  {.rank = 4, .max_iterations = 40, .tolerance = 0},
                                  xu::runtime::update(algorithm), xu::runtime::start("vca"),
                                  xu::on_maps(xu::non_negative{}, xu::runtime::constraint(on_maps)),
                                  xu::on_components(xu::non_negative{})))
    {
    }
    /// For an idle moment; whether there is more to do.
    bool step()
    {
        solver_.step();
        return solver_.status() == xu::status::running;
    }
    /// For the display, which may draw it while this goes on.
    xu::tensor<float> maps() const
    {
        return solver_.snapshot().maps();
    }
    double mse() const
    {
        return solver_.current().mse;
    }
    void save(std::ostream& out) const
    {
        xu::write_state(out, solver_.state());
    }
    void load(std::istream& in)
    {
        solver_.resume(xu::read_state<float>(in));
    }

  private:
    xu::solver<float> solver_;
};

int main()
{
    const auto simulated = xu::simulate::nanosheets({.positions = {20, 20}, .detector = {32, 32}});
    const xu::tensor<float> scan = simulated.scan;
    live_unmixer first(scan, "hals", "smooth:0.1");
    for (int i = 0; i < 10; ++i)
        first.step();
    std::stringstream file;
    first.save(file);

    live_unmixer later(scan, "hals", "smooth:0.1"); // perhaps in another process
    later.load(file);
    bool more = true;
    while (more)
    {
        more = first.step();
        later.step();
    }
    std::cout << "resumed at iteration 10; mse at 40: " << first.mse() << " and " << later.mse()
              << '\n';
    return first.maps() == later.maps() ? EXIT_SUCCESS : EXIT_FAILURE;
}
