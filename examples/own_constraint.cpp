// SPDX-License-Identifier: BSD-3-Clause

// A constraint of your own: diffraction patterns that are the same seen through the origin
// (Friedel's law).

#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

namespace xu = xunmix;

/// Each component equals itself seen through the origin: the last element for the first, and so on.
struct centrosymmetric
{
    template <class T>
    void project(xu::factor_ref<T> f) const
    {
        for (auto component : f.columns())
            for (std::size_t i = 0, j = component.size() - 1; i < j; ++i, --j)
                component[i] = component[j] = (component[i] + component[j]) / 2;
    }
};
static_assert(xu::constraint<centrosymmetric, float>);

int main()
{
    const auto simulated = xu::simulate::nanosheets({.positions = {20, 20}, .detector = {33, 33}});
    const auto data = xu::unfold(simulated.scan, xu::positions{0, 1});
    const auto result = xu::factorize(data, {.rank = 4, .max_iterations = 50}, xu::hals{},
                                      xu::on_maps(xu::non_negative{}),
                                      xu::on_components(xu::non_negative{}, centrosymmetric{}));

    float worst = 0; // how far from symmetric the answer is
    for (auto component : result.components_matrix().columns())
        for (std::size_t i = 0; i < component.size(); ++i)
            worst = std::max(worst, std::abs(component[i] - component[component.size() - 1 - i]));
    std::cout << "mse " << result.mse << ", largest asymmetry " << worst << '\n';
    return worst == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
