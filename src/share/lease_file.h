// The files in a user's folder: one for each lease, and none of them believed
// before it was looked at.
//
// Names of other kinds, symbolic links, and what is not the folder's owner's
// are passed over.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "share/folder.h"

namespace fitrun {

// "ID.lease", or "ID.wait" for a launch that waits; "ID.new" is one that was
// being renewed; "ID.held" lists the jobs that the launch holds, and is no
// lease (hold/stop_list.h).
struct LeaseName {
  std::string id;
  enum class Kind { lease, wait, renewal, held } kind = Kind::lease;
  friend bool operator==(const LeaseName&, const LeaseName&) = default;
};
std::string format_lease_name(const LeaseName& name);
std::optional<LeaseName> parse_lease_name(std::string_view text);

// Names of leases in the folder; looks at no more than `most` names of any
// kind.
std::vector<LeaseName> list_leases(const LeaseFolder& folder, std::size_t most);

struct LeaseFile {
  std::string text;
  std::chrono::nanoseconds modified{};  // after 1970
};

// Does not follow links, cross into other file systems or wait for anything.
// The error's code is EPERM where the file is not the folder's owner's.
Result<LeaseFile> read_lease_file(const LeaseFolder& folder,
                                  const LeaseName& name);

// A new file, readable for those who share the folder. It appears whole, so
// that a launch killed meanwhile leaves nothing behind, where the file system
// can.
Result<void> write_lease_file(const LeaseFolder& folder, const LeaseName& name,
                              std::string_view text);

// Replaces the file: a reader finds the old text or the new one.
Result<void> renew_lease_file(const LeaseFolder& folder, const LeaseName& name,
                              std::string_view text);

void remove_lease_file(const LeaseFolder& folder, const LeaseName& name);

}  // namespace fitrun
