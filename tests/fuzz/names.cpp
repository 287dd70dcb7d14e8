// SPDX-License-Identifier: BSD-3-Clause
// Any text as names of constraints: constraints that check their options, or an error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/hals.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::vector<std::string> names(1);
    for (std::size_t i = 0; i < size; ++i)
        if (data[i] == ',')
            names.emplace_back();
        else
            names.back() += static_cast<char>(data[i]);
    try
    {
        const xunmix::any_constraint constraint(names);
        xunmix::grid places;
        places.shape = {6, 5};
        xunmix::detail::check_options_of<xunmix::hals, float>(constraint, places, 3, "maps");
        std::vector<float> values(90, 0.5F);
        xunmix::project(constraint, xunmix::factor_ref<float>(values.data(), 30, 3, 30, &places));
    }
    catch (const xunmix::error&)
    {
    }
    return 0;
}
