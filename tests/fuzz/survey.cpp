// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a survey's state: a survey that can be looked at, or an error.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include <xunmix/survey/survey_result.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try
    {
        std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
        const auto survey = xunmix::read_survey<float>(in);
        static_cast<void>(survey.crossing());
        for (const auto& rank : survey.ranks)
        {
            static_cast<void>(rank.mean());
            static_cast<void>(rank.near_best());
            static_cast<void>(rank.best->maps());
            static_cast<void>(rank.best->components());
        }
    }
    catch (const xunmix::error&)
    {
    }
    return 0;
}
