# SPDX-License-Identifier: BSD-3-Clause
# xunmix_flags: how this project compiles its own examples, tests and benchmarks. xunmix_developer:
# the same, with what takes long out of the compiled library. Never exported, never linked by the
# headers' target.
set(XUNMIX_SANITIZE "" CACHE STRING "Sanitizers for examples and tests: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# What was compiled before comes out of ccache, where it is installed.
find_program(XUNMIX_CCACHE ccache)
if(XUNMIX_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${XUNMIX_CCACHE})
endif()

add_library(xunmix_flags INTERFACE)
target_compile_options(xunmix_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on "text" + std::string (GCC bug 105651).
  target_compile_options(xunmix_flags INTERFACE -Wno-restrict)
endif()
if(XUNMIX_NATIVE)
  target_compile_options(xunmix_flags INTERFACE -march=native)
endif()
if(XUNMIX_SANITIZE)
  set(sanitize -fsanitize=${XUNMIX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(xunmix_flags INTERFACE ${sanitize})
  target_link_options(xunmix_flags INTERFACE ${sanitize})
  target_compile_definitions(xunmix_flags INTERFACE _GLIBCXX_ASSERTIONS XTENSOR_ENABLE_ASSERT)
endif()

add_library(xunmix_developer INTERFACE)
target_link_libraries(xunmix_developer INTERFACE xunmix_flags xunmix::compiled)

# What single optional headers need: io/hdf5.hpp; diffraction/similarity.hpp and clustering.hpp.
find_package(HDF5 QUIET COMPONENTS CXX)
find_path(XUNMIX_KISSFFT_INCLUDE NAMES kissfft/kissfft.hh kissfft.hh)
