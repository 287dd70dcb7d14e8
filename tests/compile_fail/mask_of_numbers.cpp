// SPDX-License-Identifier: BSD-3-Clause
#include "scan.hpp"

int main()
{
    scan().mask_positions(xu::tensor<double>::from_shape({4, 5}));
}
