// What the kernel tells about open device files of DRM drivers.

#include "catch.h"
#include "gpu/drm_use.h"
#include "machine_dir.h"

using namespace fitrun;

namespace {

std::string amdgpu(const std::string& id, const std::string& more) {
  return "pos:\t0\nflags:\t02100002\nmnt_id:\t24\nino:\t1009\n"
         "drm-driver:\tamdgpu\ndrm-client-id:\t" +
         id + "\ndrm-pdev:\t0000:03:00.0\npasid:\t32771\n" + more;
}

}  // namespace

TEST_CASE("a file of a DRM driver tells what is on the card", "[drm]") {
  const auto old = parse_drm_client(
      amdgpu("7",
             "drm-memory-vram:\t2048 KiB\ndrm-memory-gtt: \t512 KiB\n"
             "drm-memory-cpu: \t64 KiB\n"));
  REQUIRE(old);
  CHECK(old->address == "0000:03:00.0");
  CHECK(old->id == 7);
  CHECK(old->bytes == 2'097'152);

  // The newer name counts once beside the older one, and what is shared with
  // another file not at all.
  const auto both = parse_drm_client(
      amdgpu("7",
             "drm-total-vram:\t9 MiB\ndrm-shared-vram:\t1 MiB\n"
             "drm-resident-vram:\t3 MiB\ndrm-memory-vram:\t3072 KiB\n"));
  CHECK(both->bytes == 2'097'152);
  CHECK(parse_drm_client(amdgpu("7",
                                "drm-resident-vram:\t1 MiB\n"
                                "drm-shared-vram:\t2 MiB\n"))
            ->bytes == 0);

  // xe, and i915 with the discrete cards' regions.
  CHECK(parse_drm_client(
            "drm-driver:\txe\ndrm-client-id:\t1\ndrm-pdev:\t0000:03:00.0\n"
            "drm-resident-system:\t4 KiB\ndrm-resident-vram0:\t8192\n")
            ->bytes == 8192);
  CHECK(parse_drm_client(
            "drm-driver: i915\ndrm-client-id: 1\ndrm-pdev: 0000:03:00.0\n"
            "drm-resident-local0: 1 KiB\ndrm-resident-local1: 2 KiB\n")
            ->bytes == 3072);
}

TEST_CASE("other files are no DRM clients", "[drm]") {
  CHECK_FALSE(parse_drm_client(""));
  CHECK_FALSE(parse_drm_client("pos:\t0\nflags:\t02\n"));
  CHECK_FALSE(parse_drm_client("drm-driver:\tvgem\ndrm-client-id:\t1\n"));
  CHECK_FALSE(parse_drm_client("drm-pdev:\t0000:03:00.0\n"));
  CHECK(parse_drm_client(amdgpu("1", "drm-memory-vram:\tmuch\n"))->bytes == 0);
  CHECK(parse_drm_client(
            amdgpu("1", "drm-memory-vram:\t18446744073709551615 KiB\n"))
            ->bytes == UINT64_MAX);
}

TEST_CASE("a file that several processes share counts once", "[drm]") {
  MachineDir dir;
  const std::string one = amdgpu("7", "drm-memory-vram:\t1 KiB\n");
  const std::string other = amdgpu("8", "drm-memory-vram:\t4 KiB\n");
  dir.file("/proc/10/fdinfo/3", one)
      .file("/proc/10/fdinfo/4", one)
      .file("/proc/10/fdinfo/5", "pos:\t0\n")
      .file("/proc/11/fdinfo/3", one)
      .file("/proc/11/fdinfo/9", other)
      .file("/proc/12/fdinfo/9", amdgpu("9", "drm-memory-vram:\t8 KiB\n"));
  const Host host(dir.root());
  // Nothing is read where no card could tell.
  CHECK(probe::drm_uses(host, {10, 11}).empty());
  dir.file("/sys/class/drm/card0/device/uevent",
           "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n");
  const std::vector<DrmUse> uses = probe::drm_uses(host, {10, 11, 99});
  REQUIRE(uses.size() == 2);
  CHECK(uses[0].address == "0000:03:00.0");
  CHECK(uses[0].pid == 10);
  CHECK(uses[0].bytes == 1024);
  CHECK(uses[1].pid == 11);
  CHECK(uses[1].bytes == 4096);
}
