# SPDX-License-Identifier: BSD-3-Clause
# xunmix_developer: how this project compiles its own examples, tests and benchmarks. Never
# exported, never linked by the library.
option(XUNMIX_NATIVE "Compile examples, tests and benchmarks for this machine" ${PROJECT_IS_TOP_LEVEL})
set(XUNMIX_SANITIZE "" CACHE STRING "Sanitizers for examples and tests: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(xunmix_developer INTERFACE)
target_link_libraries(xunmix_developer INTERFACE xunmix::xunmix)
target_compile_options(xunmix_developer INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on "text" + std::string (GCC bug 105651).
  target_compile_options(xunmix_developer INTERFACE -Wno-restrict)
endif()
if(XUNMIX_NATIVE)
  target_compile_options(xunmix_developer INTERFACE -march=native)
endif()
if(XUNMIX_SANITIZE)
  set(sanitize -fsanitize=${XUNMIX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(xunmix_developer INTERFACE ${sanitize})
  target_link_options(xunmix_developer INTERFACE ${sanitize})
  target_compile_definitions(xunmix_developer INTERFACE _GLIBCXX_ASSERTIONS XTENSOR_ENABLE_ASSERT)
endif()

# What single optional headers need: io/hdf5.hpp; diffraction/similarity.hpp and clustering.hpp.
find_package(HDF5 QUIET COMPONENTS CXX)
find_path(XUNMIX_KISSFFT_INCLUDE NAMES kissfft/kissfft.hh kissfft.hh)
