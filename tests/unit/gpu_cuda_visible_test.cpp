#include "catch.h"
#include "gpu/cuda_visible.h"

using namespace fitrun;

namespace {

using Order = CudaVisibility::Order;
using Notes = std::vector<std::string>;

CudaDevice device(const std::string& uuid, const std::string& name,
                  const std::string& address) {
  CudaDevice d;
  d.uuid = uuid;
  d.name = name;
  d.address = address;
  return d;
}

std::vector<CudaDevice> three_alike() {
  return {device("GPU-8932f937-aaaa", "A100", "0000:01:00.0"),
          device("GPU-8932f937-bbbb", "A100", "0000:02:00.0"),
          device("GPU-c0ffee00-cccc", "A100", "0000:03:00.0")};
}

std::vector<CudaDevice> two_unlike() {
  return {device("GPU-3090", "RTX 3090", "0000:01:00.0"),
          device("GPU-4090", "RTX 4090", "0000:02:00.0")};
}

// A GPU cut into three instances, of which the last two share one GPU
// instance, and a whole GPU behind it.
std::vector<CudaDevice> with_mig() {
  std::vector<CudaDevice> devices = three_alike();
  devices.pop_back();
  devices[0].mig = CudaDevice::Mig::on;
  devices[0].instances = {
      {"MIG-one", 1, 0}, {"MIG-two", 2, 0}, {"MIG-three", 2, 1}};
  return devices;
}

Environment set(const std::string& name, const std::string& value) {
  return Environment(std::map<std::string, std::string>{{name, value}});
}

Environment list(const std::string& value) {
  return set("CUDA_VISIBLE_DEVICES", value);
}

// "0 2", "0/1" for the second instance of device 0.
std::string text_of(const std::vector<CudaPick>& picks) {
  std::string text;
  for (const CudaPick& pick : picks) {
    if (!text.empty()) text += ' ';
    text += std::to_string(pick.device);
    if (pick.instance) text += "/" + std::to_string(*pick.instance);
  }
  return text;
}

const Environment kNothingSet{std::map<std::string, std::string>()};

}  // namespace

TEST_CASE("CUDA_VISIBLE_DEVICES is read as CUDA reads it", "[cuda_visible]") {
  struct Row {
    const char* value;
    const char* picks;
    Notes notes;
  };
  const Row row = GENERATE(values<Row>({
      {"2,1", "2 1", {}},
      {" 2 , 1 ", "2 1", {}},
      {"0,2,-1,1",
       "0 2",
       {"CUDA_VISIBLE_DEVICES=0,2,-1,1: '-1' is not a device, the list ends "
        "before it"}},
      {"-1",
       "",
       {"CUDA_VISIBLE_DEVICES=-1: '-1' is not a device, the list ends before "
        "it"}},
      {"", "", {"CUDA_VISIBLE_DEVICES is empty: no GPU is visible"}},
      {"  ", "", {"CUDA_VISIBLE_DEVICES is empty: no GPU is visible"}},
      {"0,0",
       "",
       {"CUDA_VISIBLE_DEVICES=0,0: '0' is repeated, so CUDA shows no GPU"}},
      {"0,16,1",
       "0",
       {"CUDA_VISIBLE_DEVICES=0,16,1: '16' is not a device, the list ends "
        "before it"}},
      {"1gpu2,2ampere", "1 2", {}},
      {"+1", "1", {}},
      {"0,,1",
       "0",
       {"CUDA_VISIBLE_DEVICES=0,,1: '' is not a device, the list ends before "
        "it"}},
      {"NoDevFiles",
       "",
       {"CUDA_VISIBLE_DEVICES=NoDevFiles: 'NoDevFiles' is not a device, the "
        "list ends before it"}},
      // 2^32 + 1 is not 1
      {"4294967297",
       "",
       {"CUDA_VISIBLE_DEVICES=4294967297: '4294967297' is not a device, the "
        "list ends before it"}},
      {"GPU-c0ff", "2", {}},
      {"GPU-8932f937-b,GPU-8932f937-aaaa", "1 0", {}},
      {"GPU-8932",
       "",
       {"CUDA_VISIBLE_DEVICES=GPU-8932: 'GPU-8932' is ambiguous, the list ends "
        "before it"}},
      {"GPU-c0ffee00-cccc,0",
       "2",
       {"CUDA_VISIBLE_DEVICES=GPU-c0ffee00-cccc,0: '0' is not a device, the "
        "list ends before it"}},
      {"0,GPU-c0ffee00-cccc",
       "0",
       {"CUDA_VISIBLE_DEVICES=0,GPU-c0ffee00-cccc: 'GPU-c0ffee00-cccc' is not "
        "a device, the list ends before it"}},
      // two names of one GPU
      {"GPU-c0,GPU-c0ff",
       "",
       {"CUDA_VISIBLE_DEVICES=GPU-c0,GPU-c0ff: 'GPU-c0ff' is repeated, so CUDA "
        "shows no GPU"}},
      {"MIG-one",
       "",
       {"CUDA_VISIBLE_DEVICES=MIG-one: 'MIG-one' is not a device, the list "
        "ends before it"}},
  }));
  CAPTURE(row.value);
  const CudaVisibility seen = cuda_visible(three_alike(), list(row.value), {});
  CHECK(text_of(seen.one_process) == row.picks);
  CHECK(text_of(seen.each_process) == row.picks);
  CHECK(seen.notes == row.notes);
  CHECK(seen.order == Order::known);
}

TEST_CASE("without the variable every GPU is visible", "[cuda_visible]") {
  const CudaVisibility seen = cuda_visible(three_alike(), kNothingSet, {});
  CHECK(text_of(seen.one_process) == "0 1 2");
  CHECK(seen.notes.empty());
  CHECK(seen.order == Order::known);
}

TEST_CASE("a GPU that may not be opened takes no number", "[cuda_visible]") {
  std::vector<CudaDevice> devices = three_alike();
  devices[0].access = CudaDevice::Access::forbidden;
  CHECK(text_of(cuda_visible(devices, kNothingSet, {}).one_process) == "1 2");
  CHECK(text_of(cuda_visible(devices, list("0"), {}).one_process) == "1");
  CHECK(cuda_visible(devices, list("2"), {}).one_process.empty());
  CHECK(cuda_visible(devices, list("GPU-8932f937-a"), {}).one_process.empty());
  // and makes no prefix ambiguous
  CHECK(text_of(cuda_visible(devices, list("GPU-8932"), {}).one_process) ==
        "1");
}

TEST_CASE("numbers of unlike GPUs need CUDA's order", "[cuda_visible]") {
  const auto needs = [](const Environment& environment) {
    return needs_cuda_order(two_unlike(), environment);
  };
  CHECK(needs(kNothingSet));
  CHECK(needs(list("1")));
  CHECK(needs(set("CUDA_DEVICE_ORDER", "FASTEST_FIRST")));
  CHECK_FALSE(needs(set("CUDA_DEVICE_ORDER", "PCI_BUS_ID")));
  CHECK_FALSE(needs(list("GPU-4090")));
  CHECK_FALSE(needs(list("")));
  CHECK_FALSE(needs_cuda_order(three_alike(), kNothingSet));
  std::vector<CudaDevice> one_open = two_unlike();
  one_open[0].access = CudaDevice::Access::forbidden;
  CHECK_FALSE(needs_cuda_order(one_open, kNothingSet));
}

TEST_CASE("libcuda's order is taken where the numbers are its own",
          "[cuda_visible]") {
  const Notes fastest_first{"GPU-4090", "GPU-3090"};
  const auto seen = [](const Environment& environment, const Notes& order) {
    return cuda_visible(two_unlike(), environment, order);
  };
  CHECK(text_of(seen(kNothingSet, fastest_first).one_process) == "1 0");
  CHECK(text_of(seen(kNothingSet, fastest_first).each_process) == "1 0");
  CHECK(seen(kNothingSet, fastest_first).order == Order::known);
  // libcuda has applied the list: its device 1 is the 3090
  CHECK(text_of(seen(list("1"), {"GPU-3090"}).one_process) == "0");
  // without an answer, or with one that speaks of other GPUs
  CHECK(text_of(seen(kNothingSet, {}).one_process) == "0 1");
  CHECK(seen(kNothingSet, {}).order == Order::unclear);
  CHECK(seen(kNothingSet, {"GPU-4090", "GPU-5090"}).order == Order::unclear);
  // nothing is unclear about an empty list
  CHECK(seen(list("-1"), {}).order == Order::known);
  const Environment pci = set("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
  CHECK(text_of(seen(pci, fastest_first).one_process) == "0 1");
}

TEST_CASE("a process sees one MIG instance", "[cuda_visible]") {
  struct Row {
    std::optional<std::string> value;
    const char* one;
    const char* each;
  };
  const std::string old_name = "MIG-GPU-8932f937-aaaa/2/0";
  const Row row = GENERATE_COPY(values<Row>({
      // unset: the first; for several processes all that have memory of their
      // own, and the whole GPU
      {std::nullopt, "0/0", "0/0 0/1 1"},
      {"MIG-two", "0/1", "0/1"},
      {old_name, "0/1", "0/1"},
      {"MIG-two,MIG-one", "0/1", "0/1 0/0"},
      {"MIG-three,MIG-two", "0/2", "0/2"},
      {"0", "0/0", "0/0"},
      {"1", "1", "1"},
      // CUDA hides whole GPUs beside an instance
      {"1,0", "0/0", "1 0/0"},
      {"GPU-8932f937-a", "0/0", "0/0"},
      {"MIG-on", "", ""},
      {"MIG-GPU-8932f937-aaaa/3/0", "", ""},
  }));
  CAPTURE(row.one, row.each);
  const CudaVisibility seen =
      cuda_visible(with_mig(), row.value ? list(*row.value) : kNothingSet, {});
  CHECK(text_of(seen.one_process) == row.one);
  CHECK(text_of(seen.each_process) == row.each);
}

TEST_CASE("a GPU in MIG mode without instances shows nothing",
          "[cuda_visible]") {
  std::vector<CudaDevice> devices = with_mig();
  devices[0].instances.clear();
  CHECK(text_of(cuda_visible(devices, kNothingSet, {}).one_process) == "1");
  CHECK(cuda_visible(devices, list("0"), {}).one_process.empty());
  CHECK(cuda_visible(devices, list("0"), {}).notes.size() == 1);
}
