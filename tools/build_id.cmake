# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a header with the digest of all sources under SOURCE that results can depend on and the commit that
# they are checked out at; leaves it alone where it says so already. Equal sources have one digest, whatever builds
# them.
file(GLOB_RECURSE files RELATIVE ${SOURCE} LIST_DIRECTORIES false
  ${SOURCE}/model/* ${SOURCE}/fixedpoint/* ${SOURCE}/sim/* ${SOURCE}/hw/* ${SOURCE}/tools/*)
list(FILTER files INCLUDE REGEX "([.](cpp|hpp|h|sv|svh|rdl|map|in|gz|cmake)|/CMakeLists[.]txt|experiments/.*[.]toml)$")
list(FILTER files EXCLUDE REGEX "^tools/study/stores/")  # what builds wrote, not what they are made of
list(APPEND files CMakeLists.txt CMakePresets.json)
list(SORT files)
set(all "")
foreach(file IN LISTS files)
  file(SHA256 ${SOURCE}/${file} digest)
  string(APPEND all "${file} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 32 digest)
set(commit unknown)
find_program(git git)
if(git AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${git} -C ${SOURCE} rev-parse HEAD OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE failed)
  execute_process(COMMAND ${git} -C ${SOURCE} diff-index --quiet HEAD ERROR_QUIET RESULT_VARIABLE changed)
  if(failed EQUAL 0)
    set(commit ${head})
    if(NOT changed EQUAL 0)
      string(APPEND commit -changed)
    endif()
  endif()
endif()
set(text "#define APICAL_BUILD_ID \"${digest}\"\n#define APICAL_COMMIT \"${commit}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
