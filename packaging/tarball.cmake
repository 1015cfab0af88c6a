# Run by CPack on the installed files: the tarball, the same bytes from the same files.
cmake_path(GET CPACK_TEMPORARY_DIRECTORY FILENAME name)
set(tarball ${CPACK_TOPLEVEL_DIRECTORY}/${name}.tar.gz)
execute_process(
  COMMAND tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner
    --mtime=@$ENV{SOURCE_DATE_EPOCH} -C ${CPACK_TEMPORARY_DIRECTORY}/.. ${name}
  COMMAND gzip -9n
  OUTPUT_FILE ${tarball}
  COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_EXTERNAL_BUILT_PACKAGES ${tarball})
