// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/multiplicative.hpp>

int main()
{
    xu::factorize(xu::poisson_scaled(xu::dense(scan())), {.rank = 2}, xu::multiplicative{},
                  xu::beta_divergence{});
}
