# SPDX-License-Identifier: Apache-2.0
# `cpack -G DEB --config build/CPackConfig.cmake`: one Debian package per component; what they depend on is found by dpkg-shlibdeps.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME apical)
set(CPACK_PACKAGE_VENDOR apical)
set(CPACK_PACKAGE_CONTACT "the apical project")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Takes a theory of cortical learning to silicon")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program data library development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(same "(= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME apical)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "apical-data ${same}")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS gnuplot-nox)
# What runs, verifies and synthesises the core.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "verilator, g++, yosys, nextpnr-ice40, fpga-icestorm")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "The command line: training, emulation, verification, synthesis.")

set(CPACK_DEBIAN_DATA_PACKAGE_NAME apical-data)
set(CPACK_DEBIAN_DATA_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DATA_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_DATA_DESCRIPTION "The core's Verilog, and configurations.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libapical)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "The libraries for C++ and C.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libapical-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libapical ${same}, libeigen3-dev (>= 3.4), libboost-dev (>= 1.74), nlohmann-json3-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers, CMake targets and pkg-config files.")

if(TARGET apical_python)
  list(APPEND CPACK_COMPONENTS_ALL python)
  string(REGEX MATCH "3[.]([0-9]+)" this "${python_folder}")
  math(EXPR next "${CMAKE_MATCH_1} + 1")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-apical)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
    "apical-data ${same}, python3 (>= ${this}), python3 (<< 3.${next}), python3-numpy")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS python3-h5py)
  set(CPACK_COMPONENT_PYTHON_DESCRIPTION "The Python package.")
endif()
include(CPack)
