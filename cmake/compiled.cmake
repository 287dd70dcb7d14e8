# SPDX-License-Identifier: BSD-3-Clause
# xunmix::compiled: the headers, with what takes long to compile and does not depend on the user's own
# types in a static library. Optional: the headers alone give the same bits.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/compiled/*.cpp)
add_library(xunmix_compiled STATIC ${sources})
add_library(xunmix::compiled ALIAS xunmix_compiled)
set_target_properties(xunmix_compiled PROPERTIES EXPORT_NAME compiled OUTPUT_NAME xunmix
                      UNITY_BUILD_BATCH_SIZE 4)
target_link_libraries(xunmix_compiled PUBLIC xunmix)
target_compile_definitions(xunmix_compiled PUBLIC XUNMIX_COMPILED)
if(XUNMIX_NATIVE)
  # Data lie in memory as registers are wide: who uses the library is compiled for the same ones.
  target_compile_options(xunmix_compiled PUBLIC -march=native)
endif()
if(TARGET xunmix_flags)
  target_link_libraries(xunmix_compiled PRIVATE $<BUILD_INTERFACE:xunmix_flags>)
endif()
