# SPDX-License-Identifier: BSD-3-Clause
# Compiles SOURCE without making an object file. With a SENTENCE it must fail and say so, else it
# must succeed.
cmake_minimum_required(VERSION 3.21)
list(FILTER INCLUDES EXCLUDE REGEX "^(/usr/include)?$") # the compiler's own
list(TRANSFORM DEFINITIONS PREPEND -D)
list(TRANSFORM INCLUDES PREPEND -I)
set(command ${COMPILER} ${STANDARD} ${DEFINITIONS} ${INCLUDES}
            -fmessage-length=0 -fsyntax-only ${SOURCE})
execute_process(COMMAND ${command} RESULT_VARIABLE result ERROR_VARIABLE messages)

if(SENTENCE STREQUAL "")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "This should compile:\n${messages}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "This should not compile: ${SOURCE}")
endif()
# People read the first lines: those of clang++ are five, of g++, which tells the way first, twelve.
set(lines 12)
if(COMPILER MATCHES "clang")
  set(lines 5)
endif()
set(first)
foreach(line RANGE 1 ${lines})
  string(FIND "${messages}" "\n" end)
  math(EXPR end "${end} + 1")
  string(SUBSTRING "${messages}" 0 ${end} part)
  string(APPEND first "${part}")
  string(SUBSTRING "${messages}" ${end} -1 messages)
endforeach()
if(NOT SENTENCE STREQUAL "" AND NOT first MATCHES "${SENTENCE}")
  message(FATAL_ERROR "The compiler should begin with '${SENTENCE}', but says:\n${first}${messages}")
endif()
