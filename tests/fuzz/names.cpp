// SPDX-License-Identifier: BSD-3-Clause
// Any text as names of parts: constraints that check their options, updates and starts, or an
// error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/update/hals.hpp>

namespace
{
/// What `read` makes of a text, or its error.
template <class Read>
void try_to(const Read& read)
{
    try
    {
        read();
    }
    catch (const xunmix::error&)
    {
    }
}
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::vector<std::string> names(1);
    for (std::size_t i = 0; i < size; ++i)
        if (data[i] == ',')
            names.emplace_back();
        else
            names.back() += static_cast<char>(data[i]);
    try_to(
        [&]
        {
            const xunmix::any_constraint constraint(names);
            xunmix::grid places{{6, 5}};
            xunmix::detail::check_options_of<xunmix::hals, float>(constraint, places, 3, "maps");
            std::vector<float> values(90, 0.5F);
            xunmix::project(constraint,
                            xunmix::factor_ref<float>(values.data(), 30, 3, 30, &places));
        });
    for (const auto& name : names)
    {
        try_to([&] { xunmix::runtime::update(name); });
        try_to([&] { xunmix::runtime::start(name); });
    }
    return 0;
}
