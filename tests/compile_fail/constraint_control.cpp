// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/multiplicative.hpp>

int main()
{
    xu::factorize(scan(), {.rank = 2}, xu::hals{}, xu::on_maps(only_prox{}),
                  xu::on_components([](xu::factor_ref<float>) {}));
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, xu::on_maps(only_gradient{}));
    xu::factorize(scan(), {.rank = 2}, xu::multiplicative{}, xu::beta_divergence{});
    xu::factorize(xu::poisson_scaled(xu::dense(scan())), {.rank = 2}, xu::multiplicative{});
    xu::factorize(scan(), {.rank = 2}, xu::bpp{}, xu::on_maps(xu::non_negative{}, xu::sparse{}));
}
