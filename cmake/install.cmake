# SPDX-License-Identifier: BSD-3-Clause
# Headers, exported target and package files, relocatable and the same for every architecture.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/xunmix)

install(TARGETS xunmix EXPORT xunmix-targets)
if(XUNMIX_COMPILED)
  install(TARGETS xunmix_compiled EXPORT xunmix-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(DIRECTORY include/xunmix DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(EXPORT xunmix-targets NAMESPACE xunmix:: DESTINATION ${package_dir})

configure_package_config_file(cmake/xunmix-config.cmake.in xunmix-config.cmake
                              INSTALL_DESTINATION ${package_dir})
# Until 1.0 every minor version may change the interface.
write_basic_package_version_file(xunmix-config-version.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/xunmix-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/xunmix-config-version.cmake DESTINATION ${package_dir})
# For builds without CMake. Like the package it is the same for every architecture.
configure_file(cmake/xunmix.pc.in xunmix.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/xunmix.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
