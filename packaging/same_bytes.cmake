# Run by CPack before it packs: the same date and modes wherever and whenever that is.

# The caller's SOURCE_DATE_EPOCH, the commit's date, or in a source archive that of its
# files.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND git -C ${CPACK_FITRUN_SOURCE} log -1 --format=%ct
    OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT date)
    file(TIMESTAMP ${CPACK_FITRUN_SOURCE}/CHANGELOG.md date "%s" UTC)
  endif()
  set(ENV{SOURCE_DATE_EPOCH} ${date})
endif()

# CMake cannot set it, and a package with another's modes would be of use to root alone.
execute_process(COMMAND sh -c umask
  OUTPUT_VARIABLE umask OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT umask EQUAL 22)
  message(FATAL_ERROR "umask is ${umask}, and packages need 022: run `umask 022` first")
endif()
