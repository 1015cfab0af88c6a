#include <map>

#include "catch.h"
#include "gpu/rocm_visible.h"

using namespace fitrun;

namespace {

using Variables = std::map<std::string, std::string>;
using Picks = std::vector<std::size_t>;

const std::vector<std::string> kThree = {
    "GPU-00000000000000aa", "GPU-00000000000000ab", "GPU-c000000000000000"};

Picks rocm(const Variables& variables) {
  return rocm_visible(kThree, Environment(variables)).picks;
}

std::vector<std::string> notes(const Variables& variables) {
  return rocm_visible(kThree, Environment(variables)).notes;
}

}  // namespace

TEST_CASE("ROCR_VISIBLE_DEVICES ends at its first bad entry",
          "[rocm_visible]") {
  struct Row {
    const char* value;
    Picks picks;
  };
  const Row row = GENERATE(values<Row>({
      {"2,0", {2, 0}},
      {" 1 ", {1}},
      {"", {}},
      {"0,7,1", {0}},
      {"-1", {}},
      {"1,1,0", {1}},
      {"0x2", {2}},
      {"1gpu", {}},
      {"GPU-c", {2}},
      {"gpu-C0", {2}},
      {"GPU-", {}},
      {"GPU-00000000000000aA,2", {0, 2}},
      {"GPU-0", {}},  // two of them
      {"GPU-c0000000000000000", {}},
      {"0,1,2,x", {0, 1, 2}},
  }));
  CAPTURE(row.value);
  CHECK(rocm({{"ROCR_VISIBLE_DEVICES", row.value}}) == row.picks);
}

TEST_CASE("without variables ROCm shows every GPU", "[rocm_visible]") {
  CHECK(rocm({}) == Picks{0, 1, 2});
  CHECK(notes({}).empty());
}

TEST_CASE("HIP numbers the GPUs that ROCR leaves", "[rocm_visible]") {
  CHECK(rocm({{"ROCR_VISIBLE_DEVICES", "1,2"}, {"HIP_VISIBLE_DEVICES", "0"}}) ==
        Picks{1});
  const Variables both{{"ROCR_VISIBLE_DEVICES", "1"},
                       {"HIP_VISIBLE_DEVICES", "1"}};
  CHECK(rocm(both).empty());
  CHECK(notes(both) ==
        std::vector<std::string>{
            "HIP_VISIBLE_DEVICES=1: \"1\" is not among the 1 that ROCm shows, "
            "the list ends before it"});
  CHECK(rocm({{"CUDA_VISIBLE_DEVICES", "2,1"}}) == Picks{2, 1});
  CHECK(rocm({{"CUDA_VISIBLE_DEVICES", "2"}, {"HIP_VISIBLE_DEVICES", "1"}}) ==
        Picks{1});
  // set and empty is unset for HIP
  CHECK(rocm({{"CUDA_VISIBLE_DEVICES", "2"}, {"HIP_VISIBLE_DEVICES", ""}}) ==
        Picks{2});
  CHECK(rocm({{"CUDA_VISIBLE_DEVICES", ""}}) == Picks{0, 1, 2});
  CHECK(rocm({{"HIP_VISIBLE_DEVICES", "1,9,0"}}) == Picks{1});
  CHECK(rocm({{"HIP_VISIBLE_DEVICES", "01"}}).empty());
  CHECK(rocm({{"HIP_VISIBLE_DEVICES", "1,1,0"}}) == Picks{1, 0});
  CHECK(rocm({{"HIP_VISIBLE_DEVICES", "GPU-c000000000000000"}}) == Picks{2});
}

TEST_CASE("what a list of ROCm's hides is said", "[rocm_visible]") {
  CHECK(notes({{"ROCR_VISIBLE_DEVICES", "0,7"}}) ==
        std::vector<std::string>{"ROCR_VISIBLE_DEVICES=0,7: \"7\" is not a "
                                 "device, the list ends before it"});
  CHECK(notes({{"ROCR_VISIBLE_DEVICES", "0,0"}}) ==
        std::vector<std::string>{"ROCR_VISIBLE_DEVICES=0,0: \"0\" is repeated, "
                                 "the list ends before it"});
  CHECK(notes({{"ROCR_VISIBLE_DEVICES", ""}}) ==
        std::vector<std::string>{
            "ROCR_VISIBLE_DEVICES is empty: no GPU is visible"});
  CHECK(notes({{"GPU_DEVICE_ORDINAL", "1"}}).size() == 1);
}

TEST_CASE("Level Zero's mask is read where it is plain", "[rocm_visible]") {
  const auto seen = [](const Variables& variables) {
    return level_zero_visible(3, Environment(variables));
  };
  CHECK(seen({}).picks == Picks{0, 1, 2});
  CHECK(seen({{"ZE_AFFINITY_MASK", ""}}).picks == Picks{0, 1, 2});
  CHECK(seen({{"ZE_AFFINITY_MASK", "2,0"}}).picks == Picks{0, 2});
  CHECK(seen({{"ZE_AFFINITY_MASK", "7"}}).picks.empty());
  CHECK(seen({{"ZE_AFFINITY_MASK", "7"}}).notes.size() == 1);
  for (const Variables& variables :
       {Variables{{"ZE_AFFINITY_MASK", "0.1"}},
        Variables{{"ONEAPI_DEVICE_SELECTOR", "level_zero:0"}}}) {
    CHECK(seen(variables).order == DeviceList::Order::unclear);
    CHECK(seen(variables).picks == Picks{0, 1, 2});
    CHECK(seen(variables).notes.size() == 1);
  }
}
