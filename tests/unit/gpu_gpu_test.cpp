#include "gpu/gpu.h"

#include "catch.h"

using namespace fitrun;

TEST_CASE("PCI addresses are brought to one form", "[gpu]") {
  CHECK(pci_address("00000000:3B:00.0") == "0000:3b:00.0");
  CHECK(pci_address("0000:3b:00.0") == "0000:3b:00.0");
  CHECK(pci_address("3b:00.0") == "0000:3b:00.0");
  CHECK(pci_address("00010000:3b:00.0") == "00010000:3b:00.0");
  CHECK(pci_address(" 0000:3b:00.0\n") == "0000:3b:00.0");
  CHECK(pci_address("") == "");
}

TEST_CASE("what drivers say is made printable", "[gpu]") {
  CHECK(short_text(" NVIDIA A100 \n") == "NVIDIA A100");
  CHECK(short_text("a\tb\x1b[1m") == "a\\x09b\\x1b[1m");
  CHECK(short_text(std::string(300, 'x')).size() == 100);
}

TEST_CASE("a GPU is named by what identifies it best", "[gpu]") {
  Gpu gpu;
  gpu.name = "Radeon";
  CHECK(identity(gpu) == "Radeon");
  gpu.address = "0000:03:00.0";
  CHECK(identity(gpu) == "0000:03:00.0");
  gpu.uuid = "GPU-1";
  CHECK(identity(gpu) == "GPU-1");
}
