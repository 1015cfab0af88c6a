# Run by CPack on the installed files of each package: Debian's ways, in the .deb alone.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()
set(share ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
set(doc ${share}/doc/fitrun)

# Debian's zsh looks here for what its packages bring.
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)

# The licence stands in `copyright`.
file(REMOVE ${doc}/LICENSE)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog
  "fitrun (${CPACK_PACKAGE_VERSION}) stable; urgency=medium\n\n"
  "  * What is new stands in CHANGELOG.md.gz.\n\n"
  " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
file(MAKE_DIRECTORY ${share}/lintian/overrides)
file(COPY_FILE ${CPACK_FITRUN_SOURCE}/packaging/debian/lintian-overrides
  ${share}/lintian/overrides/fitrun)

file(GLOB pages ${share}/man/*/*.[1-9])
execute_process(COMMAND gzip -9n ${pages} ${doc}/changelog ${doc}/CHANGELOG.md
  COMMAND_ERROR_IS_FATAL ANY)
