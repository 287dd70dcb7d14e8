// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/survey/survey.hpp>
#include <xunmix/update/hals.hpp>

int main()
{
    xu::survey(scan(), {.ranks = {2}}, xu::hals{}, [](const auto&) { return true; });
}
