# What CPack makes of an installation: a .deb, and a tarball to unpack anywhere.
# `cmake --workflow --preset package` builds both, docs/releasing.md says where.
string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" platform)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB External)
set(CPACK_PACKAGE_FILE_NAME "fitrun-${PROJECT_VERSION}-${platform}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_PACKAGE_VENDOR "The fitrun authors")
set(CPACK_PACKAGE_CONTACT "The fitrun authors <fitrun@localhost>")
if(DEFINED ENV{DEBEMAIL})  # as Debian's own tools are told
  set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The drivers' program alone has a dynamic C library; 2.36 is Debian 12's.
# tests/install/run looks whether it asks for a later one.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36)")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "\
fitrun stands before a parallel command, \"fitrun make -j16\", and becomes
it with as many workers as fit in the memory that is really free: in
containers, control groups, batch jobs and on GPUs too. It says how it
came to that number.
.
No daemon, no privileges and no configuration are needed. What the jobs of
common build tools, test runners and compressors take is described, and
learned by use.")

# CPack's own tarball has its files in the order of the disk.
set(CPACK_EXTERNAL_ENABLE_STAGING ON)
set(CPACK_EXTERNAL_PACKAGE_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/tarball.cmake)

# The same bytes wherever and whenever it is packed.
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/same_bytes.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian/finish.cmake)
set(CPACK_FITRUN_SOURCE ${PROJECT_SOURCE_DIR})  # CPACK_*: the scripts see it
include(CPack)
