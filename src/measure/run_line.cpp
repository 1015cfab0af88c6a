#include "measure/run_line.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace fitrun {
namespace {

constexpr std::size_t kLongestLine = 1U << 20;

// A value that is no list, as it is written: a number without a sign is an
// unsigned one.
using Value = std::variant<std::monostate, bool, std::uint64_t, std::int64_t,
                           double, std::string>;

// Part of a list: of an object with its key. What has numbers in it is a list
// again.
struct Item {
  std::string key{};
  Value value{};
  std::vector<Value> numbers{};
  bool is_list = false;
};

// A text, a truth or an unsigned number, as it stands.
template <typename T>
bool take(Value& value, T& into) {
  T* const said = std::get_if<T>(&value);
  if (said) into = std::move(*said);
  return said != nullptr;
}

bool take(Value& value, int& into) {
  std::int64_t number = 0;
  if (const auto* const plain = std::get_if<std::uint64_t>(&value))
    number = static_cast<std::int64_t>(
        std::min<std::uint64_t>(*plain, std::numeric_limits<int>::max() + 1U));
  else if (const auto* const with_sign = std::get_if<std::int64_t>(&value))
    number = *with_sign;
  else
    return false;
  into = static_cast<int>(number);
  return number == into;
}

bool take(Value& value, double& into) {
  if (const auto* const plain = std::get_if<std::uint64_t>(&value))
    into = static_cast<double>(*plain);
  else if (const auto* const real = std::get_if<double>(&value))
    into = *real;
  else
    return false;
  return into >= 0;
}

bool take(Value& value, Certainty& into) {
  const auto* const text = std::get_if<std::string>(&value);
  if (!text) return false;
  into = *text == "counted" ? Certainty::counted : Certainty::at_least;
  return true;
}

template <typename T>
bool take(Value& value, std::optional<T>& into) {
  return std::holds_alternative<std::monostate>(value) ||
         take(value, into.emplace());
}

bool take(Item& item, std::string& into) {
  return !item.is_list && take(item.value, into);
}

bool take(Item& item, EnvelopePoint& into) {
  return item.numbers.size() == 2 && take(item.numbers[0], into.jobs) &&
         take(item.numbers[1], into.bytes);
}

bool take(Item& item, JobPeak& into) {
  into.key = std::move(item.key);
  return !item.is_list && take(item.value, into.bytes);
}

bool take(Item& item, KindPeaks& into) {
  into.kind = std::move(item.key);
  return item.numbers.size() == 3 && take(item.numbers[0], into.jobs) &&
         take(item.numbers[1], into.mean) && take(item.numbers[2], into.most);
}

template <typename T>
bool take(std::vector<Item>& items, std::vector<T>& into) {
  into.clear();
  return std::all_of(items.begin(), items.end(), [&](Item& item) {
    return take(item, into.emplace_back());
  });
}

// A key of a record, and where its value goes. False where it is of another
// kind.
struct Key {
  std::string_view name;
  bool (*value)(RunRecord&, Value&) = nullptr;
  bool (*list)(RunRecord&, std::vector<Item>&) = nullptr;
  bool named = false;  // the list is an object
};

template <auto kMember, typename From>
bool put(RunRecord& record, From& from) {
  return take(from, record.*kMember);
}

using R = RunRecord;
constexpr std::array kKeys{
    Key{"run", put<&R::run>},
    Key{"checkpoint", put<&R::checkpoint>},
    Key{"time", put<&R::time>},
    Key{"stage", put<&R::stage>},
    Key{"tool", put<&R::tool>},
    Key{"project", put<&R::project>},
    Key{"kind", put<&R::kind>},
    Key{"label", put<&R::label>},
    Key{"command", nullptr, put<&R::command>},
    Key{"workers", put<&R::workers>},
    Key{"available", put<&R::available>},
    Key{"fixed", put<&R::fixed>},
    Key{"per_worker", put<&R::per_worker>},
    Key{"peak", put<&R::peak>},
    Key{"certainty", put<&R::certainty>},
    Key{"method", put<&R::method>},
    Key{"seconds", put<&R::seconds>},
    Key{"wait_status", put<&R::wait_status>},
    Key{"oom_kills", put<&R::oom_kills>},
    Key{"held", put<&R::held>},
    Key{"envelope", nullptr, put<&R::envelope>},
    Key{"kinds", nullptr,
        [](RunRecord& record, std::vector<Item>& items) {
          return take(items, record.jobs.kinds);
        },
        true},
    Key{"jobs", nullptr,
        [](RunRecord& record, std::vector<Item>& items) {
          return take(items, record.jobs.largest);
        },
        true},
};

// What nlohmann calls at each value of a text. A value of another kind is
// remembered and does not end it, because a later version may have such.
class RecordReader {
 public:
  explicit RecordReader(RunRecord& record) : record_(record) {}

  bool is_record() const { return is_object_ && !wrong_; }
  bool is_newer() const { return newer_; }

  bool null() { return value({}); }
  bool boolean(bool truth) { return value(truth); }
  bool number_integer(std::int64_t number) { return value(number); }
  bool number_unsigned(std::uint64_t number) { return value(number); }
  bool number_float(double number, const std::string& /*text*/) {
    return value(number);
  }
  bool string(std::string& text) { return value(std::move(text)); }
  bool binary(nlohmann::json::binary_t& /*bytes*/) { return value({}); }

  bool start_object(std::size_t /*size*/) { return open(true); }
  bool start_array(std::size_t /*size*/) { return open(false); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (depth_ == 1) {
      const auto* const at =
          std::find_if(kKeys.begin(), kKeys.end(),
                       [&](const Key& known) { return known.name == name; });
      key_ = at == kKeys.end() ? nullptr : at;
      is_version_ = name == "v";
    } else if (depth_ == 2) {
      item_key_ = std::move(name);
    }
    return true;
  }

  static bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                          const nlohmann::json::exception& /*error*/) {
    return false;
  }

 private:
  bool value(Value value) {
    if (depth_ == 1 && is_version_) {
      const auto* const version = std::get_if<std::uint64_t>(&value);
      newer_ = !version || *version > kRunLineVersion;
    } else if (depth_ == 1 && key_) {
      wrong_ |= !key_->value || !key_->value(record_, value);
    } else if (depth_ == 2 && key_) {
      items_.push_back({std::move(item_key_), std::move(value)});
    } else if (depth_ == 3 && key_) {
      items_.back().numbers.push_back(std::move(value));
    }
    return true;
  }

  bool open(bool object) {
    if (depth_ == 0) {
      is_object_ = object;
    } else if (depth_ == 1) {
      if (is_version_) newer_ = true;
      items_.clear();
      wrong_ |= key_ && (!key_->list || key_->named != object);
    } else if (depth_ == 2 && key_) {
      items_.push_back({std::move(item_key_), {}, {}, true});
      wrong_ |= object;
    } else if (depth_ == 3 && key_) {
      wrong_ = true;
    }
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    if (depth_ == 1 && key_ && key_->list)
      wrong_ |= !key_->list(record_, items_);
    return true;
  }

  RunRecord& record_;
  std::size_t depth_ = 0;
  const Key* key_ = nullptr;  // that the record has
  bool is_version_ = false;
  std::string item_key_;
  std::vector<Item> items_;
  bool is_object_ = false;
  bool wrong_ = false;
  bool newer_ = false;
};

}  // namespace

RunLine read_run_line(std::string_view line) {
  RunLine read;
  RecordReader reader(read.record);
  if (line.size() > kLongestLine || !nlohmann::json::sax_parse(line, &reader))
    return read;
  const RunRecord& record = read.record;
  if (reader.is_newer())
    read.is = RunLine::Is::newer;
  else if (reader.is_record() && !record.time.empty() && record.workers > 0)
    read.is = RunLine::Is::record;
  return read;
}

}  // namespace fitrun
