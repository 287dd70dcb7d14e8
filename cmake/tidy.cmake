# SPDX-License-Identifier: BSD-3-Clause
# The target tidy: clang-tidy over the examples and benchmarks, and through them all headers. Most of
# the time goes into reading xtensor and the headers for each file, so generated files include many
# of ours one after the other. Files whose file-local names clash are kept in different ones.
find_program(XUNMIX_RUN_CLANG_TIDY run-clang-tidy)
if(NOT XUNMIX_RUN_CLANG_TIDY)
  return()
endif()

# Lends its flags, is never built.
add_library(tidy_units OBJECT EXCLUDE_FROM_ALL)
target_link_libraries(tidy_units PRIVATE unmix_program)

# tidy_unit(name file...): one generated file with these. Each main becomes a function of another
# name, which cannot do without a return; a local variable may have the name of another file's
# constant (g++ looks for shadowing, file by file).
function(tidy_unit name)
  set(lines "#pragma clang diagnostic ignored \"-Wreturn-type\"
#pragma clang diagnostic ignored \"-Wshadow\"
// NOLINTBEGIN(bugprone-suspicious-include,readability-identifier-naming)\n")
  foreach(source IN LISTS ARGN)
    get_filename_component(stem ${source} NAME_WE)
    string(APPEND lines "#define main main_of_${stem}\n#include \"${source}\"\n#undef main\n")
  endforeach()
  string(APPEND lines "// NOLINTEND(bugprone-suspicious-include,readability-identifier-naming)\n")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/tidy/${name}.cpp CONTENT "${lines}" @ONLY)
  target_sources(tidy_units PRIVATE ${PROJECT_BINARY_DIR}/tidy/${name}.cpp)
endfunction()

# take(list pattern): moves the files of the program whose names match into a list of their own.
file(GLOB program CONFIGURE_DEPENDS examples/unmix/*.cpp
     examples/unmix/*/*.cpp)
macro(take list pattern)
  set(${list} ${program})
  list(FILTER ${list} INCLUDE REGEX "/(${pattern})\\.cpp$")
  list(REMOVE_ITEM program ${${list}})
endmacro()
take(fits "fit|method|scree")
take(other_fits "options|checks|main")
take(studies "survey|pca|fit_report|relevances|comparison")
take(trees "dendrogram|rank|survey_report")
file(GLOB examples CONFIGURE_DEPENDS examples/*.cpp)
file(GLOB benchmarks CONFIGURE_DEPENDS benchmarks/*.cpp benchmarks/figures/*.cpp
     benchmarks/peers/*.cpp)
tidy_unit(fits ${fits})
tidy_unit(other_fits ${other_fits})
tidy_unit(studies ${studies})
tidy_unit(examples ${examples} ${trees})
tidy_unit(pictures ${program})
tidy_unit(benchmarks ${benchmarks})

add_custom_target(tidy USES_TERMINAL VERBATIM
  COMMAND ${XUNMIX_RUN_CLANG_TIDY} -quiet -j 2 -p ${PROJECT_BINARY_DIR} "^${PROJECT_BINARY_DIR}/tidy/")
