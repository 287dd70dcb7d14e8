// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// With XUNMIX_COMPILED, which the CMake target xunmix::compiled sets, what takes long to compile
// and does not depend on the user's own types comes out of a library: kernels for each element
// type, and the iterations. Each such template is declared behind its definition by a macro
//
//     XUNMIX_SOMETHING(prefix, ...)     prefix: extern for users, nothing in cmake/compiled/
//
// The headers alone do as well, and give the same bits.
#include <cstddef>
#include <cstdint>

/// declare(prefix, T, F) for every element type T of a scan and the type F of its factors.
#define XUNMIX_FOR_EACH_ELEMENT(declare, prefix)                                                   \
    declare(prefix, float, float) declare(prefix, double, double)                                  \
        declare(prefix, std::int8_t, float) declare(prefix, std::uint8_t, float)                   \
            declare(prefix, std::int16_t, float) declare(prefix, std::uint16_t, float)             \
                declare(prefix, std::int32_t, float) declare(prefix, std::uint32_t, float)         \
                    declare(prefix, std::int64_t, double) declare(prefix, std::uint64_t, double)

namespace xunmix::detail
{
/// Defined in the library for the registers that it was compiled for: a program that is compiled
/// for others, whose data would lie differently in memory, does not link.
template <std::size_t RegisterBytes>
void need_library_for_registers();
}
