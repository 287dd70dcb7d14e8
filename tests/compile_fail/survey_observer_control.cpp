// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/survey/survey.hpp>
#include <xunmix/update/hals.hpp>

int main()
{
    xu::survey(scan(), {.ranks = {2}}, xu::hals{}, xu::on_maps(xu::non_negative{}),
               [](const xu::survey_progress&) {});
    xu::survey(scan(), {.ranks = {2}}, xu::hals{}, std::stop_token{},
               [](const auto& p) { return p.done > 3 ? xu::flow::stop : xu::flow::proceed; });
}
