# Run by CPack on the installed files: the tarball, the same bytes from the same files.
cmake_path(GET CPACK_TEMPORARY_DIRECTORY FILENAME name)
set(tarball ${CPACK_TOPLEVEL_DIRECTORY}/${name}.tar.gz)
# Without its folders: unpacked over ~/.local they would give theirs other modes.
execute_process(
  COMMAND find ${name} ! -type d
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C sort
  COMMAND tar --create --format=gnu --no-recursion --files-from=- --owner=0 --group=0
    --numeric-owner --mtime=@$ENV{SOURCE_DATE_EPOCH}
  COMMAND gzip -9n
  WORKING_DIRECTORY ${CPACK_TEMPORARY_DIRECTORY}/..
  OUTPUT_FILE ${tarball}
  COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_EXTERNAL_BUILT_PACKAGES ${tarball})
