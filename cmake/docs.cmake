# SPDX-License-Identifier: BSD-3-Clause
# The target docs: the reference, from the comments of the headers and the rooms' READMEs, in
# build/*/docs/html. A warning is an error. Needs doxygen; looks better with doxygen-awesome-css.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()
find_file(XUNMIX_DOXYGEN_STYLE doxygen-awesome.css PATHS /usr/share/doxygen-awesome-css)
if(XUNMIX_DOXYGEN_STYLE)
  set(DOXYGEN_HTML_EXTRA_STYLESHEET ${XUNMIX_DOXYGEN_STYLE})
  set(DOXYGEN_HTML_COLORSTYLE LIGHT)
  set(DOXYGEN_GENERATE_TREEVIEW YES)
endif()
set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/README.md)
set(DOXYGEN_FULL_PATH_NAMES YES)
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
set(DOXYGEN_EXCLUDE_SYMBOLS *detail* *kernels* xunmix::hook xunmix::update_hook)
set(DOXYGEN_PREDEFINED XUNMIX_HAS_KISSFFT=1)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXTRACT_ALL YES)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
set(DOXYGEN_TOC_INCLUDE_HEADINGS 2)
set(DOXYGEN_HAVE_DOT NO)
doxygen_add_docs(docs include README.md CONTRIBUTING.md CHANGELOG.md examples/README.md
                 benchmarks/README.md
                 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                 COMMENT "The reference, in ${PROJECT_BINARY_DIR}/docs/html")
