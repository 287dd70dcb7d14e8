// SPDX-License-Identifier: BSD-3-Clause
#include "problems.hpp"

int main()
{
    bits::updates();
    bits::constraints();
    bits::layouts();
    bits::losses();
    bits::searches();
}
