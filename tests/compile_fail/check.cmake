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
elseif(NOT messages MATCHES "${SENTENCE}")
  message(FATAL_ERROR "The compiler should say '${SENTENCE}', but says:\n${messages}")
endif()
